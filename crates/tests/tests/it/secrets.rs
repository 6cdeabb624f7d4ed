//! Secrets of projects: what is stored of them, and that it opens for whom it is meant and nowhere else.

mod rotation;

use std::process::Command;

use runwatch_core::ids::{ProjectId, SecretId};
use runwatch_core::limits::SECRETS_PER_PROJECT_MAX;
use runwatch_core::secrets::{KeyRing, Plaintext};
use runwatch_store::error::StoreError;
use runwatch_store::pool::{self, Conn};
use runwatch_store::projects;
use runwatch_store::secrets::{self, SecretName};
use runwatch_tests::database::{TestDb, texts, with_database};
use runwatch_tests::keys::{self, ring};
use runwatch_tests::projects::{OURS, THEIRS};
use tokio_postgres::Client;
use uuid::Uuid;

/// What must be found nowhere.
const CANARY: &str = "canary-4b1d8c7e-whsec";

/// A service with a connection of its own and the keys of the tests.
struct Service {
    conn: Conn,
    ring: KeyRing,
}

impl Service {
    async fn of(db: &TestDb, role: &str) -> Self {
        let conn = pool::connect(&db.url(role)).await;
        Self {
            conn: conn.unwrap(),
            ring: ring(&[keys::SECRETS]),
        }
    }

    async fn control(db: &TestDb) -> Self {
        Self::of(db, "runwatch_control").await
    }

    async fn worker(db: &TestDb) -> Self {
        Self::of(db, "runwatch_worker").await
    }

    fn with_keys(self, keys: &[&str]) -> Self {
        let ring = ring(keys);
        Self { ring, ..self }
    }

    async fn put(
        &mut self,
        project: ProjectId,
        name: SecretName<'_>,
        text: &str,
    ) -> Result<(), StoreError> {
        let text = Plaintext::new(text.into()).unwrap();
        secrets::put(&mut self.conn, project, &self.ring, name, &text).await
    }

    async fn open(
        &mut self,
        project: ProjectId,
        name: SecretName<'_>,
    ) -> Result<String, StoreError> {
        let opened = secrets::open(&mut self.conn, project, &self.ring, name).await?;
        Ok(String::from_utf8(opened.expose().to_vec()).unwrap())
    }
}

fn channel(number: u128) -> SecretName<'static> {
    SecretName {
        purpose: "channel",
        id: SecretId(Uuid::from_u128(number)),
    }
}

async fn count(admin: &Client, table: &str) -> i64 {
    let statement = format!("SELECT count(*) FROM {table}");
    admin.query_one(&statement, &[]).await.unwrap().get(0)
}

#[test]
fn what_control_api_puts_the_worker_opens_until_it_is_replaced_or_deleted() {
    with_database(async |db| {
        let (mut control, mut worker) = (Service::control(db).await, Service::worker(db).await);
        let ours = OURS.id();
        for text in ["one", "", "another, \u{fc}ber"] {
            control.put(ours, channel(1), text).await.unwrap();
            assert_eq!(worker.open(ours, channel(1)).await.unwrap(), text);
        }
        let for_others = SecretName {
            purpose: "webhook",
            ..channel(1)
        };
        let taken = control.put(ours, for_others, "x").await.unwrap_err();
        assert!(matches!(taken, StoreError::Exists(_)), "{taken}");
        for (project, name) in [
            (ours, for_others),
            (ours, channel(2)),
            (THEIRS.id(), channel(1)),
        ] {
            let none = worker.open(project, name).await.unwrap_err();
            assert!(matches!(none, StoreError::NotFound), "{none}");
        }
        let delete = secrets::delete(&mut control.conn, ours, for_others).await;
        assert!(!delete.unwrap());
        let delete = secrets::delete(&mut control.conn, ours, channel(1)).await;
        assert!(delete.unwrap());
        assert!(worker.open(ours, channel(1)).await.is_err());
    });
}

