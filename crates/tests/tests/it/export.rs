//! `GET /v1/export`: everything of many runs as a file.

mod broken;
mod forms;

use runwatch_tests::actor::Actor;
use runwatch_tests::app::with_app;
use runwatch_tests::moments::seconds_ago;
use serde_json::{Value, json};

/// Runs with this many steps each, every third of which failed, two at the same moment.
fn runs(steps: &[usize]) -> Value {
    let run = |(at, steps): (usize, &usize)| {
        let at = i64::try_from(at).unwrap();
        let step = |step: usize| {
            let status = if step % 3 == 2 { "failed" } else { "succeeded" };
            json!({"step_id": format!("{:016x}", step + 1), "name": format!("step {step}"),
                "kind": "tool", "status": status, "started_at": seconds_ago(600 - at / 2),
                "ended_at": seconds_ago(590 - at / 2)})
        };
        let steps: Vec<Value> = (0..*steps).map(step).collect();
        json!({"run_id": format!("0199c7a2-7a51-7cc0-9d3e-{at:012x}"), "agent_id": format!("agent {}", at % 2),
            "status": "succeeded", "started_at": seconds_ago(600 - at / 2),
            "ended_at": seconds_ago(580 - at / 2), "steps": steps})
    };
    steps.iter().enumerate().map(run).collect()
}

/// The rows of an export as JSON lines.
async fn rows(analyst: &Actor, query: &str) -> Vec<Value> {
    let answer = analyst
        .get(&format!("/v1/export?{query}"))
        .await
        .expect(200);
    lines(&answer.text())
}

fn lines(text: &str) -> Vec<Value> {
    let line =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(line).collect()
}

/// The ids of a row, as a client that kept it makes them a cursor.
fn cursor(what: &str, row: &Value) -> String {
    let id = |name: &str| row[name].as_str().unwrap().to_owned();
    match what {
        "runs" => id("run_id"),
        "steps" => format!("{}/{}", id("run_id"), id("step_id")),
        "failures" => format!("{}/{}", id("run_id"), id("failure_id")),
        _ => id("cursor"),
    }
}

#[test]
fn whoever_kept_the_last_row_goes_on_behind_it() {
    with_app(async |app| {
        app.agent()
            .send_runs(&runs(&[3, 0, 7, 1, 4]))
            .await
            .expect(200);
        app.fold().await;
        let analyst = app.analyst();
        // Usage has more rows when an hour ends meanwhile.
        for (what, expected) in [("runs", 5), ("steps", 15), ("failures", 4), ("usage", 10)] {
            let columns = if what == "usage" {
                "&columns=cursor,kind,status,agent_id,count"
            } else {
                ""
            };
            let query = format!("what={what}{columns}");
            let all = rows(&analyst, &query).await;
            let is_whole = all.len() == expected || (what == "usage" && all.len() > expected);
            assert!(is_whole, "{what}: {all:?}");
            for (at, row) in all.iter().enumerate() {
                let rest = rows(&analyst, &format!("{query}&cursor={}", cursor(what, row))).await;
                assert_eq!(rest, all[at + 1..], "{what} behind row {at}");
            }
        }
    });
}

#[test]
fn pages_hold_every_row_once_and_name_the_next() {
    with_app(async |app| {
        app.agent()
            .send_runs(&runs(&[3, 0, 7, 1, 4]))
            .await
            .expect(200);
        app.fold().await;
        let analyst = app.analyst();
        for what in ["runs", "steps", "failures", "usage"] {
            let all = rows(&analyst, &format!("what={what}")).await;
            for limit in [1, 2, 5, 1_000] {
                let mut path = format!("/v1/export?what={what}&limit={limit}");
                let mut seen = Vec::new();
                loop {
                    let page = analyst.get(&path).await.expect(200);
                    seen.extend(lines(&page.text()));
                    let Some(link) = page.header("link") else {
                        break;
                    };
                    assert!(page.header("x-next-cursor").is_some());
                    let next = link.strip_prefix('<').unwrap();
                    path = next.strip_suffix(">; rel=\"next\"").unwrap().to_owned();
                }
                assert_eq!(seen, all, "{what} by {limit}");
            }
        }
    });
}

