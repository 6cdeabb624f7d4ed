//! A database on another machine has to prove its name by TLS. It is played by a server on this one: a URL with a
//! name and an address (`hostaddr`) is taken by its name.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use runwatch_cli::postgres::{DATABASE, Durability, SUPERUSER, Server};
use runwatch_core::api_key::Scope;
use runwatch_service::env::Env;
use runwatch_service::settings::DatabaseSettings;
use runwatch_store::{migrate, pool};
use runwatch_tests::app::{Services, client};
use runwatch_tests::certificate::Authority;
use runwatch_tests::command::runwatch;
use runwatch_tests::database::{TestDb, connect, prepare, texts};
use runwatch_tests::postgres::{folder, start};
use runwatch_tests::projects::OURS;
use runwatch_tests::until::until;
use runwatch_tests::{block_on, keys};
use serde_json::json;

/// What the certificate of the server is of.
const NAME: &str = "db.runwatch.test";
/// How long a server may take to show another certificate.
const RELOAD_LIMIT: Duration = Duration::from_secs(10);

/// A server that speaks TLS.
struct TlsServer {
    server: Server,
    authority: Authority,
    data_dir: PathBuf,
}

impl TlsServer {
    async fn start() -> Self {
        let server = start(Durability::OffForTests).await;
        let authority = Authority::new(&folder().with_extension("pem"));
        let admin = connect(&server.admin_url()).await;
        let data_dir = texts(&admin, "SHOW data_directory").await.remove(0).into();
        let tls = Self {
            server,
            authority,
            data_dir,
        };
        tls.show(tls.authority.issue(NAME)).await;
        admin
            .batch_execute("ALTER SYSTEM SET ssl = on")
            .await
            .unwrap();
        tls.reload().await;
        until(RELOAD_LIMIT, "the server to speak TLS", async || {
            pool::connect(&tls.url(SUPERUSER, "")).await.ok()
        })
        .await;
        tls
    }

    /// Puts a certificate where the server looks for it, as its own files.
    async fn show(&self, (certificate, key): (String, String)) {
        let owner = fs::metadata(&self.data_dir).unwrap();
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.data_dir.join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        self.reload().await;
    }

    async fn reload(&self) {
        let admin = connect(&self.server.admin_url()).await;
        admin
            .batch_execute("SELECT pg_reload_conf()")
            .await
            .unwrap();
    }

    /// Its database as a role reaches it by its name, with further options.
    fn url(&self, role: &str, options: &str) -> String {
        let url = named(&self.server.url(role, DATABASE), NAME);
        format!(
            "{url}&sslrootcert={}{options}",
            self.authority.path.display()
        )
    }
}

/// The URL of a server on this machine as if it had another name.
fn named(url: &str, name: &str) -> String {
    let url = url.replace("@127.0.0.1:", &format!("@{name}:"));
    format!("{url}?hostaddr=127.0.0.1")
}

/// Why nobody connects.
async fn refusal(url: &str) -> String {
    let connected = pool::connect(url).await;
    connected
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default()
}

#[test]
fn every_connection_of_every_service_is_by_tls() {
    block_on(async {
        let mut tls = TlsServer::start().await;
        prepare(&tls.server, DATABASE).await;
        let migrated = migrate::up(&tls.url(SUPERUSER, "")).await.unwrap();
        assert!(migrated.applied.is_empty());
        let services = Services::start(&|role| tls.url(role, ""));
        let worker_url = tls.url("runwatch_worker", "");
        let env = Env::of(&[
            ("DATABASE_URL", worker_url.as_str()),
            ("RUNWATCH_UNSAFE_DURABILITY", "1"),
            ("WORKER_BIND", "127.0.0.1:0"),
            ("SECRETS_KEY", keys::SECRETS),
        ]);
        let settings = env.read(alert_worker::settings::Settings::from_env);
        let worker = alert_worker::start(&settings.unwrap()).unwrap();

        let client = client();
        let key = |scope| Some(OURS.key(scope).to_text());
        let agent = services.actor(&client, key(Scope::Ingest));
        agent.send_runs(&json!({"agent_id": "a"})).await.expect(200);
        let analyst = services.actor(&client, key(Scope::Read));
        analyst.get("/v1/runs").await.expect(200);
        analyst
            .get("/v1/export?what=runs&format=csv")
            .await
            .expect(200);
        let admin_key = services.actor(&client, key(Scope::Admin));
        admin_key.get("/v1/settings").await.expect(200);

        let admin = connect(&tls.server.admin_url()).await;
        let connections = |condition: &str| {
            format!(
                "SELECT DISTINCT usename::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                 WHERE usename LIKE 'runwatch%' AND {condition} ORDER BY 1"
            )
        };
        let all = [
            "runwatch_control",
            "runwatch_ingest",
            "runwatch_query",
            "runwatch_worker",
        ];
        until(RELOAD_LIMIT, "all services to be connected", async || {
            let by_tls = texts(&admin, &connections("ssl")).await;
            (by_tls == all).then_some(())
        })
        .await;
        assert_eq!(
            texts(&admin, &connections("NOT ssl")).await,
            Vec::<String>::new()
        );
        drop((client, agent, analyst, admin_key));
        services.stop().await;
        worker.stop().await.unwrap();
        tls.server.stop().await.unwrap();
    });
}

