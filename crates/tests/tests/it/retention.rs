//! What is older than a project keeps it goes, and nothing else; what a project takes is measured.

use reqwest::Method;
use runwatch_core::ids::ProjectId;
use runwatch_store::retention::{self, Forgotten};
use runwatch_store::{partitions, pool, storage};
use runwatch_tests::actor::Actor;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::database::{TestDb, texts};
use runwatch_tests::moments::seconds_ago;
use runwatch_tests::projects::{OURS, THEIRS, TestProject};
use serde_json::{Value, json};

const OLD: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";
const GOING_ON: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a12";
const YOUNG: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a13";
const UNKNOWN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a14";

/// A run with everything that a run can have.
fn whole(run: &str, word: &str) -> Value {
    json!({"run_id": run, "agent_id": "support-bot", "status": "failed",
        "started_at": seconds_ago(100), "ended_at": seconds_ago(90), "input": {"text": word},
        "failures": [{"message": format!("{word} broke"), "type": "tool_error"}],
        "feedback": [{"name": "thumbs", "value": false, "comment": word}],
        "steps": [
            {"step_id": "00000000000000a1", "name": "ask", "kind": "llm", "model": "gpt-4o",
             "started_at": seconds_ago(99), "ended_at": seconds_ago(95), "input": word,
             "usage": {"input_tokens": 10, "output_tokens": 5}},
            {"step_id": "00000000000000a2", "name": "search", "kind": "tool",
             "started_at": seconds_ago(94), "ended_at": seconds_ago(93), "status": "failed",
             "error": {"message": "it did not"}}]})
}

/// Sets what a project decides.
async fn settings(admin: &Actor, project: TestProject, settings: &Value) {
    let admin = admin.of_project(project);
    let answer = admin.send(Method::PUT, "/v1/settings", settings).await;
    answer.expect(200);
}

/// Does what the worker does about the retention of a project, until nothing is left to do.
async fn keep(db: &TestDb) -> Vec<(ProjectId, Forgotten)> {
    let mut conn = pool::connect(&db.url("runwatch_worker")).await.unwrap();
    let mut all = Vec::new();
    for keeping in retention::projects(&mut conn).await.unwrap() {
        loop {
            let forgotten = retention::forget(&mut conn, keeping).await.unwrap();
            if forgotten.is_nothing() {
                break;
            }
            all.push((keeping.project, forgotten));
        }
    }
    all
}

/// Makes the partitions of the days around the moved clock.
async fn make_partitions(db: &TestDb) {
    let mut conn = pool::connect(&db.url("runwatch_worker")).await.unwrap();
    partitions::make_ahead(&mut conn).await.unwrap();
}

async fn count(db: &TestDb, table: &str, project: TestProject) -> i64 {
    let statement = format!("SELECT count(*) FROM {table} WHERE project_id = $1");
    let admin = db.admin().await;
    let row = admin.query_one(&statement, &[&project.id().0]).await;
    row.unwrap().get(0)
}

const OF_RUNS: [&str; 4] = [
    "agent_runs",
    "agent_steps",
    "agent_payloads",
    "agent_failures",
];