#[test]
fn a_run_with_more_steps_than_are_read_at_a_time_is_exported_whole() {
    with_app(async |app| {
        let agent = app.agent();
        agent.send_runs(&runs(&[2, 0, 3])).await.expect(200);
        let run = "0199c7a2-7a51-7cc0-9d3e-000000000001";
        for part in 0..3_usize {
            let step = |at: usize| {
                json!({"step_id": format!("{:016x}", part * 5_000 + at + 1), "name": "s",
                    "started_at": seconds_ago(500), "ended_at": seconds_ago(499)})
            };
            let steps: Vec<Value> = (0..5_000).map(step).collect();
            agent.add_steps(run, &json!(steps)).await.expect(200);
        }
        let all = rows(&app.analyst(), "what=steps&columns=run_id,step_id").await;
        assert_eq!(all.len(), 15_005);
        let mut ids: Vec<String> = all.iter().map(Value::to_string).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 15_005);
        let cursor = cursor("steps", &all[12_345]);
        let query = format!("what=steps&columns=run_id,step_id&cursor={cursor}");
        assert_eq!(rows(&app.analyst(), &query).await, all[12_346..]);
    });
}

#[test]
fn filters_of_runs_choose_the_runs_whose_rows_are_exported() {
    with_app(async |app| {
        app.agent()
            .send_runs(&runs(&[3, 1, 7, 1, 4]))
            .await
            .expect(200);
        app.fold().await;
        for (query, expected) in [
            ("what=runs&agent=agent%201", 2),
            ("what=steps&agent=agent%201", 2),
            ("what=steps&agent=agent%200", 14),
            ("what=steps&status=failed", 0),
            ("what=failures&agent=agent%200&failure_type=tool_error", 4),
            ("what=runs&min_duration_ms=20001", 0),
            ("what=usage&tool=other", 0),
            (
                "what=runs&from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z",
                0,
            ),
        ] {
            assert_eq!(rows(&app.analyst(), query).await.len(), expected, "{query}");
        }
        let usage = rows(
            &app.analyst(),
            "what=usage&agent=agent%201&status=succeeded",
        )
        .await;
        let count: i64 = usage.iter().map(|row| row["count"].as_i64().unwrap()).sum();
        assert_eq!(count, 2 + 2, "runs and steps");
        let runs = rows(&app.analyst(), "what=runs").await;
        let third = runs[2]["started_at"].as_str().unwrap();
        let query = format!("what=runs&started_before={third}");
        assert_eq!(rows(&app.analyst(), &query).await, runs[..2]);
    });
}

#[test]
fn nobody_exports_what_belongs_to_others() {
    with_app(async |app| {
        app.agent().send_runs(&runs(&[3, 1])).await.expect(200);
        app.fold().await;
        for what in ["runs", "steps", "failures", "usage"] {
            assert_eq!(
                rows(&app.stranger(), &format!("what={what}")).await.len(),
                0
            );
        }
        let path = "/v1/export?what=steps&cursor=0199c7a2-7a51-7cc0-9d3e-000000000000";
        let answer = app.stranger().get(path).await.expect(400);
        assert_eq!(answer.json()["field"], "cursor");
        app.agent().get("/v1/export?what=runs").await.expect(403);
        app.nobody().get("/v1/export?what=runs").await.expect(401);
    });
}

#[test]
fn what_cannot_be_exported_is_refused_by_its_name() {
    with_app(async |app| {
        for (query, field) in [
            ("", "what"),
            ("what=alerts", "what"),
            ("what=runs&format=xml", "format"),
            ("what=runs&columns=run_id,nome", "columns"),
            ("what=runs&columns=run_id,run_id", "columns"),
            ("what=runs&columns=", "columns"),
            ("what=runs&payloads=true", "payloads"),
            ("what=steps&payloads=true&format=csv", "payloads"),
            ("what=runs&limit=0", "limit"),
            ("what=runs&limit=10001", "limit"),
            ("what=runs&cursor=x", "cursor"),
            (
                "what=steps&cursor=0199c7a2-7a51-7cc0-9d3e-000000000000/x",
                "cursor",
            ),
            ("what=usage&cursor=x", "cursor"),
            ("what=usage&session_id=s", "what"),
            (
                "what=runs&from=2026-01-01T00:00:00Z&to=2026-06-01T00:00:00Z",
                "from",
            ),
            ("what=runs&agnet=a", "agnet"),
        ] {
            let answer = app
                .analyst()
                .get(&format!("/v1/export?{query}"))
                .await
                .expect(400);
            assert_eq!(answer.code(), "invalid_parameter", "{query}");
            assert_eq!(answer.json()["field"], field, "{query}");
        }
    });
}
