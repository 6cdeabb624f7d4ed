//! Nothing disappears uncounted: what was received is what was stored, was there already, or was
//! rejected.

use runwatch_tests::app::with_app;
use serde_json::json;

#[test]
fn smoke() {
    with_app(async |app| {
        let began = tokio::time::Instant::now();
        let answer = app.agent().send_runs(&json!({"agent_id": "a", "steps": [{"name": "s", "kind": "llm"}]})).await.expect(200);
        println!("{:?} {}", began.elapsed(), answer.text());
        app.fold().await;
        println!("{}", runwatch_tests::dump::dump(&app.db().admin().await).await);
        let began = tokio::time::Instant::now();
        drop(answer);
        println!("{:?}", began.elapsed());
    });
}