#[test]
fn what_is_older_goes_whole_and_what_is_younger_or_elsewhere_stays() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        settings(&admin, OURS, &json!({"retention_days": 7})).await;
        let db = app.db();
        for agent in [app.agent(), app.strange_agent()] {
            let both = json!([whole(OLD, "ancientword"), whole(GOING_ON, "longword")]);
            agent.send_runs(&both).await.expect(200);
            let thought = json!({"name": "early", "value": 1});
            agent.add_feedback(UNKNOWN, &thought).await.expect(200);
            agent.send_runs(&json!({"agent_id": 7})).await.expect(400);
        }
        app.fold().await;
        app.index().await;
        let usage = "/v1/usage?bucket=all&group_by=agent";
        let hours = async || {
            let sum = "SELECT sum(items)::text || ' ' || sum(input_tokens) FROM usage_hour";
            texts(&db.admin().await, sum).await
        };
        let before = hours().await;
        db.move_clock("5 days").await;
        app.agent().send_heartbeat(GOING_ON).await.expect(204);
        db.move_clock("3 days").await;
        assert_eq!(keep(db).await.len(), 2, "runs, then the rest");
        assert_eq!(keep(db).await, [], "nothing is left to do");

        let analyst = app.analyst();
        analyst.run(OLD).await.expect(404);
        analyst.run(GOING_ON).await.expect(200);
        let step = analyst.step(GOING_ON, "00000000000000a1").await;
        assert!(step.expect(200).text().contains("longword"));
        for (table, left) in OF_RUNS.into_iter().zip([1, 2, 1, 2]) {
            assert_eq!(count(db, table, OURS).await, left, "{table}");
            assert_eq!(count(db, table, THEIRS).await, 2 * left, "{table}");
        }
        for (table, ours, theirs) in [
            ("run_feedback", 1, 3),
            ("quarantine", 0, 1),
            ("usage_minute", 0, 4),
            ("usage_minute_total", 0, 4),
        ] {
            assert_eq!(count(db, table, OURS).await, ours, "{table}");
            assert!(count(db, table, THEIRS).await >= theirs.min(2), "{table}");
        }
        assert_eq!(hours().await, before, "hours stay as history");
        analyst.get(usage).await.expect(200);
        let found = analyst.get("/v1/search?q=ancientword").await.expect(200);
        assert_eq!(found.json()["hits"], json!([]));
        let theirs = app.stranger().get("/v1/search?q=ancientword").await;
        assert_ne!(theirs.expect(200).json()["hits"], json!([]));
        let found = analyst.get("/v1/search?q=longword").await.expect(200);
        assert_ne!(
            found.json()["hits"],
            json!([]),
            "its segment is old, and stays"
        );
        make_partitions(db).await;
        // What is young again is taken and kept, also under an id that was there.
        let again = json!([whole(OLD, "again"), whole(YOUNG, "again")]);
        app.agent().send_runs(&again).await.expect(200);
        assert_eq!(keep(db).await, []);
        analyst.run(OLD).await.expect(200);
    });
}

#[test]
fn segments_groups_and_feedback_go_when_nothing_is_left_of_their_runs() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        settings(&admin, OURS, &json!({"retention_days": 1})).await;
        let db = app.db();
        for word in ["one", "two", "three"] {
            let agent = app.agent();
            let run = json!({"agent_id": "a", "input": word, "status": "failed", "failures": [{"message": word}],
                "feedback": [{"name": "n", "value": 1}]});
            agent.send_runs(&run).await.expect(200);
            app.index().await;
        }
        app.fold().await;
        assert!(count(db, "search_segments", OURS).await > 0);
        db.move_clock("25 hours").await;
        keep(db).await;
        for table in [
            "search_segments",
            "search_blocks",
            "failure_groups",
            "run_feedback",
            "agent_runs",
        ] {
            assert_eq!(count(db, table, OURS).await, 0, "{table}");
        }
    });
}

