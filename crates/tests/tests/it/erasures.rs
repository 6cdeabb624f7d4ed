//! `/v1/erasures`: nothing is left of whom it is about, and nothing comes back.

mod nothing_is_left;

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use reqwest::Method;
use runwatch_core::access::Role;
use runwatch_store::{erasures, pool};
use runwatch_tests::actor::Actor;
use runwatch_tests::app::with_app;
use runwatch_tests::database::{TestDb, texts};
use runwatch_tests::moments::{seconds_ago, seconds_ago_us};
use runwatch_tests::projects::{OURS, THEIRS};
use runwatch_tests::rows::project_tables;
use runwatch_tests::spans::{attribute, export, failed, span, text};
use runwatch_tests::until::until;
use serde_json::{Value, json};
use uuid::Uuid;

/// Whom it is about; in JSON and beyond ASCII it is written in other ways.
const USER: &str = "canary \"Zo\u{eb}\"";
const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";
const REDACTED: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a12";
const OTHER: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a13";
const TRACE: [u8; 16] = [0xc7; 16];
/// How long an erasure may wait for whatever else is writing on the server.
const LIMIT: Duration = Duration::from_secs(60);

/// A run of somebody, with everything that a run can have.
fn run(id: &str, user: &str, word: &str) -> Value {
    json!({"run_id": id, "agent_id": "support-bot", "status": "failed", "user_id": user,
        "session_id": format!("session of {word}"), "started_at": seconds_ago(100),
        "ended_at": seconds_ago(90), "input": {"text": word}, "tags": [word],
        "attributes": {"word": word}, "failures": [
            {"message": format!("{word} broke")}, {"message": "everybody's"}],
        "feedback": [{"name": "thumbs", "value": word, "comment": word}],
        "steps": [step("00000000000000a1", word)]})
}

fn step(id: &str, word: &str) -> Value {
    json!({"step_id": id, "name": format!("step {word}"), "kind": "llm", "model": "gpt-4o",
        "started_at": seconds_ago(99), "ended_at": seconds_ago(95), "status": "failed",
        "input": word, "output": word, "attributes": {"word": word},
        "error": {"message": format!("{word} failed"), "code": word}})
}

fn trace(user: &str, word: &str) -> ExportTraceServiceRequest {
    let at = (seconds_ago_us(50), seconds_ago_us(40));
    // The agent is called by it, and rollups keep the names of agents.
    let mut only = span(TRACE, 1, "ask", at);
    only.status = Some(failed(&format!("{word} failed")));
    only.attributes = vec![
        attribute("gen_ai.operation.name", text("chat")),
        attribute("gen_ai.request.model", text("gpt-4o")),
        attribute("user.id", text(user)),
        attribute("gen_ai.output.messages", text(word)),
    ];
    export("shop", vec![only])
}

/// Everything that somebody can leave behind.
async fn leave_traces(agent: &Actor, user: &str, word: &str) {
    agent.send_runs(&run(RUN, user, word)).await.expect(200);
    agent.send_traces(&trace(user, word)).await.expect(200);
    let mut other = run(OTHER, "somebody else", "harmless");
    other["started_at"] = json!(seconds_ago(80));
    other["ended_at"] = json!(seconds_ago(70));
    agent.send_runs(&other).await.expect(200);
    let thought = json!({"name": "grade", "value": word, "user_id": user, "source": "user"});
    agent.add_feedback(OTHER, &thought).await.expect(200);
    // Refused for what it has, for what it contradicts, and as a span.
    let wrong = json!({"agent_id": 7, "user_id": user});
    agent.send_runs(&wrong).await.expect(400);
    let mut contradiction = step("00000000000000a1", word);
    contradiction["output"] = json!(format!("{word} again"));
    agent
        .add_steps(RUN, &json!([contradiction]))
        .await
        .expect(400);
    let mut broken = trace(user, word);
    broken.resource_spans[0].scope_spans[0].spans[0].span_id = vec![];
    agent.send_traces(&broken).await.expect(200);
    let harmless = json!({"agent_id": 8});
    agent.send_runs(&harmless).await.expect(400);
}

/// Does what the worker does until no erasure is left to do.
async fn work(db: &TestDb) {
    let mut conn = pool::connect(&db.url("runwatch_worker")).await.unwrap();
    let admin = db.admin().await;
    let left = "SELECT count(*) FROM erasures WHERE done_at IS NULL";
    until(LIMIT, "the erasures to be done", async || {
        erasures::turn(&mut conn).await.unwrap();
        let left = admin.query_one(left, &[]).await.unwrap();
        (left.get::<_, i64>(0) == 0).then_some(())
    })
    .await;
}