#[test]
fn many_first_secrets_at_once_make_one_data_key_and_all_of_them_open() {
    with_database(async |db| {
        let put = async |number| {
            let mut control = Service::control(db).await;
            control
                .put(OURS.id(), channel(number), &number.to_string())
                .await
        };
        // Two for each id.
        let numbers = (0..16).map(|number| number / 2);
        let puts = futures_util::future::join_all(numbers.map(put)).await;
        puts.into_iter().for_each(Result::unwrap);
        let admin = db.admin().await;
        assert_eq!(count(&admin, "project_keys").await, 1);
        let versions = texts(&admin, "SELECT version::text FROM secrets").await;
        assert_eq!(versions, ["2"; 8]);
        let mut worker = Service::worker(db).await;
        for number in 0..8 {
            let opened = worker.open(OURS.id(), channel(number)).await.unwrap();
            assert_eq!(opened, number.to_string());
        }
    });
}

/// What somebody could do who may write to the database. `O` and `T` are projects, `1` and `2` secrets.
const FORGERIES: [(&str, &str); 9] = [
    (
        "the ciphertext of another secret",
        "UPDATE secrets SET ciphertext = (SELECT ciphertext FROM secrets WHERE project_id = 'O' AND secret_id = '2')
         WHERE project_id = 'O' AND secret_id = '1'",
    ),
    (
        "the ciphertext of another project",
        "UPDATE secrets SET ciphertext = (SELECT ciphertext FROM secrets WHERE project_id = 'T' AND secret_id = '1')
         WHERE project_id = 'O' AND secret_id = '1'",
    ),
    (
        "the row of another secret",
        "DELETE FROM secrets WHERE project_id = 'O' AND secret_id = '1';
         UPDATE secrets SET secret_id = '1' WHERE project_id = 'O' AND secret_id = '2'",
    ),
    (
        "the row of another project",
        "DELETE FROM secrets WHERE project_id = 'O' AND secret_id = '1';
         UPDATE secrets SET project_id = 'O' WHERE project_id = 'T' AND secret_id = '1'",
    ),
    (
        "the row and the data key of another project",
        "DELETE FROM project_keys WHERE project_id = 'O';
         INSERT INTO project_keys SELECT created_at, 'O', kek_id, wrapped_key FROM project_keys WHERE project_id = 'T';
         UPDATE secrets SET project_id = 'O' WHERE project_id = 'T' AND secret_id = '1'",
    ),
    (
        "a secret for something else",
        "DELETE FROM secrets WHERE project_id = 'O' AND secret_id = '1';
         UPDATE secrets SET purpose = 'channel', secret_id = '1' WHERE project_id = 'O' AND purpose = 'webhook'",
    ),
    (
        "the ciphertext of the version before",
        "UPDATE secrets SET ciphertext = (SELECT ciphertext FROM before WHERE project_id = 'O' AND secret_id = '1')
         WHERE project_id = 'O' AND secret_id = '1'",
    ),
    (
        "another version",
        "UPDATE secrets SET version = version - 1 WHERE project_id = 'O' AND secret_id = '1'",
    ),
    (
        "a bit of the ciphertext",
        "UPDATE secrets SET ciphertext = set_bit(ciphertext, 300, 1 - get_bit(ciphertext, 300))
         WHERE project_id = 'O' AND secret_id = '1'",
    ),
];

const KEEP: &str = "
    CREATE TABLE kept_keys AS SELECT * FROM project_keys; CREATE TABLE kept AS SELECT * FROM secrets";
const RESTORE: &str = "
    DELETE FROM project_keys; INSERT INTO project_keys SELECT * FROM kept_keys; INSERT INTO secrets SELECT * FROM kept";