#[test]
fn a_transaction_that_is_broken_off_changes_nothing_and_two_workers_do_not_meet() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        settings(&admin, OURS, &json!({"retention_days": 1})).await;
        let db = app.db();
        let runs: Vec<Value> = (0..450)
            .map(|n| json!({"agent_id": format!("a{n}")}))
            .collect();
        app.agent().send_runs(&json!(runs)).await.expect(200);
        db.move_clock("2 days").await;
        // One that a flush holds is left for the next time.
        let mut writing = db.admin().await;
        let held = writing.transaction().await.unwrap();
        let hold = "SELECT run_id FROM agent_runs ORDER BY run_id LIMIT 1 FOR UPDATE";
        held.execute(hold, &[]).await.unwrap();
        let url = db.url("runwatch_worker");
        let mut one = pool::connect(&url).await.unwrap();
        let keeping = retention::projects(&mut one).await.unwrap()[0];
        // A transaction that ends before its COMMIT is rolled back, whatever it was about to do.
        let killed = db.url("runwatch_worker");
        let dropped = tokio::spawn(async move {
            let mut conn = pool::connect(&killed).await.unwrap();
            retention::forget(&mut conn, keeping).await.map(drop)
        });
        dropped.abort();
        drop(dropped.await);
        let both = async || {
            let mut conn = pool::connect(&url).await.unwrap();
            let mut runs = 0;
            for _ in 0..6 {
                let forgotten = retention::forget(&mut conn, keeping).await.unwrap();
                assert!(forgotten.of_runs.runs <= 200, "{forgotten:?}");
                runs += forgotten.of_runs.runs;
            }
            runs
        };
        tokio::join!(both(), both());
        assert_eq!(count(db, "agent_runs", OURS).await, 1);
        held.rollback().await.unwrap();
        keep(db).await;
        assert_eq!(count(db, "agent_runs", OURS).await, 0);
    });
}

/// The days of which there is a partition, of each of the three tables.
async fn all_partitions(db: &TestDb) -> Vec<String> {
    let statement = "
        SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1";
    texts(&db.admin().await, statement).await
}

#[test]
fn empty_partitions_are_dropped_and_those_from_yesterday_on_never() {
    with_app(async |app| {
        let db = app.db();
        // A run without steps: they may come yet.
        app.agent()
            .send_runs(&json!({"run_id": OLD, "agent_id": "a"}))
            .await
            .expect(200);
        let mut conn = pool::connect(&db.url("runwatch_worker")).await.unwrap();
        let drop_all = async |conn: &mut pool::Conn| {
            let mut dropped = 0;
            while retention::drop_empty_partition(conn).await.unwrap() > 0 {
                dropped += 1;
            }
            dropped
        };
        let days = all_partitions(db).await.len() / 3;
        assert_eq!(
            drop_all(&mut conn).await,
            0,
            "there is none from before yesterday"
        );
        db.move_clock("2 days").await;
        assert_eq!(drop_all(&mut conn).await, 3, "yesterday is three days ago");
        let admin = app.first_admin().await;
        settings(&admin, OURS, &json!({"retention_days": 1})).await;
        let steps = json!([{"step_id": "00000000000000a1", "input": "x"}]);
        app.agent().add_steps(OLD, &steps).await.expect(200);
        assert_eq!(drop_all(&mut conn).await, 0, "a run of that day is left");
        db.move_clock("2 days").await;
        keep(db).await;
        // What is left is from yesterday on, if there were so many.
        let dropped = drop_all(&mut conn).await;
        assert_eq!(all_partitions(db).await.len(), 3 * days - 3 - dropped);
        let old = "SELECT relname::text FROM pg_class WHERE relispartition AND relkind = 'r'
            AND right(relname, 8)::date < (rw_now() AT TIME ZONE 'UTC')::date - 1";
        assert_eq!(texts(&db.admin().await, old).await, Vec::<String>::new());
        let control = db.connect("runwatch_control").await;
        let called = control
            .execute("SELECT drop_empty_partitions(current_date)", &[])
            .await;
        called.expect_err("only the worker may");
        let worker = db.connect("runwatch_worker").await;
        let all = "SELECT drop_empty_partitions('infinity')";
        let today = all_partitions(db).await;
        worker.execute(all, &[]).await.unwrap();
        assert_eq!(all_partitions(db).await, today, "whatever it is told");
    });
}

#[test]
fn whoever_writes_into_a_table_keeps_its_partitions_for_now() {
    with_app(async |app| {
        let db = app.db();
        db.move_clock("2 days").await;
        let mut writing = db.admin().await;
        let held = writing.transaction().await.unwrap();
        for table in OF_RUNS {
            let lock = format!("LOCK TABLE {table} IN ROW EXCLUSIVE MODE");
            held.execute(&lock, &[]).await.unwrap();
        }
        let mut conn = pool::connect(&db.url("runwatch_worker")).await.unwrap();
        assert_eq!(retention::drop_empty_partition(&mut conn).await.unwrap(), 0);
        held.rollback().await.unwrap();
        assert_eq!(retention::drop_empty_partition(&mut conn).await.unwrap(), 1);
    });
}

