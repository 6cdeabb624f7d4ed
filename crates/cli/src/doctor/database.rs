//! The database: there, new enough, durable, up to date, and in order inside.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use runwatch_core::time::Timestamp;
use runwatch_store::connector::{Address, Protection};
use runwatch_store::doctor::{self, Server, VERSION_MIN};
use runwatch_store::pool::{Conn, connect};
use runwatch_store::settings::{NotFit, check_settings};
use tokio::time::timeout;

use super::machine::check_space;
use super::report::{Area, Report};
use super::rights;
use crate::args::DoctorArgs;
use crate::clock;
use crate::database_url::place_of;
use crate::installation::Installation;
use crate::terminal::duration;

const AREA: Area = Area::Database;
/// How long the database may take to answer everything.
const LIMIT: Duration = Duration::from_secs(20);
/// How far the clocks may be apart before somebody should look.
const CLOCK_US_MAX: i64 = 1_000_000;
/// How far they may be apart before times of receipt and of runs do not fit together.
const CLOCK_US_FAR: i64 = 60_000_000;
/// Days of partitions ahead below which the worker has not done its job for long.
const DAYS_AHEAD_MIN: i64 = 3;

/// Checks the database of the arguments, else that of the data folder.
pub(super) async fn check(args: &DoctorArgs, installation: &Installation, report: &mut Report) {
    let url = args.database_url.as_ref();
    let Some(url) = url.or(installation.admin_url.as_ref()) else {
        let what = "no database is known: there is neither DATABASE_URL nor a data folder";
        let advice = "set DATABASE_URL, or name the folder of `runwatch up` with --data-dir; `runwatch up` makes both";
        return report.problem(AREA, what, advice);
    };
    let place = place_of(url);
    let began = Instant::now();
    let conn = match timeout(LIMIT, connect(url)).await {
        Ok(Ok(conn)) => conn,
        Ok(Err(error)) => return unreachable(report, &place, &error.to_string()),
        Err(_too_long) => return unreachable(report, &place, "it does not answer"),
    };
    let took = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
    report.ok(AREA, format!("{place} answers after {}", duration(took)));
    protection(url, report);
    let mut checks = Checks { conn, report };
    let failed = match timeout(LIMIT, checks.run()).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => format!("{error:#}"),
        Err(_too_long) => format!("it took longer than {} s", LIMIT.as_secs()),
    };
    let advice =
        "name a user who administrates the database, such as postgres, with --database-url";
    report.problem(AREA, format!("a check could not be made: {failed}"), advice);
}

/// What stands between here and there; it is connected, so that TLS has proven what it was asked to.
fn protection(url: &str, report: &mut Report) {
    let address = url.parse().map(|address: Address| address.protection());
    let (what, is_fine) = match address {
        Ok(Protection::Local) => ("what it is told does not leave this machine", true),
        Ok(Protection::Verified) => ("it proves its name by TLS", true),
        Ok(Protection::Unverified) => ("it does not prove its name (sslmode=no-verify)", false),
        Ok(Protection::ClearText) => (
            "it is on another machine and is spoken to in clear text (sslmode=cleartext)",
            false,
        ),
        Err(_could_not_be_connected) => return,
    };
    match is_fine {
        true => report.ok(AREA, what),
        false => {
            let advice = "let it speak TLS and take sslmode out of DATABASE_URL; sslrootcert=PATH names its issuer";
            report.warning(AREA, what, advice);
        }
    }
}

fn unreachable(report: &mut Report, place: &str, why: &str) {
    let advice = "check host, port, user and password, and that PostgreSQL runs; `runwatch up` starts its own";
    report.problem(AREA, format!("{place} cannot be reached: {why}"), advice);
}

struct Checks<'a> {
    conn: Conn,
    report: &'a mut Report,
}

