//! `/v1/runs/{run}/feedback`, `/v1/feedback` and scores: what somebody thinks of runs.

use reqwest::Method;
use runwatch_tests::actor::JSON;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::moments::{seconds_ago, without_times};
use serde_json::{Value, json};

const RUN: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11";
const OTHER: &str = "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a12";

fn judgement(id: u8, name: &str, value: &Value, seconds: i64) -> Value {
    json!({"id": format!("0199c7a2-7a51-7cc0-9d3e-0000000000{id:02x}"), "name": name, "value": value,
        "created_at": seconds_ago(seconds)})
}

/// Two runs, each with some feedback.
async fn send_judged_runs(app: &TestApp) {
    let agent = app.agent();
    let run = |id: &str, agent: &str| {
        json!({"run_id": id, "agent_id": agent, "status": "succeeded",
            "started_at": seconds_ago(100), "ended_at": seconds_ago(90)})
    };
    agent
        .send_runs(&json!([run(RUN, "support-bot"), run(OTHER, "billing-bot")]))
        .await
        .expect(200);
    let mut first = judgement(1, "helpfulness", &json!(0.25), 50);
    first["step_id"] = json!("00000000000000a1");
    first["comment"] = json!("it did not\nanswer");
    first["user_id"] = json!("u-17");
    first["source"] = json!("user");
    let all = json!([
        first,
        judgement(2, "thumbs", &json!(true), 40),
        judgement(3, "grade", &json!("good"), 30),
    ]);
    agent.add_feedback(RUN, &all).await.expect(200);
    let one = judgement(4, "helpfulness", &json!(0.75), 20);
    agent.add_feedback(OTHER, &one).await.expect(200);
}

#[test]
fn feedback_is_read_back_as_it_was_told() {
    with_app(async |app| {
        send_judged_runs(app).await;
        let analyst = app.analyst();
        let of_run = analyst
            .get(&format!("/v1/runs/{RUN}/feedback"))
            .await
            .expect(200)
            .json();
        insta::assert_json_snapshot!("of_run", without_times(of_run));
        for (query, expected) in [
            ("", 4),
            ("name=helpfulness", 2),
            ("name=helpfulness&min_value=0.5", 1),
            ("max_value=0.5", 1),
            ("min_value=1&max_value=1", 1),
            ("value=good", 1),
            ("value=bad", 0),
            (&format!("run_id={OTHER}"), 1),
            ("user_id=u-17", 1),
            ("source=user", 1),
            ("source=evaluator", 0),
        ] {
            let list = analyst
                .get(&format!("/v1/feedback?{query}"))
                .await
                .expect(200)
                .json();
            assert_eq!(
                list["feedback"].as_array().unwrap().len(),
                expected,
                "{query}"
            );
        }
        let theirs = app.stranger().get("/v1/feedback").await.expect(200).json();
        assert_eq!(theirs, json!({"feedback": [], "next_cursor": null}));
        app.stranger()
            .get(&format!("/v1/runs/{RUN}/feedback"))
            .await
            .expect(404);
    });
}

#[test]
fn feedback_may_come_before_its_run_and_does_not_make_it_known() {
    with_app(async |app| {
        let (agent, analyst) = (app.agent(), app.analyst());
        agent
            .add_feedback(RUN, &json!({"name": "thumbs", "value": false}))
            .await
            .expect(200);
        analyst.run(RUN).await.expect(404);
        let path = format!("/v1/runs/{RUN}/feedback");
        let told = analyst.get(&path).await.expect(200).json();
        assert_eq!(told["feedback"][0]["value"], json!(false));
        let run =
            json!({"run_id": RUN, "agent_id": "a", "feedback": [{"name": "more", "value": 1}]});
        agent.send_runs(&run).await.expect(200);
        let all = analyst.get(&path).await.expect(200).json();
        assert_eq!(all["feedback"].as_array().unwrap().len(), 2);
        let runs = analyst
            .get("/v1/runs?score=thumbs:eq:false&score=more:ge:1")
            .await
            .json();
        assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
        analyst
            .get(&format!("/v1/runs/{OTHER}/feedback"))
            .await
            .expect(404);
    });
}