async fn erase(admin: &Actor, what: &Value) -> Value {
    let answer = admin.send(Method::POST, "/v1/erasures", what).await;
    answer.expect(202).json()
}

/// Where in the rows of a project a text or some bytes are, and the rows that have an id.
async fn places(db: &TestDb, project: Uuid, needle: &[u8]) -> Vec<String> {
    let admin = db.admin().await;
    let id = Uuid::from_slice(needle).ok();
    let mut found = Vec::new();
    for table in project_tables(&admin).await {
        let columns = format!(
            "SELECT attname::text || ' ' || atttypid::regtype FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
        );
        for column in texts(&admin, &columns).await {
            let (column, kind) = column.split_once(' ').unwrap();
            let condition = match (kind, id) {
                ("uuid", Some(_)) => format!("uuid_send({column}) = $2"),
                ("uuid" | "uuid[]", _) => continue,
                ("bytea", _) => format!("position($2 IN {column}) > 0"),
                ("text" | "text[]" | "jsonb", _) => {
                    format!("position($2 IN convert_to({column}::text, 'UTF8')) > 0")
                }
                _ => continue,
            };
            let statement =
                format!("SELECT count(*) FROM {table} WHERE project_id = $1 AND {condition}");
            let rows = admin.query_one(&statement, &[&project, &needle]).await;
            if rows.expect(&statement).get::<_, i64>(0) > 0 {
                found.push(format!("{table}.{column}"));
            }
        }
    }
    found
}

async fn count(db: &TestDb, statement: &str) -> i64 {
    let admin = db.admin().await;
    admin.query_one(statement, &[]).await.unwrap().get(0)
}

#[test]
fn a_session_is_erased_in_batches_and_its_user_stays() {
    with_app(async |app| {
        let db = app.db();
        let admin = app.first_admin().await.of_project(OURS);
        let runs = |session: &str, count: usize| -> Value {
            let one = |n: usize| {
                json!({"agent_id": format!("a{n}"), "session_id": session, "user_id": "u-17",
                    "failures": [{"message": "it broke"}],
                    "steps": [{"step_id": "00000000000000a1", "input": "x"}]})
            };
            (0..count).map(one).collect()
        };
        for (session, count) in [("s-1", 450), ("s-2", 10)] {
            app.agent()
                .send_runs(&runs(session, count))
                .await
                .expect(200);
            app.strange_agent()
                .send_runs(&runs(session, count))
                .await
                .expect(200);
        }
        app.fold().await;
        erase(&admin, &json!({"session_id": "s-1"})).await;
        erase(&admin, &json!({"session_id": "nobody's"})).await;
        work(db).await;
        let list = admin.get("/v1/erasures").await.expect(200).json();
        let counts = |at: usize| list["erasures"][at]["counts"].clone();
        assert_eq!(counts(0)["runs"], 0);
        assert_eq!(counts(1)["runs"], 450);
        assert_eq!(counts(1)["steps"], 450);
        assert_eq!(counts(1)["failures"], 450);
        assert_eq!(
            counts(1)["failure_groups"],
            450,
            "each agent has a group of its own"
        );
        for (table, ours) in [
            ("agent_runs", 10),
            ("agent_steps", 10),
            ("agent_payloads", 10),
            ("agent_failures", 10),
            ("failure_groups", 10),
        ] {
            for (project, left) in [
                (OURS, ours),
                (THEIRS, if table == "failure_groups" { 450 } else { 460 }),
            ] {
                let id = project.id();
                let rows = format!("SELECT count(*) FROM {table} WHERE project_id = '{id}'");
                assert_eq!(count(db, &rows).await, left, "{table}");
            }
        }
        let groups = "SELECT sum(failures)::bigint FROM failure_groups";
        assert_eq!(count(db, groups).await, 10 + 460);
    });
}

