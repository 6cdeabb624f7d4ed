//! `runwatch validate`: what would become of a file, as people read it in a terminal.

use std::path::{Path, PathBuf};

use runwatch_core::api_key::Scope;
use runwatch_tests::app::{TestApp, with_app};
use runwatch_tests::command::{Said, runwatch};
use runwatch_tests::projects::OURS;
use uuid::Uuid;

/// Runs the command against ingest-api, which nginx leads to.
async fn validate(app: &TestApp, words: &str) -> Said {
    let key = OURS.key(Scope::Ingest).to_text();
    let url = format!("http://{}", app.agent().ingest_address());
    let env = [("RUNWATCH_URL", url.as_str()), ("RUNWATCH_API_KEY", &key)];
    runwatch(&format!("validate {words}"), &env).await
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/otlp");
    let file = folder.join(name);
    file.display().to_string()
}

/// A file with this text, which lives as long as the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(text: &str) -> Self {
        let name = format!("runwatch-validate-{}.txt", Uuid::now_v7());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).expect("there is room");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed with the folder of such files.
        std::fs::remove_file(&self.0).ok();
    }
}

#[test]
fn a_recorded_body_is_explained() {
    with_app(async |app| {
        let name = fixture("strands-latest-028_v1_traces.body");
        let said = validate(app, &name).await;
        assert!(said.success, "{said:?}");
        for text in [
            "OpenTelemetry traces: 6 would be stored, 0 said twice, 0 refused",
            "weather_agent succeeded",
            "session s1, user u1",
            "tool get_weather failed, tool_error: boom",
            "event_loop.cycle_id",
            "not understood (filterable)",
        ] {
            assert!(said.text.contains(text), "{text}: {said:?}");
        }
        let json = validate(app, &format!("{name} --json")).await.json();
        assert_eq!(json["accepted"], 6);
    });
}

#[test]
fn what_would_be_refused_fails_the_command() {
    with_app(async |app| {
        let lines = Scratch::new("{\"agent_id\":\"a\"}\n{\"agent\":\"b\"}\n");
        let said = validate(app, &lines.0.display().to_string()).await;
        assert!(!said.success, "{said:?}");
        assert!(said.text.contains("[1] refused, unknown_field"), "{said:?}");
        assert!(said.error.contains("1 item would be refused"), "{said:?}");
        let missing = validate(app, "/nonexistent").await;
        assert!(
            missing.error.contains("failed to read /nonexistent"),
            "{missing:?}"
        );
    });
}
