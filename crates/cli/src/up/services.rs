//! Our own services: their roles in the database, and how each is run.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use runwatch_store::pool::connect;
use runwatch_store::{migrate, roles};
use rustix::process::Signal;

use crate::account::{Account, is_root};
use crate::console::say;
use crate::database_url::with_login;
use crate::ports::{Ports, on_loopback};
use crate::process::{Output, Program};
use crate::secrets::Secrets;
use crate::up::service_keys::ServiceKeys;

/// How long a service may take to drain: it accepts for 3 s more and ends what is in flight
/// within 20 s.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// How long the demo may take to end: it only says what it has sent.
const DEMO_STOP_LIMIT: Duration = Duration::from_secs(5);

/// How much of the past the demo fills.
const DEMO_BACKFILL: &str = "24h";

/// The variable by which the services are told how to write log lines.
const LOG_FORMAT: &str = "RUNWATCH_LOG_FORMAT";

/// Where our nginx is, to the services.
const LOOPBACK: &str = "127.0.0.0/8,::1";

/// What differs between the services.
struct Service {
    name: &'static str,
    bind_variable: &'static str,
    role: &'static str,
    port: u16,
}

/// The database as each service signs in to it.
#[derive(Debug)]
pub(super) struct RoleUrls(Vec<(&'static str, String)>);

impl RoleUrls {
    fn of(&self, role: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _url)| *name == role)
            .map(|(_name, url)| url.as_str())
    }
}

/// Brings the schema up to date and gives each role of a service its password.
pub(super) async fn prepare_database(admin_url: &str, secrets: &mut Secrets) -> Result<RoleUrls> {
    let migrated = migrate::up(admin_url)
        .await
        .context("failed to migrate the database")?;
    match migrated.applied.len() {
        0 => say("The database schema is up to date."),
        count => say(&format!("Applied {count} migrations.")),
    }
    let mut conn = connect(admin_url)
        .await
        .context("failed to connect to the database")?;
    let mut urls = Vec::new();
    for role in roles::SERVICE_ROLES {
        let password = secrets.password(&format!("password.{role}"));
        let password = password.context("failed to keep a password in the data folder")?;
        roles::set_password(&mut conn, role, &password)
            .await
            .with_context(|| format!("failed to set the password of the role {role}"))?;
        urls.push((role, with_login(admin_url, role, &password)?));
    }
    Ok(RoleUrls(urls))
}

/// The services in the order in which they are started.
pub(super) fn programs(
    roles: &RoleUrls,
    keys: &ServiceKeys,
    ports: Ports,
    public_url: &str,
) -> Result<Vec<Program>> {
    let (worker, query, ingest) = (ports.worker, ports.query, ports.ingest);
    let services = [
        ("alert-worker", "WORKER_BIND", "runwatch_worker", worker),
        ("query-api", "QUERY_BIND", "runwatch_query", query),
        (
            "control-api",
            "CONTROL_BIND",
            "runwatch_control",
            ports.control,
        ),
        ("ingest-api", "INGEST_BIND", "runwatch_ingest", ingest),
    ];
    let services = services.map(|(name, bind_variable, role, port)| Service {
        name,
        bind_variable,
        role,
        port,
    });
    services
        .iter()
        .map(|service| program(service, roles, keys, ports, public_url))
        .collect()
}

fn program(
    service: &Service,
    roles: &RoleUrls,
    keys: &ServiceKeys,
    ports: Ports,
    public_url: &str,
) -> Result<Program> {
    let path = beside_ourselves(service.name)?;
    let account = account_for(&path)?;
    let url = roles
        .of(service.role)
        .context("every service has a role of the store")?;
    let mut env = vec![
        ("DATABASE_URL", url.to_owned()),
        (service.bind_variable, on_loopback(service.port).to_string()),
        ("RUNWATCH_PUBLIC_URL", public_url.to_owned()),
        // It is our nginx that speaks to them, from this machine.
        ("RUNWATCH_TRUSTED_PROXIES", LOOPBACK.to_owned()),
    ];
    if service.name == "ingest-api" {
        let address = on_loopback(ports.ingest_grpc);
        env.push(("INGEST_GRPC_BIND", address.to_string()));
    }
    env.extend(keys.of(service.name));
    // Their lines are read on a terminal here, unless somebody says otherwise.
    if env::var_os(LOG_FORMAT).is_none() {
        env.push((LOG_FORMAT, "text".to_owned()));
    }
    Ok(Program {
        name: service.name,
        account,
        path,
        args: Vec::new(),
        env,
        dir: "/".into(),
        stop_signal: Signal::TERM,
        stop_limit: STOP_LIMIT,
        output: Output::Console,
    })
}

/// `runwatch demo` as a child: it sends the last day and goes on until it is stopped.
pub(super) fn demo_program(url: &str, ingest_key: &str) -> Result<Program> {
    let path = env::current_exe().context("failed to find the path of `runwatch`")?;
    Ok(Program {
        name: "demo",
        account: account_for(&path)?,
        path,
        args: ["demo", "--backfill", DEMO_BACKFILL].map(Into::into).into(),
        env: vec![
            ("RUNWATCH_URL", url.to_owned()),
            ("RUNWATCH_API_KEY", ingest_key.to_owned()),
        ],
        dir: "/".into(),
        stop_signal: Signal::INT,
        stop_limit: DEMO_STOP_LIMIT,
        output: Output::Console,
    })
}

/// The executable of a service, which lies where ours does.
fn beside_ourselves(name: &str) -> Result<PathBuf> {
    let ourselves = env::current_exe().context("failed to find the folder of `runwatch`")?;
    let path = ourselves.with_file_name(name);
    if !path.is_file() {
        bail!(
            "{} is missing; it is built together with `runwatch`",
            path.display()
        );
    }
    Ok(path)
}

/// Root hands a service to the account without rights, if that can reach the executable; a build
/// in root's own home it cannot.
fn account_for(path: &Path) -> Result<Option<Account>> {
    if !is_root() {
        return Ok(None);
    }
    match Account::nobody()? {
        Some(nobody) if nobody.can_reach(path)? => Ok(Some(nobody)),
        _ => {
            say(&format!(
                "{} runs as root: nobody else can reach it.",
                path.display()
            ));
            Ok(None)
        }
    }
}