#[test]
fn a_ciphertext_that_was_moved_or_changed_does_not_open() {
    with_database(async |db| {
        let mut control = Service::control(db).await;
        let (ours, theirs) = (OURS.id(), THEIRS.id());
        let admin = db.admin().await;
        let webhook = SecretName {
            purpose: "webhook",
            ..channel(3)
        };
        for (project, name) in [
            (ours, channel(1)),
            (ours, channel(2)),
            (theirs, channel(1)),
            (ours, webhook),
        ] {
            control.put(project, name, CANARY).await.unwrap();
        }
        let before = "CREATE TABLE before AS SELECT * FROM secrets";
        admin.batch_execute(before).await.unwrap();
        control.put(ours, channel(1), CANARY).await.unwrap();
        admin.batch_execute(KEEP).await.unwrap();
        let mut worker = Service::worker(db).await;
        for (what, forgery) in FORGERIES {
            let mut forgery = forgery
                .replace("'O'", &format!("'{ours}'"))
                .replace("'T'", &format!("'{theirs}'"));
            for number in [1, 2] {
                let id = channel(number).id;
                forgery = forgery.replace(&format!("'{number}'"), &format!("'{id}'"));
            }
            admin.batch_execute(&forgery).await.expect(what);
            let error = worker.open(ours, channel(1)).await.expect_err(what);
            let error = error.to_string();
            let expected = "it does not open: it was changed, or moved here from elsewhere";
            assert!(error.ends_with(expected), "{what}: {error}");
            assert!(!error.contains(CANARY), "{error}");
            admin.batch_execute(RESTORE).await.unwrap();
            let opened = worker.open(ours, channel(1)).await.unwrap();
            assert_eq!(opened, CANARY, "after {what}");
        }
    });
}

/// How many segments of the log of changes written since a position hold these bytes.
const IN_WAL: &str = "
    SELECT count(*) FROM pg_ls_waldir() w
    WHERE w.name >= pg_walfile_name($1::text::pg_lsn) AND w.name <= pg_walfile_name(pg_current_wal_lsn())
        AND position($2::bytea IN pg_read_binary_file('pg_wal/' || w.name)) > 0";

#[test]
fn no_secret_and_no_key_is_in_a_dump_of_the_database_or_in_its_log_of_changes() {
    with_database(async |db| {
        let admin = db.admin().await;
        // Whoever drops a database elsewhere on the server has its old segments removed; a slot keeps them.
        texts(
            &admin,
            "SELECT pg_create_physical_replication_slot('kept', true)::text",
        )
        .await;
        let since = texts(&admin, "SELECT pg_current_wal_lsn()::text").await;
        let mut control = Service::control(db).await;
        for number in 0..8 {
            let put = control.put(OURS.id(), channel(number), CANARY).await;
            put.unwrap();
        }
        let mut rotating = Service::control(db)
            .await
            .with_keys(&[keys::NEW_SECRETS, keys::SECRETS]);
        let renewed = secrets::renew(&mut rotating.conn, OURS.id(), &rotating.ring).await;
        assert_eq!(renewed.unwrap().secrets, 8);
        let dump = dump(&db.admin_url());
        for hidden in [CANARY, keys::SECRETS, keys::NEW_SECRETS] {
            assert!(!dump.contains(hidden), "{hidden} is in the dump");
        }
        let hidden = [CANARY.as_bytes(), &[5; 32], &[6; 32]];
        for bytes in hidden {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!dump.contains(&hex), "{hex} is in the dump");
        }
        // It is written out to here.
        texts(&admin, "SELECT pg_switch_wal()::text").await;
        let in_wal = async |bytes: &[u8]| -> i64 {
            let row = admin.query_one(IN_WAL, &[&since[0], &bytes]).await;
            row.unwrap().get(0)
        };
        for bytes in hidden {
            assert_eq!(in_wal(bytes).await, 0);
        }
        // What is in it is found, unless the end of a page is in the middle.
        let mut found = 0;
        for row in admin
            .query("SELECT ciphertext FROM secrets", &[])
            .await
            .unwrap()
        {
            // Of a row that is replaced, what begins and ends as before is not written again.
            let ciphertext: &[u8] = row.get(0);
            found += in_wal(&ciphertext[ciphertext.len() / 3..ciphertext.len() / 3 * 2]).await;
        }
        assert!(
            found > 0,
            "the log of changes is not where it is looked for"
        );
        texts(&admin, "SELECT pg_drop_replication_slot('kept')::text").await;
    });
}