impl Checks<'_> {
    async fn run(&mut self) -> Result<()> {
        let before = clock::now();
        let server = doctor::server(&mut self.conn).await?;
        let after = clock::now();
        self.version(&server);
        self.clock(&server, before, after);
        self.space(&server);
        self.durability().await?;
        if self.migrations().await? {
            self.guards().await?;
            self.partitions().await?;
        }
        rights::check(&mut self.conn, self.report).await
    }

    fn version(&mut self, server: &Server) {
        let version = &server.version;
        if server.version_number >= VERSION_MIN {
            return self.report.ok(AREA, format!("PostgreSQL {version}"));
        }
        let minimum = VERSION_MIN / 10_000;
        let what = format!("PostgreSQL {version} is too old");
        let advice = format!("upgrade to PostgreSQL {minimum} or newer");
        self.report.problem(AREA, what, advice);
    }

    /// The answer was made somewhere between the two looks at our clock.
    fn clock(&mut self, server: &Server, before: Timestamp, after: Timestamp) {
        let apart = match server.now {
            now if now < before => before.0 - now.0,
            now if now > after => now.0 - after.0,
            _ => 0,
        };
        let what = format!(
            "the clocks of the database and of this machine are {} apart",
            duration(apart)
        );
        let advice = "let both machines keep their time with NTP (timedatectl set-ntp true)";
        match apart {
            0..=CLOCK_US_MAX => self.report.ok(AREA, what),
            apart if apart < CLOCK_US_FAR => self.report.warning(AREA, what, advice),
            _ => self.report.problem(AREA, what, advice),
        }
    }

    fn space(&mut self, server: &Server) {
        let mebibytes = server.database_bytes >> 20;
        self.report
            .ok(AREA, format!("the database takes {mebibytes} MiB"));
        match &server.data_directory {
            Some(folder) if server.is_local && Path::new(folder).exists() => {
                check_space(AREA, Path::new(folder), self.report);
            }
            _ => {}
        }
    }

    async fn durability(&mut self) -> Result<()> {
        let wrong = check_settings(&mut self.conn).await?;
        if wrong.is_empty() {
            let what = "commits are durable: fsync, full_page_writes and synchronous_commit are on";
            self.report.ok(AREA, what);
        }
        for one in wrong {
            let advice = match &one {
                NotFit::NotDurable(name, _) => {
                    format!("run ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();")
                }
                _ => {
                    "connect to the primary, or set default_transaction_read_only to off".to_owned()
                }
            };
            self.report.problem(AREA, one.to_string(), advice);
        }
        Ok(())
    }

    /// Whether the schema is there.
    async fn migrations(&mut self) -> Result<bool> {
        let Some(migrations) = doctor::migrations(&mut self.conn).await? else {
            let what = "this role may not see which migrations were run";
            let advice = "name a user who administrates the database with --database-url";
            self.report.warning(AREA, what, advice);
            return Ok(true);
        };
        let is_there = migrations.pending.len() < runwatch_store::migrate::known();
        if !migrations.pending.is_empty() {
            let pending = migrations.pending.join(", ");
            let what = format!("migrations are still to be run: {pending}");
            self.report.problem(AREA, what, "run `runwatch migrate`");
        }
        if !migrations.unknown.is_empty() {
            let unknown = migrations.unknown.join(", ");
            let what = format!("the schema is newer than this program: {unknown}");
            let advice = "use the version of Runwatch that migrated it, or a newer one";
            self.report.warning(AREA, what, advice);
        }
        if migrations.pending.is_empty() && migrations.unknown.is_empty() {
            self.report.ok(AREA, "the schema is up to date");
        }
        Ok(is_there)
    }

    async fn guards(&mut self) -> Result<()> {
        let unguarded = doctor::unguarded_tables(&mut self.conn).await?;
        if unguarded.is_empty() {
            let what = "row-level security is forced on every table of projects";
            self.report.ok(AREA, what);
        }
        for table in unguarded {
            let what = format!("row-level security is not forced on {table}");
            let advice = format!(
                "run ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
            );
            self.report.problem(AREA, what, advice);
        }
        Ok(())
    }

    async fn partitions(&mut self) -> Result<()> {
        let ahead = doctor::partitions_ahead(&mut self.conn).await?;
        let Some(least) = ahead.first() else {
            return Ok(());
        };
        let advice =
            "see that alert-worker runs, which makes them; `runwatch migrate` makes them too";
        let (table, days) = (&least.table, least.days);
        match days {
            0 => {
                let what = format!("{table} has no partition for today: nothing can be stored");
                self.report.problem(AREA, what, advice);
            }
            1..DAYS_AHEAD_MIN => {
                let last = if days == 1 { "today" } else { "tomorrow" };
                let what = format!("{table} has partitions until {last} only");
                self.report.warning(AREA, what, advice);
            }
            days => {
                let what = format!("partitions are there for {days} days, today counted");
                self.report.ok(AREA, what);
            }
        }
        Ok(())
    }
}
