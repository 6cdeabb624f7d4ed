//! The search index behind `GET /v1/search`: what it is made of, how much at a time, and what it names.

use std::collections::BTreeSet;
use std::time::Duration;

use runwatch_core::changes::{RunChange, RunTexts, to_bytes};
use runwatch_core::failures::FailureId;
use runwatch_core::ids::RunId;
use runwatch_core::time::Timestamp;
use runwatch_search::query::Query;
use runwatch_store::pool;
use runwatch_store::search::{Candidates, Window, index};
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::moments::seconds_ago;
use runwatch_tests::projects::OURS;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::search::{RUN, at_all_times, names, page_by_page, search, send_many};

/// A change in which a failure was told of a run, and its text, as they are stored.
fn told(run: RunId, message: &str) -> (Vec<u8>, Vec<u8>) {
    let mut change = RunChange::without_steps(run, Default::default(), Timestamp(0));
    change.told.push(FailureId(Uuid::now_v7()));
    let texts = RunTexts {
        told: vec![message.to_owned()],
        ..RunTexts::default()
    };
    (to_bytes(&[change]), to_bytes(&[texts]))
}

/// A run that is told in pieces: steps without payloads, then with them, and failures.
async fn send_in_pieces(app: &TestApp, run: &str) {
    let step = |id: u8, more: Value| {
        let mut step = json!({"step_id": format!("00000000000000{id:02x}"), "kind": "tool",
            "name": format!("flight {id}"), "started_at": seconds_ago(50)});
        step.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        step
    };
    let bare = |id: u8| step(id, json!({}));
    let whole = |id: u8| {
        step(
            id,
            json!({"ended_at": seconds_ago(40), "input": "a flight to Oslo"}),
        )
    };
    for steps in [
        json!([bare(1), bare(2), bare(3)]),
        json!([bare(4), whole(5)]),
        json!([whole(1), bare(6)]),
        json!([whole(4), whole(7)]),
    ] {
        app.agent().add_steps(run, &steps).await.expect(200);
    }
    for message in ["the flight is full", "the flight is late"] {
        let failure = json!({"type": "dependency", "message": message});
        app.agent().add_failures(run, &failure).await.expect(200);
    }
}

#[test]
fn each_step_and_each_failure_is_found_once_whatever_the_pages() {
    with_app(async |app| {
        send_in_pieces(app, RUN).await;
        at_all_times(app, async |analyst| {
            for limit in ["1", "3", "100"] {
                let hits = page_by_page(analyst, "flight", limit).await;
                let of_run = hits.iter().filter(|hit| hit["step"].is_null());
                let said: BTreeSet<String> =
                    of_run.map(|hit| hit["snippets"].to_string()).collect();
                assert_eq!(said.len(), 2, "{limit}");
                let mut names = names(&json!({ "hits": hits }));
                names.sort();
                let expected = (1..=7).map(|id| format!("flight {id}"));
                let expected: Vec<String> =
                    expected.chain(["run", "run"].map(str::to_owned)).collect();
                assert_eq!(names, expected, "{limit}");
            }
        })
        .await;
    });
}