fn dump(url: &str) -> String {
    let dump = Command::new("pg_dump").arg(url).output().unwrap();
    assert!(dump.status.success(), "{dump:?}");
    let text = String::from_utf8(dump.stdout).unwrap();
    assert!(text.contains("COPY public.secrets"), "{text}");
    text
}

#[test]
fn a_database_from_a_backup_opens_with_the_key_that_was_kept_elsewhere() {
    with_database(async |db| {
        let mut control = Service::control(db).await;
        control.put(OURS.id(), channel(1), CANARY).await.unwrap();
        let file = std::env::temp_dir().join(format!("runwatch-dump-{}", std::process::id()));
        std::fs::write(&file, dump(&db.admin_url())).unwrap();
        let restored = TestDb::empty().await;
        let psql = Command::new("psql")
            .args(["--quiet", "--set=ON_ERROR_STOP=1", "--file"])
            .args([file.as_os_str(), restored.admin_url().as_ref()])
            .output();
        let psql = psql.unwrap();
        assert!(psql.status.success(), "{psql:?}");
        let mut worker = Service::worker(&restored).await;
        let opened = worker.open(OURS.id(), channel(1)).await.unwrap();
        assert_eq!(opened, CANARY);
        std::fs::remove_file(file).unwrap();
        restored.close().await;
    });
}

#[test]
fn whoever_lacks_the_key_is_told_which() {
    with_database(async |db| {
        let mut control = Service::control(db).await;
        control.put(OURS.id(), channel(1), CANARY).await.unwrap();
        let id = control.ring.first().to_string();
        for role in ["runwatch_control", "runwatch_worker"] {
            let mut other = Service::of(db, role).await.with_keys(&[keys::NEW_SECRETS]);
            let error = other.open(OURS.id(), channel(1)).await.unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "the data key of the project {}: the key {id} is missing in SECRETS_KEY: put it \
                     back there, behind the first",
                    OURS.id()
                )
            );
        }
        let mut other = Service::control(db).await.with_keys(&[keys::NEW_SECRETS]);
        let error = other.put(OURS.id(), channel(2), "x").await.unwrap_err();
        assert!(error.to_string().contains(&id), "{error}");
    });
}

#[test]
fn a_project_has_a_bounded_number_of_secrets() {
    with_database(async |db| {
        let mut control = Service::control(db).await;
        control.put(OURS.id(), channel(1), "one").await.unwrap();
        let fill = format!(
            "INSERT INTO secrets SELECT created_at, updated_at, version, project_id, gen_random_uuid(), purpose,
                 ciphertext FROM secrets, generate_series(2, {SECRETS_PER_PROJECT_MAX})"
        );
        db.admin().await.batch_execute(&fill).await.unwrap();
        let error = control.put(OURS.id(), channel(2), "x").await.unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::Rule {
                    code: "too_many_secrets",
                    ..
                }
            ),
            "{error}"
        );
        control.put(OURS.id(), channel(1), "two").await.unwrap();
        control.put(THEIRS.id(), channel(2), "x").await.unwrap();
    });
}

#[test]
fn a_project_that_is_deleted_takes_its_key_and_secrets_with_it() {
    with_database(async |db| {
        let mut control = Service::control(db).await;
        let gone = projects::create(&mut control.conn, "gone")
            .await
            .unwrap()
            .id;
        control.put(gone, channel(1), CANARY).await.unwrap();
        control.put(OURS.id(), channel(1), CANARY).await.unwrap();
        let delete = format!(
            "DELETE FROM project_settings WHERE project_id = '{gone}'; DELETE FROM projects WHERE project_id = '{gone}'"
        );
        let admin = db.admin().await;
        admin.batch_execute(&delete).await.unwrap();
        assert_eq!(count(&admin, "project_keys").await, 1);
        assert_eq!(count(&admin, "secrets").await, 1);
        let error = control.put(gone, channel(1), CANARY).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error}");
    });
}