#[test]
fn who_does_not_prove_the_name_is_not_spoken_to() {
    block_on(async {
        let mut tls = TlsServer::start().await;
        let here = tls.server.url(SUPERUSER, DATABASE);
        let with = |url: String, path: &Path| format!("{url}&sslrootcert={}", path.display());
        let stranger = Authority::new(&folder().with_extension("pem"));

        assert_eq!(refusal(&tls.url(SUPERUSER, "")).await, "");
        let other_name = with(named(&here, "other.runwatch.test"), &tls.authority.path);
        let other_issuer = with(named(&here, NAME), &stranger.path);
        let by_address = with(format!("{here}?sslmode=require"), &tls.authority.path);
        let no_file = with(named(&here, NAME), Path::new("/nowhere/ca.pem"));
        for (url, why) in [
            (&other_name, "not valid for name \"other.runwatch.test\""),
            (&other_issuer, "UnknownIssuer"),
            (&by_address, "not valid for name \"127.0.0.1\""),
            (&no_file, "the certificates in /nowhere/ca.pem"),
        ] {
            let told = refusal(url).await;
            assert!(told.contains(why), "{url}: {told}");
        }
        tls.show(tls.authority.issue_expired(NAME)).await;
        until(
            RELOAD_LIMIT,
            "an expired certificate to be refused",
            async || {
                let told = refusal(&tls.url(SUPERUSER, "")).await;
                told.contains("expired").then_some(())
            },
        )
        .await;
        // Whoever does not want to know is not told.
        assert_eq!(refusal(&tls.url(SUPERUSER, "&sslmode=no-verify")).await, "");
        tls.server.stop().await.unwrap();
    });
}

#[test]
fn a_database_elsewhere_that_speaks_no_tls_is_refused_unless_somebody_says_so() {
    block_on(async {
        let db = TestDb::new().await;
        let elsewhere = named(&db.admin_url(), NAME);
        let told = refusal(&elsewhere).await;
        assert!(told.contains("server does not support TLS"), "{told}");
        assert!(told.contains("has to prove its name by TLS"), "{told}");
        let unproven = refusal(&format!("{elsewhere}&sslmode=no-verify")).await;
        assert!(
            unproven.contains("server does not support TLS"),
            "{unproven}"
        );
        assert_eq!(refusal(&format!("{elsewhere}&sslmode=cleartext")).await, "");
        assert_eq!(refusal(&db.admin_url()).await, "");
        db.close().await;
    });
}

#[test]
fn nothing_starts_that_would_speak_to_another_machine_in_clear_text() {
    block_on(async {
        let url = "postgres://me:secret@db.example.com/runwatch?sslmode=disable";
        let read = Env::of(&[("DATABASE_URL", url)]).read(DatabaseSettings::from_env);
        let mistakes = read.unwrap_err().to_string();
        let said = runwatch("project list", &[("DATABASE_URL", url)]).await;
        for told in [&mistakes, &said.error] {
            assert!(
                told.contains("sslmode=disable is for a database on this machine"),
                "{told}"
            );
            assert!(
                told.contains("sslrootcert=PATH") && !told.contains("secret"),
                "{told}"
            );
        }
        assert!(!said.success);
    });
}

#[test]
fn the_doctor_says_what_stands_between() {
    block_on(async {
        let mut tls = TlsServer::start().await;
        for (url, told) in [
            (
                tls.server.url(SUPERUSER, DATABASE),
                "does not leave this machine",
            ),
            (tls.url(SUPERUSER, ""), "it proves its name by TLS"),
            (
                tls.url(SUPERUSER, "&sslmode=no-verify"),
                "it does not prove its name",
            ),
            (
                tls.url(SUPERUSER, "&sslmode=cleartext"),
                "is spoken to in clear text",
            ),
        ] {
            let said = runwatch("doctor --data-dir /nowhere", &[("DATABASE_URL", &url)]).await;
            assert!(said.text.contains(told), "{told}: {said:?}");
        }
        tls.server.stop().await.unwrap();
    });
}
