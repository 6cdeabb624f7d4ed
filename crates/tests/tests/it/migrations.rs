//! The schema's way up and down.

use std::process::Command;

use runwatch_store::migrate;
use runwatch_tests::block_on;
use runwatch_tests::database::{TestDb, texts};

/// All migrations there will ever be.
const ALL: u32 = 10_000;

#[test]
fn up_down_and_up_again_gives_the_same_schema() {
    block_on(async {
        let db = TestDb::empty().await;
        let url = db.admin_url();
        let applied = migrate::up(&url).await.unwrap().applied;
        assert_eq!(applied.len(), migrate::known());
        let first = schema(&url);
        migrate::down(&url, ALL).await.unwrap();
        assert_eq!(left_over(&db).await, ["__diesel_schema_migrations"]);
        migrate::up(&url).await.unwrap();
        assert_eq!(first, schema(&url));
        db.close().await;
    });
}

#[test]
fn each_migration_can_be_taken_back_alone() {
    block_on(async {
        let db = TestDb::empty().await;
        let url = db.admin_url();
        migrate::up(&url).await.unwrap();
        let first = schema(&url);
        for steps in 1..=u32::try_from(migrate::known()).unwrap() {
            let taken_back = migrate::down(&url, steps).await.unwrap().applied.len();
            let applied = migrate::up(&url).await.unwrap().applied.len();
            assert_eq!((taken_back, applied), (steps as usize, steps as usize));
            assert_eq!(first, schema(&url), "after {steps} steps down and up");
        }
        db.close().await;
    });
}

#[test]
fn migrating_twice_at_once_is_migrating_once() {
    block_on(async {
        let db = TestDb::empty().await;
        let url = db.admin_url();
        let (one, other) = tokio::join!(migrate::up(&url), migrate::up(&url));
        let applied = one.unwrap().applied.len() + other.unwrap().applied.len();
        assert_eq!(applied, migrate::known());
        db.close().await;
    });
}

/// The schema as `pg_dump` writes it, without the word by which each dump tells itself from others.
fn schema(url: &str) -> String {
    let dump = Command::new("pg_dump")
        .args(["--schema-only", url])
        .output()
        .expect("pg_dump is installed with PostgreSQL");
    assert!(
        dump.status.success(),
        "{}",
        String::from_utf8_lossy(&dump.stderr)
    );
    let text = String::from_utf8(dump.stdout).expect("a schema is text");
    let lines = text.lines().filter(|line| !line.contains("restrict "));
    lines.map(|line| format!("{line}\n")).collect()
}

async fn left_over(db: &TestDb) -> Vec<String> {
    let statement = "
        SELECT relname::text FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'I', 't')
        UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT typname::text FROM pg_type WHERE typnamespace = 'public'::regnamespace
            AND typtype NOT IN ('c', 'b')";
    texts(&db.admin().await, statement).await
}