#[test]
fn only_admins_ask_for_erasures_and_see_those_of_their_project() {
    with_app(async |app| {
        let admin = app.first_admin().await;
        let ours = admin.of_project(OURS);
        for role in [Role::Operator, Role::Viewer, Role::Executive] {
            let member = app.member(&admin, OURS, role).await;
            let body = json!({"user_id": "u"});
            member
                .send(Method::POST, "/v1/erasures", &body)
                .await
                .expect(403);
        }
        for wrong in [
            json!({}),
            json!({"user_id": "u", "session_id": "s"}),
            json!({"user_id": ""}),
            json!({"user_id": "a\nb"}),
            json!({"session_id": "x".repeat(256)}),
            json!({"run_id": RUN}),
        ] {
            ours.send(Method::POST, "/v1/erasures", &wrong)
                .await
                .expect(400);
        }
        let asked = erase(&ours, &json!({"user_id": "u-17"})).await;
        let path = format!("/v1/erasures/{}", asked["erasure_id"].as_str().unwrap());
        ours.get(&path).await.expect(200);
        admin.of_project(THEIRS).get(&path).await.expect(404);
        ours.get(&format!("/v1/erasures/{RUN}")).await.expect(404);
        let theirs = admin
            .of_project(THEIRS)
            .get("/v1/erasures")
            .await
            .expect(200);
        assert_eq!(theirs.json()["erasures"], json!([]));
        let control = app.db().connect("runwatch_control").await;
        let read = control.query("SELECT subject FROM erasures", &[]).await;
        read.expect_err("control does not read whom it is about");
    });
}

#[test]
fn it_is_not_done_before_whoever_did_not_know_of_it_has_ended() {
    with_app(async |app| {
        let db = app.db();
        let admin = app.first_admin().await.of_project(OURS);
        let agent = app.agent();
        agent
            .send_runs(&run(RUN, USER, "canaryword"))
            .await
            .expect(200);
        let asked = erase(&admin, &json!({"user_id": USER})).await;
        // Feedback that is on its way: it asked whether the run was erased before it was.
        let mut writing = db.connect("runwatch_ingest").await;
        let under_way = writing.transaction().await.unwrap();
        let late = "
            INSERT INTO run_feedback (project_id, run_id, feedback_id, content_hash, created_at,
                received_at, value_kind, source, name, comment)
            VALUES ($1, $2, $2, 0, now(), now(), 1, 0, 'n', 'canaryword')";
        let id: Uuid = RUN.parse().unwrap();
        under_way.execute(late, &[&OURS.id().0, &id]).await.unwrap();
        let mut conn = pool::connect(&db.url("runwatch_worker")).await.unwrap();
        for _ in 0..5 {
            erasures::turn(&mut conn).await.unwrap();
        }
        let path = format!("/v1/erasures/{}", asked["erasure_id"].as_str().unwrap());
        let pending = admin.get(&path).await.expect(200).json();
        assert_eq!(
            (&pending["status"], &pending["counts"]["runs"]),
            (&json!("pending"), &json!(1))
        );
        under_way.commit().await.unwrap();
        work(db).await;
        assert_eq!(
            places(db, OURS.id().0, b"canaryword").await,
            Vec::<String>::new()
        );
        let done = admin.get(&path).await.expect(200).json();
        assert_eq!(done["counts"]["feedback"], 2);
    });
}

#[test]
fn whoever_sends_again_while_it_is_erased_brings_nothing_back() {
    with_app(async |app| {
        let db = app.db();
        let admin = app.first_admin().await.of_project(OURS);
        let agent = app.agent();
        let id = |round: u128, n: u128| Uuid::from_u128(0x0199_c7a2 << 96 | round << 32 | n);
        for round in 0..6_u128 {
            let runs = |word: &str| -> Value {
                let one = |n| run(&id(round, n).to_string(), USER, word);
                (0..40).map(one).collect()
            };
            agent.send_runs(&runs("first")).await.expect(200);
            erase(&admin, &json!({"user_id": USER})).await;
            let resend = async |from: u128| {
                for n in (0..40).map(|n| (n + from) % 40) {
                    let run = run(&id(round, n).to_string(), USER, "again");
                    agent.send_runs(&run).await;
                    let path = id(round, n).to_string();
                    agent
                        .add_feedback(&path, &json!({"name": "x", "value": n.to_string()}))
                        .await;
                }
            };
            let trace = async || {
                for _ in 0..20 {
                    agent.send_traces(&trace(USER, "again")).await.expect(200);
                }
            };
            tokio::join!(resend(0), resend(13), resend(27), trace(), work(db));
            work(db).await;
        }
        for table in [
            "agent_runs",
            "agent_steps",
            "agent_payloads",
            "agent_failures",
            "run_feedback",
        ] {
            let left =
                format!("SELECT count(*) FROM {table} JOIN erased_runs USING (project_id, run_id)");
            assert_eq!(count(db, &left).await, 0, "{table}");
        }
        let erased = count(db, "SELECT count(*) FROM erased_runs").await;
        assert!(erased >= 240, "{erased}");
        let balance = "
            SELECT sum(items)::bigint FROM ingest_outcomes WHERE outcome = 'rejected' AND code = 'erased'";
        app.fold().await;
        let refused = count(db, balance).await;
        println!("{erased} runs erased, {refused} items refused");
        assert!(refused > 0);
    });
}