#[test]
fn feedback_sent_again_is_a_duplicate_and_another_of_the_same_id_is_refused() {
    with_app(async |app| {
        let agent = app.agent();
        let without_id = json!({"name": "helpfulness", "value": 0.5, "comment": "so so"});
        let named = json!({"id": "score-7", "name": "helpfulness", "value": 0.5});
        let verdicts = async |feedback: &Value, status: u16| {
            let answer = agent
                .add_feedback(RUN, feedback)
                .await
                .expect(status)
                .json();
            (
                answer["accepted"].clone(),
                answer["duplicates"].clone(),
                answer["rejected"].clone(),
            )
        };
        let both = json!([without_id, named]);
        assert_eq!(verdicts(&both, 200).await, (json!(2), json!(0), json!([])));
        assert_eq!(verdicts(&both, 200).await, (json!(0), json!(2), json!([])));
        let mut other = named.clone();
        other["value"] = json!(0.9);
        let (accepted, duplicates, rejected) = verdicts(&json!([other, named]), 207).await;
        assert_eq!((accepted, duplicates), (json!(0), json!(1)));
        assert_eq!(
            (&rejected[0]["code"], &rejected[0]["index"]),
            (&json!("conflict"), &json!(0))
        );
        // Twice in one request, once as something else.
        let new = json!({"id": "score-8", "name": "n", "value": 1});
        let mut changed = new.clone();
        changed["value"] = json!(2);
        let (accepted, duplicates, rejected) = verdicts(&json!([new, new, changed]), 207).await;
        assert_eq!((accepted, duplicates), (json!(1), json!(1)));
        assert_eq!(rejected[0]["index"], 2);
        let kept = app
            .analyst()
            .get("/v1/quarantine?code=conflict")
            .await
            .expect(200)
            .json();
        assert_eq!(kept["items"].as_array().unwrap().len(), 2);
        let values = app.analyst().get("/v1/feedback").await.json();
        assert_eq!(values["feedback"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn what_is_no_feedback_is_refused_by_its_field_and_harms_no_other() {
    with_app(async |app| {
        let long = "x".repeat(100_000);
        let items = json!([
            {"name": "good", "value": 1},
            {"name": "", "value": 1},
            {"name": "n"},
            {"value": 1},
            {"name": "n", "value": null},
            {"name": "n", "value": [1]},
            {"name": "n", "value": 1, "source": "robot"},
            {"name": "n", "value": 1, "step_id": "x"},
            {"name": "n", "value": 1, "created_at": "now"},
            {"name": "n", "value": 1, "score": 2},
            {"id": "", "name": "n", "value": 1},
            7,
            {"name": format!("{long}\u{0}"), "value": format!("\u{0}{long}"), "comment": long, "id": long,
                "user_id": long},
        ]);
        let answer = app
            .agent()
            .add_feedback(RUN, &items)
            .await
            .expect(207)
            .json();
        insta::assert_json_snapshot!("refused", answer);
        let huge = r#"[{"name":"n","value":1e999},{"name":"half \ud800 pair","value":"\ud800"}]"#;
        let answer = app
            .agent()
            .post(&format!("/v1/runs/{RUN}/feedback"), JSON, huge)
            .await
            .expect(207);
        assert_eq!(answer.json()["accepted"], 1);
        app.analyst()
            .add_feedback(RUN, &json!({"name": "n", "value": 1}))
            .await
            .expect(403);
    });
}

#[test]
fn an_idempotency_key_guards_feedback_too() {
    with_app(async |app| {
        let agent = app.agent();
        let send = async |value: i64| {
            let request = agent
                .request(Method::POST, &format!("/v1/runs/{RUN}/feedback"))
                .header("content-type", JSON)
                .header("idempotency-key", "k");
            let body = json!({"name": "n", "value": value}).to_string();
            agent.call(request.body(body)).await
        };
        send(1).await.expect(200);
        send(1).await.expect(200);
        assert_eq!(send(2).await.expect(422).code(), "idempotency_key_reused");
        let list = app.analyst().get("/v1/feedback").await.json();
        assert_eq!(list["feedback"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn runs_are_found_by_their_scores() {
    with_app(async |app| {
        send_judged_runs(app).await;
        for (query, expected) in [
            ("score=helpfulness:lt:0.5", 1),
            ("score=helpfulness:ge:0.25", 2),
            ("score=helpfulness:gt:0.75", 0),
            ("score=helpfulness:le:0.25", 1),
            ("score=helpfulness:ne:0.25", 1),
            ("score=thumbs:eq:true", 1),
            ("score=grade:eq:good", 1),
            ("score=grade:eq:bad", 0),
            ("score=other:gt:0", 0),
            ("score=helpfulness:lt:0.5&score=thumbs:eq:1", 1),
            ("score=helpfulness:gt:0.5&score=thumbs:eq:1", 0),
        ] {
            for (path, name) in [("/v1/runs?", "runs"), ("/v1/export?what=runs&", "lines")] {
                let answer = app
                    .analyst()
                    .get(&format!("{path}{query}"))
                    .await
                    .expect(200);
                let found = match name {
                    "runs" => answer.json()["runs"].as_array().unwrap().len(),
                    _ => answer.text().lines().count(),
                };
                assert_eq!(found, expected, "{path}{query}");
            }
        }
        for wrong in [
            "helpfulness",
            "helpfulness:lt",
            "helpfulness:lt:good",
            ":lt:1",
            "a:about:1",
        ] {
            let answer = app
                .analyst()
                .get(&format!("/v1/runs?score={wrong}"))
                .await
                .expect(400);
            assert_eq!(answer.json()["field"], "score", "{wrong}");
        }
    });
}

#[test]
fn scores_are_added_up_by_bucket_name_and_agent() {
    with_app(async |app| {
        send_judged_runs(app).await;
        let unknown = json!({"name": "helpfulness", "value": 0.5, "created_at": seconds_ago(10)});
        app.agent()
            .add_feedback("0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a13", &unknown)
            .await
            .expect(200);
        let analyst = app.analyst();
        let get = async |query: &str| {
            let answer = analyst
                .get(&format!("/v1/usage/scores?bucket=all{query}"))
                .await;
            without_times(answer.expect(200).json())
        };
        insta::assert_json_snapshot!("scores", get("").await);
        insta::assert_json_snapshot!(
            "scores_by_agent",
            get("&name=helpfulness&group_by=agent").await
        );
        let of_agent = get("&agent=billing-bot").await;
        assert_eq!(of_agent["rows"].as_array().unwrap().len(), 1);
        assert_eq!(of_agent["rows"][0]["mean"], 0.75);
        let by_day = analyst
            .get("/v1/usage/scores?bucket=day")
            .await
            .expect(200)
            .json();
        assert!(
            by_day["rows"][0]["bucket"]
                .as_str()
                .unwrap()
                .ends_with("T00:00:00.000000Z")
        );
        let theirs = app
            .stranger()
            .get("/v1/usage/scores")
            .await
            .expect(200)
            .json();
        assert_eq!(theirs["rows"], json!([]));
    });
}
