//! `/health`, `/ready`, `/metrics`, and answers to what no handler takes.

use reqwest::Method;
use runwatch_tests::actor::JSON;
use runwatch_tests::app::with_app;
use serde_json::json;

#[test]
fn both_services_are_alive_ready_and_measured() {
    with_app(async |app| {
        app.agent()
            .send_runs(&json!({"agent_id": "a"}))
            .await
            .expect(200);
        let nobody = app.nobody();
        for (path, says) in [("/health", "ok"), ("/ready", "ready")] {
            let ingest = nobody
                .call(nobody.request_to_ingest(Method::GET, path))
                .await
                .expect(200);
            let query = nobody.get(path).await.expect(200);
            assert_eq!(
                (ingest.json(), query.json()),
                (json!({"status": says}), json!({"status": says}))
            );
        }
        let metrics = nobody
            .call(nobody.request_to_ingest(Method::GET, "/metrics"))
            .await
            .expect(200)
            .text();
        assert!(
            metrics.contains("runwatch_runs_ingested_total 1"),
            "{metrics}"
        );
        let samples = metrics.lines().filter(|line| !line.starts_with('#'));
        samples.for_each(|line| assert!(line.starts_with("runwatch_"), "{line}"));
    });
}

#[test]
fn an_unknown_path_is_not_found_and_an_unknown_method_is_told_the_others() {
    with_app(async |app| {
        assert_eq!(
            app.analyst().get("/v1/nothing").await.expect(404).code(),
            "not_found"
        );
        let analyst = app.analyst();
        let delete = analyst.request_to_ingest(Method::DELETE, "/v1/runs");
        let answer = analyst.call(delete).await.expect(405);
        assert_eq!(
            (answer.header("allow"), answer.code().as_str()),
            (Some("POST"), "method_not_allowed")
        );
        let head = analyst
            .call(analyst.request(Method::HEAD, "/v1/runs"))
            .await
            .expect(200);
        assert!(head.body.is_empty());
    });
}

#[test]
fn a_sane_request_id_comes_back_and_another_is_replaced() {
    with_app(async |app| {
        let nobody = app.nobody();
        let ask = async |id: &str| {
            let request = nobody
                .request(Method::GET, "/health")
                .header("x-request-id", id);
            nobody
                .call(request)
                .await
                .header("x-request-id")
                .unwrap()
                .to_owned()
        };
        assert_eq!(ask("order-7").await, "order-7");
        let replaced = ask(&"x".repeat(65)).await;
        assert_eq!(replaced.len(), 32, "{replaced}");
    });
}

#[test]
fn a_body_of_another_kind_is_refused() {
    with_app(async |app| {
        let agent = app.agent();
        for kind in ["text/plain", "application/xml", "multipart/form-data"] {
            let answer = agent.post("/v1/runs", kind, "{}").await.expect(415);
            assert_eq!(answer.code(), "unsupported_media_type");
        }
        agent
            .post(
                "/v1/runs",
                "application/json; charset=utf-8",
                r#"{"agent_id":"a"}"#,
            )
            .await
            .expect(200);
        let zstd = agent
            .request(Method::POST, "/v1/runs")
            .header("content-encoding", "zstd");
        let answer = agent
            .call(zstd.header("content-type", JSON).body("x"))
            .await
            .expect(415);
        assert_eq!(answer.code(), "unsupported_encoding");
    });
}
