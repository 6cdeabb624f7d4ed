//! `/v1/quarantine`: what was refused is kept with its reason.

use runwatch_tests::app::with_app;
use runwatch_tests::moments::without_times;
use serde_json::json;

#[test]
fn a_refused_item_is_kept_as_it_was_sent() {
    with_app(async |app| {
        app.agent()
            .send_runs(&json!([{"agent_id": "a"}, {"agnet_id": "b"}]))
            .await
            .expect(207);
        let kept = app.analyst().get("/v1/quarantine").await.expect(200).json();
        let mut kept = without_times(kept);
        let items = kept["items"].as_array_mut().expect("items are listed");
        items
            .iter_mut()
            .for_each(|item| item["item_id"] = json!("[id]"));
        insta::assert_json_snapshot!("refused", kept);
        let theirs = app
            .stranger()
            .get("/v1/quarantine")
            .await
            .expect(200)
            .json();
        assert_eq!(theirs["items"], json!([]));
    });
}