/// Bytes that come out differently each time, and hardly compress.
fn noise(seed: u64, length: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'!' + u8::try_from(state % 90).unwrap())
    };
    (0..length).map(|_| next()).collect()
}

async fn fill(app: &TestApp, runs: u64) {
    for batch in 0..runs / 20 {
        let run = |number: u64| {
            let steps: Vec<Value> = (1..=20_u64)
                .map(|step| {
                    let text = noise(batch * 100_000 + number * 100 + step, 1_500);
                    json!({"step_id": format!("{step:016x}"), "name": "ask the model", "kind": "llm",
                        "model": "gpt-4o", "input": text, "started_at": seconds_ago(60),
                        "ended_at": seconds_ago(50), "usage": {"input_tokens": 812, "output_tokens": 9}})
                })
                .collect();
            json!({"agent_id": "support-bot", "session_id": format!("s{number}"), "user_id": "u-17",
                "status": "succeeded", "steps": steps})
        };
        let runs: Vec<Value> = (0..20).map(run).collect();
        app.agent().send_runs(&json!(runs)).await.expect(200);
    }
}

#[test]
fn what_a_project_takes_is_measured_to_within_a_half_and_days_once() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        settings(
            &admin,
            OURS,
            &json!({"quotas": {"stored_bytes": 1_000_000_000}}),
        )
        .await;
        let db = app.db();
        fill(app, 400).await;
        app.index().await;
        let mut conn = pool::connect(&db.url("runwatch_worker")).await.unwrap();
        assert_eq!(storage::projects(&mut conn).await.unwrap(), [OURS.id()]);
        let bytes = storage::measure(&mut conn, OURS.id()).await.unwrap();
        let admin_conn = db.admin().await;
        // Empty partitions and catalogues are nobody's.
        let taken = "
            SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND (relname ~ '^agent_(runs|steps|payloads|failures)' OR relname ~ '^search_')
                AND pg_relation_size(oid) > 0";
        let taken: i64 = admin_conn.query_one(taken, &[]).await.unwrap().get(0);
        println!("measured {bytes}, taken {taken}");
        assert!(
            bytes * 2 <= taken * 3 && taken * 2 <= bytes * 3,
            "{bytes} of {taken}"
        );
        let told = admin
            .of_project(OURS)
            .get("/v1/settings")
            .await
            .expect(200)
            .json();
        assert_eq!(told["stored_bytes"], bytes);
        assert_ne!(told["measured_at"], Value::Null);

        // A day that is over is not looked at again, until something of it is deleted.
        db.move_clock("3 days").await;
        make_partitions(db).await;
        fill(app, 20).await;
        let more = storage::measure(&mut conn, OURS.id()).await.unwrap();
        assert!(more > bytes, "{more}");
        assert_eq!(count(db, "project_storage", OURS).await, 2);
        let lie = "UPDATE project_storage SET bytes = bytes + 7000000";
        admin_conn.execute(lie, &[]).await.unwrap();
        let lied = storage::measure(&mut conn, OURS.id()).await.unwrap();
        assert_eq!(
            lied,
            more + 7_000_000,
            "today is measured anew, the other day is not"
        );
        settings(
            &admin,
            OURS,
            &json!({"quotas": {"stored_bytes": 1_000_000_000}, "retention_days": 2}),
        )
        .await;
        keep(db).await;
        let less = storage::measure(&mut conn, OURS.id()).await.unwrap();
        assert!(less < bytes / 4, "{less} of {bytes}");
        assert_eq!(count(db, "project_storage", OURS).await, 1);
    });
}
