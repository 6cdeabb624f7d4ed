//! Analysts who ask the database themselves: what they see, and what they do not.

mod limits;
mod psql;
mod reach;

use std::collections::BTreeSet;

use runwatch_core::failures::FailureType;
use runwatch_core::feedback::FeedbackSource;
use runwatch_core::findings::FindingKind;
use runwatch_core::run::RunStatus;
use runwatch_core::step::{StepKind, StepStatus};
use runwatch_store::{migrate, pool, sql_logins};
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::block_on;
use runwatch_tests::command::{Said, runwatch};
use runwatch_tests::database::{TestDb, connect, texts, with_database};
use runwatch_tests::keys;
use runwatch_tests::moments::seconds_ago;
use runwatch_tests::projects::{OURS, THEIRS};
use serde_json::{Value, json};

/// The views, each with the table that its rows are of.
const VIEWS: [(&str, &str); 7] = [
    ("failure_groups", "failure_groups"),
    ("failures", "agent_failures"),
    ("feedback", "run_feedback"),
    ("runs", "agent_runs"),
    ("steps", "agent_steps"),
    ("usage_by_hour", "usage_hour"),
    ("usage_by_minute", "usage_minute"),
];

/// `runwatch sql-login` with these words, over a database of tests.
async fn sql_login(db: &TestDb, words: &str) -> Said {
    let url = db.admin_url();
    let env = [("DATABASE_URL", url.as_str()), ("AUDIT_KEY", keys::AUDIT)];
    runwatch(&format!("sql-login {words}"), &env).await
}

/// Makes a login of a name that no other test has, and says how it connects.
async fn new_login(db: &TestDb, words: &str) -> String {
    let said = sql_login(db, &format!("create {words} --json")).await;
    assert!(said.success, "{said:?}");
    said.json()["url"].as_str().unwrap().to_owned()
}

/// A failed run with everything that a run can have, in all whose texts is a word.
fn run(word: &str) -> Value {
    json!({"agent_id": word, "status": "failed", "started_at": seconds_ago(100), "ended_at": seconds_ago(90),
        "user_id": word, "failures": [{"message": word, "type": "tool_error"}],
        "feedback": [{"name": "thumbs", "value": false, "comment": word}],
        "steps": [
            {"name": word, "kind": "llm", "model": "gpt-4o", "started_at": seconds_ago(99), "ended_at": seconds_ago(95),
             "usage": {"input_tokens": 1000, "output_tokens": 500}},
            {"name": word, "kind": "tool", "started_at": seconds_ago(94), "ended_at": seconds_ago(93),
             "status": "failed", "error": {"message": word}}]})
}

/// Has agents of both projects send runs whose texts are these, and what follows from them be added up.
async fn sent(app: &TestApp, ours: &str, theirs: &str) {
    for _ in 0..2 {
        app.agent().send_runs(&run(ours)).await.expect(200);
    }
    for _ in 0..3 {
        app.strange_agent()
            .send_runs(&run(theirs))
            .await
            .expect(200);
    }
    app.fold().await;
}

#[test]
fn an_analyst_sees_all_rows_of_one_project_and_none_of_another() {
    with_app(async |app| {
        sent(app, "ours-word", "theirs-word").await;
        let admin = app.db().admin().await;
        for (login, project, word, foreign) in [
            ("see_ours --project ours", OURS, "ours-word", "theirs-word"),
            (
                "see_theirs --project theirs",
                THEIRS,
                "theirs-word",
                "ours-word",
            ),
        ] {
            let analyst = connect(&new_login(app.db(), login).await).await;
            for (view, table) in VIEWS {
                let all = format!("SELECT to_jsonb(seen)::text FROM {view} seen");
                let seen = texts(&analyst, &all).await;
                let stored = format!("SELECT count(*) FROM {table} WHERE project_id = $1");
                let stored: i64 = admin
                    .query_one(&stored, &[&project.id().0])
                    .await
                    .unwrap()
                    .get(0);
                assert!(stored > 0, "{table} has rows");
                assert_eq!(seen.len(), usize::try_from(stored).unwrap(), "{view}");
                assert!(
                    seen.iter().all(|row| !row.contains(foreign)),
                    "{view}: {seen:?}"
                );
                assert!(
                    seen.iter().any(|row| row.contains(word)),
                    "{view}: {seen:?}"
                );
            }
        }
    });
}

#[test]
fn the_questions_of_the_docs_have_answers() {
    const ARCHITECTURE: &str = include_str!("../../../../docs/ARCHITECTURE.md");
    with_app(async |app| {
        sent(app, "bot", "theirs").await;
        let analyst = connect(&new_login(app.db(), "docs --project ours").await).await;
        let questions = ARCHITECTURE.split("```sql\n").skip(1);
        let questions = questions.map(|rest| rest.split_once("```").unwrap().0);
        let mut asked = 0;
        for question in questions.flat_map(|block| block.split_inclusive(';')) {
            if question.trim().is_empty() {
                continue;
            }
            asked += 1;
            let rows = analyst.query(question, &[]).await;
            let rows = rows.unwrap_or_else(|error| panic!("{question}: {error:?}"));
            assert!(!rows.is_empty(), "{question}");
        }
        assert_eq!(asked, 3);
    });
}

