//! `runwatch secrets`: other keys in place of those in use, while everybody goes on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use runwatch_core::ids::ProjectId;
use runwatch_core::secrets::Plaintext;
use runwatch_store::{pool, projects, secrets};
use runwatch_tests::command::{self, Said, runwatch};
use runwatch_tests::database::{TestDb, texts, with_database};
use runwatch_tests::keys;
use runwatch_tests::until::until;
use serde_json::json;

use super::{CANARY, Service, channel, count};

/// How long a statement of control-api may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a rotation may take until it has come somewhere.
const ROTATION_LIMIT: Duration = Duration::from_secs(30);
const BOTH: [&str; 2] = [keys::NEW_SECRETS, keys::SECRETS];

/// Projects with two secrets each, in the order of their ids.
async fn with_secrets(db: &TestDb, number: usize) -> Vec<ProjectId> {
    let mut control = Service::control(db).await;
    let mut made = Vec::new();
    for number in 0..number {
        let project = projects::create(&mut control.conn, &format!("p{number}")).await;
        let project = project.unwrap().id;
        for secret in [1, 2] {
            control.put(project, channel(secret), CANARY).await.unwrap();
        }
        made.push(project);
    }
    made.sort();
    made
}

async fn run(db: &TestDb, words: &str, keys: &[&str]) -> Said {
    let (url, keys) = (db.admin_url(), keys.join(","));
    let env = [
        ("DATABASE_URL", url.as_str()),
        ("AUDIT_KEY", keys::AUDIT),
        ("SECRETS_KEY", &keys),
    ];
    let said = runwatch(words, &env).await;
    for hidden in [CANARY, keys::SECRETS, keys::NEW_SECRETS] {
        assert!(!said.text.contains(hidden), "{said:?}");
        assert!(!said.error.contains(hidden), "{said:?}");
    }
    said
}

async fn succeeds(db: &TestDb, words: &str, keys: &[&str]) -> String {
    let said = run(db, words, keys).await;
    assert!(said.success, "{words}: {said:?}");
    said.text
}

/// Opens both secrets of each project with these keys.
async fn opens_everything(db: &TestDb, projects: &[ProjectId], keys: &[&str]) {
    let mut worker = Service::worker(db).await.with_keys(keys);
    for project in projects {
        for secret in [1, 2] {
            let opened = worker.open(*project, channel(secret)).await.unwrap();
            assert!(opened.starts_with(CANARY), "{opened}");
        }
    }
}

/// Puts and opens secrets with both keys until it is told to stop; whatever fails, fails the test.
async fn load(db: &TestDb, projects: &[ProjectId], stop: &AtomicBool) -> (usize, usize) {
    let (puts, opens) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let go_on = || !stop.load(Ordering::Relaxed);
    let putting = async |first: usize| {
        let mut control = Service::control(db).await.with_keys(&BOTH);
        for number in (first..).take_while(|_| go_on()) {
            let project = projects[number * 7 % projects.len()];
            let text = format!("{CANARY} {number}");
            let text = Plaintext::new(text.into()).unwrap();
            let ring = &control.ring;
            let put = pool::write(&mut control.conn, LIMIT, async |conn| {
                secrets::put(conn, project, ring, channel(1), &text).await
            });
            put.await.unwrap();
            puts.fetch_add(1, Ordering::Relaxed);
        }
    };
    let opening = async |first: usize| {
        let mut worker = Service::worker(db).await.with_keys(&BOTH);
        for number in (first..).take_while(|_| go_on()) {
            let project = projects[number % projects.len()];
            let opened = worker.open(project, channel(1 + number as u128 % 2)).await;
            assert!(opened.unwrap().starts_with(CANARY));
            opens.fetch_add(1, Ordering::Relaxed);
        }
    };
    tokio::join!(putting(0), putting(1), putting(2), opening(0), opening(5));
    (puts.into_inner(), opens.into_inner())
}

#[test]
fn a_rotation_disturbs_nobody_and_afterwards_the_old_key_is_not_needed() {
    with_database(async |db| {
        let projects = with_secrets(db, 30).await;
        let [new, old] = BOTH.map(|key| keys::ring(&[key]).first().to_string());
        for words in ["secrets rotate", "secrets rotate --data-keys"] {
            let stop = AtomicBool::new(false);
            let rotating = async {
                let said = succeeds(db, words, &BOTH).await;
                stop.store(true, Ordering::Relaxed);
                said
            };
            let (said, (puts, opens)) = tokio::join!(rotating, load(db, &projects, &stop));
            assert!(puts > 10 && opens > 10, "{puts} puts, {opens} opened");
            assert!(said.contains("30 projects"), "{said}");
            assert!(said.contains(&format!("take {old} out")), "{said}");
            opens_everything(db, &projects, &[keys::NEW_SECRETS]).await;
        }
        let status = succeeds(db, "secrets status --json", &[keys::NEW_SECRETS]).await;
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        let expected = json!([{"id": new, "state": "seals", "projects": 30, "secrets": 60}]);
        assert_eq!(status, expected);
        succeeds(db, "audit verify", &[]).await;
    });
}

