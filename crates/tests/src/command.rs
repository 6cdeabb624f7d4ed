//! The command `runwatch`, run to its end.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tokio::process::Command;

use crate::binaries;

/// What the command said, and whether it succeeded.
#[derive(Debug)]
pub struct Said {
    /// Whether it ended with 0.
    pub success: bool,
    /// Its output.
    pub text: String,
    /// Its error output.
    pub error: String,
}

/// Runs it with words separated by blanks and these variables, and no others of ours.
pub async fn runwatch(words: &str, env: &[(&str, &str)]) -> Said {
    let mut command = Command::new(binaries::path("runwatch"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RUNWATCH_") || name == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command
        .args(words.split_whitespace())
        .envs(env.iter().copied());
    let output = command.current_dir(Path::new("/")).output().await;
    Said::of(output.expect("runwatch runs"))
}

impl Said {
    fn of(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            success: output.status.success(),
            text: text(&output.stdout),
            error: text(&output.stderr),
        }
    }

    /// The output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}
