//! `GET /v1/search`: words in what went in and out, in errors and names.

use std::collections::BTreeSet;

use runwatch_tests::actor::Actor;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::moments::{seconds_ago, without_times};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";

pub(crate) async fn search(actor: &Actor, query: &[(&str, &str)]) -> Value {
    let request = actor
        .request(reqwest::Method::GET, "/v1/search")
        .query(query);
    actor.call(request).await.expect(200).json()
}

/// The names of the steps that are found, and `run` where it is in the run as a whole.
async fn found(actor: &Actor, words: &str) -> Vec<String> {
    let found = search(actor, &[("q", words), ("limit", "100")]).await;
    assert_eq!(
        (&found["next_cursor"], &found["unsearched"]),
        (&Value::Null, &json!(0))
    );
    names(&found)
}

pub(crate) fn names(found: &Value) -> Vec<String> {
    let hits = found["hits"].as_array().unwrap();
    let name = |hit: &Value| hit["step"]["name"].as_str().unwrap_or("run").to_owned();
    hits.iter().map(name).collect()
}

/// The hits of all pages.
pub(crate) async fn page_by_page(actor: &Actor, words: &str, limit: &str) -> Vec<Value> {
    let (mut hits, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..1_000 {
        let mut query = vec![("q", words), ("limit", limit)];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let mut page = search(actor, &query).await;
        hits.append(page["hits"].as_array_mut().unwrap());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        assert_eq!(cursor.is_some(), page["searched_back_to"].is_string());
        if cursor.is_none() {
            return hits;
        }
    }
    panic!("the pages have no end");
}

/// Looks before the index is made, after, and after more came that it is not made of.
pub(crate) async fn at_all_times(app: &TestApp, look: impl AsyncFn(&Actor)) {
    look(&app.analyst()).await;
    app.index().await;
    look(&app.analyst()).await;
    let other = json!({"agent_id": "other-bot", "status": "succeeded",
        "steps": [{"kind": "llm", "name": "other", "input": "nothing of interest"}]});
    app.agent().send_runs(&other).await.expect(200);
    look(&app.analyst()).await;
}

fn step(id: u8, name: &str, input: &Value, output: &Value) -> Value {
    json!({"step_id": format!("00000000000000{id:02x}"), "kind": "llm", "name": name,
        "started_at": seconds_ago(100 - i64::from(id)), "ended_at": seconds_ago(99 - i64::from(id)),
        "input": input, "output": output})
}

fn steps_in_many_scripts() -> [Value; 8] {
    [
        step(
            1,
            "english",
            &json!("Where is my Parcel?"),
            &json!("It was misdelivered."),
        ),
        step(
            2,
            "german",
            &json!({"frage": "Wo bleibt die ÄNDERUNGSKÜNDIGUNG?"}),
            &json!("Größe"),
        ),
        step(
            3,
            "chinese",
            &json!([{"role": "user", "content": "订单什么时候到货？"}]),
            &json!("明天"),
        ),
        step(4, "arabic", &json!("أين طلبي رقم ٧٧٣١"), &json!("غدا")),
        step(5, "emoji", &json!("great 🎉👩‍👩‍👧"), &json!("🚀")),
        step(
            6,
            "japanese",
            &json!("配送状況を教えて"),
            &json!("カタカナ"),
        ),
        step(
            7,
            "escaped",
            &json!({"args": "{\"city\":\"M\\u00fcnchen \\ud83d\\ude80\"}"}),
            &json!("a\nb\tc"),
        ),
        step(
            8,
            "numbers",
            &json!({"order": 773_145, "ok": true}),
            &json!({"id": "ord-99-x"}),
        ),
    ]
}

#[test]
fn words_and_parts_of_words_are_found_in_any_script() {
    with_app(async |app| {
        let run = json!({"run_id": RUN, "agent_id": "support-bot", "status": "succeeded",
            "started_at": seconds_ago(100), "steps": steps_in_many_scripts()});
        app.agent().send_runs(&run).await.expect(200);
        at_all_times(app, async |analyst| {
            for (words, expected) in [
                ("parcel", vec!["english"]),
                ("PARCEL where", vec!["english"]),
                ("sdeliv", vec!["english"]),
                ("\"is my\"", vec!["english"]),
                ("\"my is\"", vec![]),
                ("änderungs", vec!["german"]),
                ("größe", vec!["german"]),
                ("frage", vec!["german"]),
                ("订单", vec!["chinese"]),
                ("货", vec!["chinese"]),
                ("طلبي", vec!["arabic"]),
                ("٧٧٣١", vec!["arabic"]),
                ("🎉", vec!["emoji"]),
                ("👩", vec!["emoji"]),
                ("🚀", vec!["emoji", "escaped"]),
                ("カタ", vec!["japanese"]),
                ("münchen", vec!["escaped"]),
                ("773145", vec!["numbers"]),
                ("7314", vec!["numbers"]),
                ("ord-99", vec!["numbers"]),
                ("ok", vec!["numbers"]),
                ("chinese", vec!["chinese"]),
                // Both occur, but not in one step.
                ("parcel größe", vec![]),
                ("nowhere", vec![]),
            ] {
                assert_eq!(found(analyst, words).await, expected, "{words}");
            }
        })
        .await;
        assert_eq!(found(&app.stranger(), "parcel").await, Vec::<String>::new());
    });
}

#[test]
fn a_hit_shows_where_it_is() {
    with_app(async |app| {
        let long = format!(
            "{} the refund was refused by the bank {}",
            "so ".repeat(60),
            "and ".repeat(60)
        );
        let mut failed = step(2, "pay_back", &json!({"order": 7}), &json!({"text": long}));
        failed["kind"] = json!("tool");
        failed["error"] = json!({"type": "BankError", "message": "Refund refused", "code": "402"});
        let run = json!({"run_id": RUN, "agent_id": "support-bot", "status": "failed",
            "started_at": seconds_ago(100), "steps": [step(1, "plan", &json!("x"), &json!("y")), failed]});
        app.agent().send_runs(&run).await.expect(200);
        app.index().await;
        let found = search(&app.analyst(), &[("q", "refund refused")]).await;
        insta::assert_json_snapshot!("hit", without_times(found));
    });
}

#[test]
fn what_came_without_payloads_is_found_by_its_name_and_error() {
    with_app(async |app| {
        let steps = json!([
            {"step_id": "00000000000000a1", "kind": "tool", "name": "lookup_order"},
            {"step_id": "00000000000000a2", "kind": "tool", "name": "pay",
             "error": {"type": "CardDeclined", "message": "insufficient funds"}},
        ]);
        let run = json!({"run_id": RUN, "agent_id": "support-bot", "status": "failed", "steps": steps,
            "input": {"question": "may I have it back"}});
        app.agent().send_runs(&run).await.expect(200);
        let failure = json!({"type": "dependency", "message": "the warehouse is closed"});
        app.agent().add_failures(RUN, &failure).await.expect(200);
        at_all_times(app, async |analyst| {
            for (words, expected) in [
                ("lookup", vec!["lookup_order"]),
                ("carddeclined funds", vec!["pay"]),
                ("\"have it back\"", vec!["run"]),
                ("warehouse", vec!["run"]),
                ("lookup funds", vec![]),
            ] {
                assert_eq!(found(analyst, words).await, expected, "{words}");
            }
        })
        .await;
    });
}

#[test]
fn a_step_that_ends_later_hides_none_of_those_that_came_with_it() {
    with_app(async |app| {
        let step = |id: u8, name: &str| {
            json!({"step_id": format!("00000000000000{id:02x}"), "kind": "tool", "name": name,
                "started_at": seconds_ago(50)})
        };
        let begun = json!([step(1, "search_docs"), step(2, "search_web")]);
        app.agent().add_steps(RUN, &begun).await.expect(200);
        let mut ended = step(1, "search_docs");
        ended["ended_at"] = json!(seconds_ago(49));
        app.agent()
            .add_steps(RUN, &json!([ended]))
            .await
            .expect(200);
        at_all_times(app, async |analyst| {
            let mut names = found(analyst, "search").await;
            names.sort();
            assert_eq!(names, ["search_docs", "search_web"]);
        })
        .await;
    });
}

#[test]
fn a_copy_that_was_replaced_is_not_found() {
    with_app(async |app| {
        let started = seconds_ago(50);
        let begun = json!([{"step_id": "00000000000000a1", "kind": "llm", "name": "answer",
            "started_at": started, "input": "the first draft"}]);
        app.agent().add_steps(RUN, &begun).await.expect(200);
        assert_eq!(found(&app.analyst(), "draft").await, ["answer"]);
        let ended = json!([{"step_id": "00000000000000a1", "kind": "llm", "name": "answer",
            "started_at": started, "ended_at": seconds_ago(49), "input": "the final text"}]);
        app.agent().add_steps(RUN, &ended).await.expect(200);
        at_all_times(app, async |analyst| {
            assert_eq!(found(analyst, "draft").await, Vec::<String>::new());
            assert_eq!(found(analyst, "final").await, ["answer"]);
        })
        .await;
    });
}

/// Forty runs, the latest first in the answer, each with two steps that are found.
pub(crate) async fn send_many(app: &TestApp, index_every: usize) {
    for at in 0..40_u8 {
        let age = i64::from(200 - at);
        let step = |number: u8| {
            json!({"step_id": format!("00000000000000{number:02x}"), "kind": "llm",
                "name": format!("step {at} {number}"), "input": format!("common text, number n{at:03}"),
                "started_at": seconds_ago(age - i64::from(number)), "ended_at": seconds_ago(age - 3)})
        };
        let run = json!({"run_id": Uuid::now_v7(), "agent_id": format!("agent-{}", at % 4),
            "status": if at % 8 == 0 { "failed" } else { "succeeded" },
            "started_at": seconds_ago(age), "steps": [step(1), step(2)]});
        app.agent().send_runs(&run).await.expect(200);
        if usize::from(at) % index_every == 0 {
            app.index().await;
        }
    }
}

#[test]
fn pages_follow_each_other_from_the_latest_run_on_and_segments_merge() {
    with_app(async |app| {
        send_many(app, 1).await;
        app.index().await;
        let admin = app.db().admin().await;
        let segments = "SELECT count(*), sum(documents)::bigint FROM search_segments";
        let segments = admin.query_one(segments, &[]).await.unwrap();
        assert!(segments.get::<_, i64>(0) <= 12, "they were merged");
        assert_eq!(segments.get::<_, i64>(1), 40, "and none was lost");
        let expected: Vec<String> = (0..40)
            .rev()
            .flat_map(|at| [1, 2].map(|number| format!("step {at} {number}")))
            .collect();
        for limit in ["7", "1", "80"] {
            let hits = page_by_page(&app.analyst(), "common text", limit).await;
            assert_eq!(names(&json!({ "hits": hits })), expected, "{limit}");
        }
    });
}

#[test]
fn every_filter_of_runs_narrows_a_search() {
    with_app(async |app| {
        send_many(app, 13).await;
        let count = async |query: &[(&str, &str)]| {
            let found = search(&app.analyst(), query).await;
            assert_eq!(found["next_cursor"], Value::Null);
            let runs = found["hits"].as_array().unwrap().iter();
            let runs: BTreeSet<String> = runs.map(|hit| hit["run"]["run_id"].to_string()).collect();
            runs.len()
        };
        let q = ("q", "common");
        let all = ("limit", "100");
        assert_eq!(count(&[q, all]).await, 40);
        assert_eq!(count(&[q, all, ("agent", "agent-1")]).await, 10);
        assert_eq!(count(&[q, all, ("status", "failed")]).await, 5);
        assert_eq!(
            count(&[q, all, ("agent", "agent-1"), ("status", "failed")]).await,
            0
        );
        // The twentieth run from the latest one on, two hits each.
        let found = search(&app.analyst(), &[q, all]).await;
        let middle = found["hits"][39]["run"]["started_at"].as_str().unwrap();
        let before = count(&[q, all, ("started_before", middle)]).await;
        let after = count(&[q, all, ("started_after", middle)]).await;
        assert_eq!((before, after), (20, 20));
    });
}

#[test]
fn a_question_that_cannot_be_answered_is_refused() {
    with_app(async |app| {
        let words = "a b c d e f g h i j k".replace(' ', "+");
        let long = "x".repeat(501);
        for query in [
            "",
            "q=",
            "q=%20",
            &format!("q={words}"),
            &format!("q={long}"),
        ] {
            let refused = app.analyst().get(&format!("/v1/search?{query}")).await;
            assert_eq!(refused.expect(400).json()["field"], "q", "{query}");
        }
        let refused = app.analyst().get("/v1/search?q=x&limit=101").await;
        assert_eq!(refused.expect(400).json()["field"], "limit");
        let refused = app.analyst().get("/v1/search?q=x&cursor=abc").await;
        assert_eq!(refused.expect(400).json()["field"], "cursor");
    });
}