#[test]
fn a_page_that_ends_within_a_run_goes_on_there_whatever_came_since() {
    with_app(async |app| {
        let step = |at: usize| {
            json!({"step_id": format!("{:016x}", at + 1), "kind": "tool", "name": format!("find {at}"),
                "started_at": seconds_ago(100)})
        };
        let steps: Vec<Value> = (0..6).map(step).collect();
        app.agent().add_steps(RUN, &json!(steps)).await.expect(200);
        let later = json!({"agent_id": "later", "started_at": seconds_ago(5),
            "steps": [{"kind": "tool", "name": "find later", "started_at": seconds_ago(5)}]});
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        for at in 0..10 {
            let mut query = vec![("q", "find"), ("limit", "2")];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = search(&app.analyst(), &query).await;
            found.extend(names(&page));
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
            if at == 0 {
                app.agent().send_runs(&later).await.expect(200);
                // The copy behind which the page ended is replaced by a finished one.
                let mut ended = step(1);
                ended["ended_at"] = json!(seconds_ago(90));
                app.agent()
                    .add_steps(RUN, &json!([ended]))
                    .await
                    .expect(200);
                app.index().await;
            }
        }
        found.sort();
        found.dedup();
        let expected: Vec<String> = (0..6).map(|at| format!("find {at}")).collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn what_went_into_a_run_is_found_once_however_often_it_is_told() {
    with_app(async |app| {
        let input = json!({"run_id": RUN, "agent_id": "a", "input": "a rare question"});
        let mut more = input.clone();
        more["started_at"] = json!(seconds_ago(60));
        let mut ended = more.clone();
        ended["output"] = json!("a rare answer");
        ended["status"] = json!("succeeded");
        for run in [&input, &more, &ended] {
            app.agent().send_runs(run).await.expect(200);
        }
        at_all_times(app, async |analyst| {
            for (words, expected) in [("question", 1), ("answer", 1)] {
                let hits = page_by_page(analyst, words, "1").await;
                assert_eq!(hits.len(), expected, "{words}");
            }
        })
        .await;
        let run = app
            .analyst()
            .get(&format!("/v1/runs/{RUN}"))
            .await
            .expect(200)
            .json();
        assert_eq!(run["input"], "a rare question");
        assert_eq!(run["output"], "a rare answer");
    });
}

#[test]
fn runs_of_one_start_are_looked_at_in_turns() {
    with_app(async |app| {
        let start = seconds_ago(60);
        let run = |_| {
            json!({"run_id": Uuid::now_v7(), "agent_id": "a", "started_at": start,
            "steps": [{"kind": "llm", "name": "same", "input": "one of many", "started_at": start}]})
        };
        let runs: Vec<Value> = (0..300).map(run).collect();
        app.agent().send_runs(&json!(runs)).await.expect(200);
        app.index().await;
        let mut conn = pool::connect(&app.db().url("runwatch_worker"))
            .await
            .unwrap();
        let grams = Query::parse("many").unwrap().grams();
        let open = Candidates::open(&mut conn, OURS.id(), grams, Window::default()).await;
        let first = open.unwrap().next(&mut conn, 10).await.unwrap();
        assert!((10..20).contains(&first.len()), "{}", first.len());
        let hits = page_by_page(&app.analyst(), "many", "70").await;
        let runs = hits.iter().map(|hit| hit["run"]["run_id"].to_string());
        assert_eq!(
            (hits.len(), runs.collect::<BTreeSet<_>>().len()),
            (300, 300)
        );
    });
}

#[test]
fn the_index_is_made_of_so_many_bytes_at_a_time() {
    with_app(async |app| {
        let admin = app.db().admin().await;
        let (body, texts) = told(RunId(RUN.parse().unwrap()), "said");
        let insert = "
            INSERT INTO run_changes (project_id, transaction_id, text_bytes, recorded_at, body, texts)
            SELECT $1, number, 6000000, rw_now(), $2, $3 FROM generate_series(1, 7) number";
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&OURS.id().0, &body, &texts];
        admin.execute(insert, &params).await.unwrap();
        let mut conn = pool::connect(&app.db().url("runwatch_worker"))
            .await
            .unwrap();
        let mut made = Vec::new();
        loop {
            match index(&mut conn, Duration::ZERO).await.unwrap() {
                0 => break,
                documents => made.push(documents),
            }
        }
        assert_eq!(made, [3, 3, 1]);
    });
}

#[test]
fn segments_that_are_large_are_merged_fewer_at_a_time() {
    with_app(async |app| {
        let admin = app.db().admin().await;
        for at in 0..8 {
            if at == 7 {
                let grown = "UPDATE search_segments SET bytes = 20000000";
                admin.batch_execute(grown).await.unwrap();
            }
            let run = json!({"agent_id": "a", "steps": [{"kind": "llm", "name": "one"}]});
            app.agent().send_runs(&run).await.expect(200);
            app.index().await;
        }
        let made = "SELECT documents FROM search_segments ORDER BY documents DESC";
        let made = admin.query(made, &[]).await.unwrap();
        let documents: Vec<i32> = made.iter().map(|row| row.get(0)).collect();
        assert_eq!(documents, [3, 1, 1, 1, 1, 1]);
    });
}

#[test]
fn the_index_names_no_more_than_what_has_the_grams() {
    with_app(async |app| {
        send_many(app, 13).await;
        app.index().await;
        let url = app.db().url("runwatch_worker");
        let mut conn = pool::connect(&url).await.unwrap();
        for (words, expected) in [("common", 40), ("n037", 1), ("nothing", 0)] {
            let grams = Query::parse(words).unwrap().grams();
            let window = Window::default();
            let open = Candidates::open(&mut conn, OURS.id(), grams, window).await;
            let found = open.unwrap().next(&mut conn, 100).await.unwrap();
            assert_eq!(found.len(), expected, "{words}");
        }
    });
}

#[test]
fn the_index_is_made_of_all_projects_of_one_transaction() {
    with_app(async |app| {
        let admin = app.db().admin().await;
        let projects: Vec<Uuid> = (0..120).map(|_| Uuid::now_v7()).collect();
        let run = RunId(RUN.parse().unwrap());
        let (body, texts) = told(run, "said");
        let insert = "
            INSERT INTO run_changes (project_id, transaction_id, text_bytes, recorded_at, body, texts)
            SELECT *, pg_current_xact_id()::text::bigint, 4, rw_now(), $2, $3 FROM unnest($1::uuid[])";
        admin
            .execute(insert, &[&projects, &body, &texts])
            .await
            .unwrap();
        app.index().await;
        let made = "SELECT count(DISTINCT project_id) FROM search_segments";
        let made = admin.query_one(made, &[]).await.unwrap();
        assert_eq!(made.get::<_, i64>(0), 120);
    });
}

#[test]
fn what_waits_for_the_index_and_is_too_much_to_be_read_is_counted() {
    with_app(async |app| {
        let run = RunId(RUN.parse().unwrap());
        let (body, texts) = told(run, "said");
        let admin = app.db().admin().await;
        let insert = "
            INSERT INTO run_changes (project_id, transaction_id, text_bytes, recorded_at, body, texts)
            SELECT $1, number, 4, rw_now(), $2, $3 FROM generate_series(1, 230) number";
        admin
            .execute(insert, &[&OURS.id().0, &body, &texts])
            .await
            .unwrap();
        let found = search(&app.analyst(), &[("q", "said")]).await;
        assert_eq!(found["unsearched"], 30);
    });
}

#[test]
fn what_the_index_was_never_made_of_is_told() {
    with_app(async |app| {
        let run =
            json!({"run_id": RUN, "agent_id": "a", "steps": [{"kind": "llm", "name": "lost"}]});
        app.agent().send_runs(&run).await.expect(200);
        let admin = app.db().admin().await;
        let age = "UPDATE run_changes SET recorded_at = recorded_at - interval '3 days'";
        admin.batch_execute(age).await.unwrap();
        let url = app.db().url("runwatch_worker");
        let mut conn = pool::connect(&url).await.unwrap();
        let forgotten = runwatch_store::changes::forget(&mut conn, true).await;
        assert_eq!(forgotten.unwrap(), 1);
        let later = json!({"agent_id": "a", "steps": [{"kind": "llm", "name": "later"}]});
        app.agent().send_runs(&later).await.expect(200);
        for _ in 0..2 {
            let found = search(&app.analyst(), &[("q", "later")]).await;
            assert_eq!(
                (names(&found), &found["has_gaps"]),
                (vec!["later".to_owned()], &json!(true))
            );
            app.index().await;
        }
    });
}