#[test]
fn new_data_keys_open_nothing_of_before() {
    with_database(async |db| {
        let projects = with_secrets(db, 2).await;
        let admin = db.admin().await;
        let keep = "CREATE TABLE kept AS SELECT * FROM secrets";
        admin.batch_execute(keep).await.unwrap();
        let said = succeeds(db, "secrets rotate --data-keys", &BOTH).await;
        assert!(
            said.contains("2 projects") && said.contains("4 secrets"),
            "{said}"
        );
        opens_everything(db, &projects, &[keys::NEW_SECRETS]).await;
        let back = "UPDATE secrets s SET ciphertext = k.ciphertext FROM kept k
            WHERE s.project_id = k.project_id AND s.secret_id = k.secret_id";
        admin.batch_execute(back).await.unwrap();
        let mut worker = Service::worker(db).await.with_keys(&BOTH);
        let opened = worker.open(projects[0], channel(1)).await;
        assert!(opened.is_err(), "{opened:?}");
        let said = run(db, "secrets rotate --data-keys", &BOTH).await;
        assert!(!said.success, "{said:?}");
        assert!(said.text.contains("it does not open"), "{said:?}");
    });
}

#[test]
fn a_rotation_that_was_killed_goes_on_when_it_is_run_again() {
    with_database(async |db| {
        let projects = with_secrets(db, 9).await;
        // It does not get past the fifth.
        let mut admin = db.admin().await;
        let held = admin.transaction().await.unwrap();
        let hold = "SELECT FROM project_keys WHERE project_id = $1 FOR UPDATE";
        held.execute(hold, &[&projects[4].0]).await.unwrap();
        let (url, keys) = (db.admin_url(), BOTH.join(","));
        let env = [
            ("DATABASE_URL", url.as_str()),
            ("AUDIT_KEY", keys::AUDIT),
            ("SECRETS_KEY", &keys),
        ];
        let rotating = command::start("secrets rotate", &env);
        let looking = db.admin().await;
        let by_key = "SELECT count(*)::text FROM project_keys GROUP BY kek_id ORDER BY 1";
        until(ROTATION_LIMIT, "four projects to be done", async || {
            (texts(&looking, by_key).await == ["4", "5"]).then_some(())
        })
        .await;
        drop(rotating);
        held.rollback().await.unwrap();

        opens_everything(db, &projects, &BOTH).await;
        let status = succeeds(db, "secrets status", &BOTH).await;
        assert_eq!(status.lines().count(), 3, "{status}");
        let said = succeeds(db, "secrets rotate", &BOTH).await;
        assert!(said.contains("of 5 projects"), "{said}");
        opens_everything(db, &projects, &[keys::NEW_SECRETS]).await;
        // And once more, when nothing is left to do.
        let said = succeeds(db, "secrets rotate", &BOTH).await;
        assert!(said.contains("of 0 projects"), "{said}");
        assert_eq!(count(&looking, "audit_log").await, 9);
    });
}

#[test]
fn a_key_that_is_missing_is_named_and_holds_up_nobody_else() {
    with_database(async |db| {
        let projects = with_secrets(db, 2).await;
        let mut other = Service::control(db).await.with_keys(&[keys::AUDIT]);
        let project = projects::create(&mut other.conn, "other").await.unwrap().id;
        other.put(project, channel(1), CANARY).await.unwrap();
        let missing = other.ring.first().to_string();

        let status = run(db, "secrets status", &BOTH).await;
        assert!(
            !status.success && status.error.contains(&missing),
            "{status:?}"
        );
        let said = run(db, "secrets rotate", &BOTH).await;
        assert!(!said.success && said.text.contains(&missing), "{said:?}");
        assert!(said.text.contains("of 2 projects"), "{said:?}");
        opens_everything(db, &projects, &[keys::NEW_SECRETS]).await;
        succeeds(db, "secrets rotate", &[keys::NEW_SECRETS, keys::AUDIT]).await;
    });
}

#[test]
fn a_new_key_can_be_made_and_read_from_a_file() {
    with_database(async |db| {
        with_secrets(db, 1).await;
        let new = succeeds(db, "secrets generate-key", &[]).await;
        assert_ne!(new, succeeds(db, "secrets generate-key", &[]).await);
        let path = std::env::temp_dir().join(format!("runwatch-secrets-{}", std::process::id()));
        std::fs::write(&path, format!("{new}{}\n", keys::SECRETS)).unwrap();
        let words = format!("secrets rotate --secrets-key-file {}", path.display());
        let said = succeeds(db, &words, &[]).await;
        let first = keys::ring(&[new.trim()]).first().to_string();
        assert!(said.contains(&first), "{said}");
        std::fs::remove_file(path).unwrap();
        for (words, keys, told) in [
            (
                "secrets status --data-dir /nowhere",
                "",
                "SECRETS_KEY is not set",
            ),
            (
                "secrets status",
                "hunter2",
                "SECRETS_KEY cannot be used: key 1 of it",
            ),
            (words.as_str(), keys::SECRETS, "both set: set one"),
        ] {
            let said = run(db, words, &[keys]).await;
            assert!(
                !said.success && said.error.contains(told),
                "{words}: {said:?}"
            );
            assert!(!said.error.contains("hunter2"), "{said:?}");
        }
    });
}