#[test]
fn every_view_asks_with_the_rights_of_who_asks_and_says_what_it_is() {
    with_database(async |db| {
        let admin = db.admin().await;
        let views = texts(
            &admin,
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'analytics'::regnamespace
                 AND reloptions @> '{security_invoker=true}' AND obj_description(oid) IS NOT NULL
                 AND pg_get_userbyid(relowner) = 'runwatch_owner' ORDER BY 1",
        );
        assert_eq!(views.await, VIEWS.map(|(view, _)| view));
        let others = texts(
            &admin,
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind <> 'v'
             UNION ALL SELECT proname::text FROM pg_proc
                 WHERE pronamespace = 'analytics'::regnamespace AND (prosecdef OR provolatile <> 'i')",
        );
        assert_eq!(others.await, Vec::<String>::new());
    });
}

type Name = fn(i16) -> &'static str;

#[test]
fn names_are_those_of_the_api() {
    let functions: [(&str, Name); 6] = [
        ("run_status", |code| RunStatus::from_code(code).name()),
        ("step_status", |code| StepStatus::from_code(code).name()),
        ("step_kind", |code| StepKind::from_code(code).name()),
        ("failure_type", |code| FailureType::from_code(code).name()),
        ("finding_kind", |code| FindingKind::from_code(code).name()),
        ("feedback_source", |code| {
            FeedbackSource::from_code(code).name()
        }),
    ];
    with_database(async |db| {
        let admin = db.admin().await;
        for (function, name) in functions {
            let all = format!(
                "SELECT analytics.{function}(code::smallint) FROM generate_series(0, 40) code ORDER BY code"
            );
            let ours: Vec<&str> = (0..=40).map(name).collect();
            assert_eq!(texts(&admin, &all).await, ours, "{function}");
            assert!(ours.iter().collect::<BTreeSet<_>>().len() >= 3);
        }
    });
}

#[test]
fn making_and_taking_away_is_in_the_log_of_the_project() {
    with_app(async |app| {
        let ada = app.first_admin().await.of_project(OURS);
        new_login(app.db(), "logged --project ours --expires 30d").await;
        let listed = sql_login(app.db(), "list --json").await.json();
        assert_eq!(
            (&listed[0]["name"], &listed[0]["project"]),
            (&json!("logged"), &json!("ours"))
        );
        assert!(sql_login(app.db(), "revoke logged").await.success);
        let log = ada.get("/v1/audit").await.expect(200).json();
        let told: Vec<String> = (log["entries"].as_array().unwrap().iter())
            .map(|entry| format!("{} {}", entry["action"], entry["subject"]).replace('"', ""))
            .filter(|told| told.contains("sql_login"))
            .collect();
        assert_eq!(
            told,
            [
                "delete_sql_login runwatch_sql_logged",
                "create_sql_login runwatch_sql_logged"
            ]
        );
    });
}

#[test]
fn the_schema_is_not_taken_back_under_a_login() {
    with_database(async |db| {
        new_login(db, "kept --project ours").await;
        let steps = u32::try_from(migrate::known()).unwrap();
        let refused = migrate::down(&db.admin_url(), steps).await.unwrap_err();
        assert!(
            refused.to_string().contains("runwatch sql-login revoke"),
            "{refused}"
        );
        assert!(sql_login(db, "revoke kept").await.success);
        migrate::down(&db.admin_url(), steps).await.unwrap();
    });
}

#[test]
fn what_cannot_be_made_is_refused_with_what_to_do() {
    with_database(async |db| {
        new_login(db, "taken --project ours --connections 20").await;
        for (words, told) in [
            ("create taken --project ours", "exists already"),
            ("create more --project ours --connections 11", "revoke one"),
            ("create Ada --project ours", "a lower-case letter"),
            ("create ada;drop --project ours", "a lower-case letter"),
            ("create other --project nothing", "there is no project"),
            (
                "create other --project ours --expires 2020-01-01T00:00:00Z",
                "a time to come",
            ),
            ("create other --project ours --connections 31", "30"),
            ("revoke nobody_at_all", "there is no login"),
        ] {
            let said = sql_login(db, words).await;
            assert!(
                !said.success && said.error.contains(told),
                "{words}: {said:?}"
            );
        }
    });
}

#[test]
fn whoever_may_create_roles_and_owns_the_database_needs_no_more() {
    block_on(async {
        let db = TestDb::empty().await;
        let own = "DROP ROLE IF EXISTS admin_of_one; CREATE ROLE admin_of_one LOGIN CREATEROLE";
        let admin = db.admin().await;
        admin.batch_execute(own).await.unwrap();
        let name = texts(&admin, "SELECT current_database()::text")
            .await
            .remove(0);
        let give = format!("ALTER DATABASE {name} OWNER TO admin_of_one");
        admin.batch_execute(&give).await.unwrap();
        let url = db.url("admin_of_one");
        migrate::up(&url).await.unwrap();
        let env = [("DATABASE_URL", url.as_str()), ("AUDIT_KEY", keys::AUDIT)];
        for words in [
            "project create shop",
            "sql-login create of_one --project shop --json",
            "sql-login list",
        ] {
            let said = runwatch(words, &env).await;
            assert!(said.success, "{words}: {said:?}");
            // Only a superuser may limit temporary files, and it says so.
            let is_told = said.error.contains("temp_file_limit");
            assert_eq!(is_told, words.contains("create of_one"), "{said:?}");
        }
        let analyst = connect(&db.url("runwatch_sql_of_one")).await;
        assert_eq!(
            texts(&analyst, "SELECT agent_id FROM runs").await,
            Vec::<String>::new()
        );
        let mut worker = pool::connect(&db.url("runwatch_worker")).await.unwrap();
        assert_eq!(sql_logins::end_overdue(&mut worker).await.unwrap(), []);
        let said = runwatch("sql-login revoke of_one", &env).await;
        assert!(
            said.success && analyst.simple_query("SELECT 1").await.is_err(),
            "{said:?}"
        );
        db.close().await;
    });
}
