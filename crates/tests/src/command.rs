//! The command `runwatch`, run to its end.

use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

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
    Said::of(command(words, env).output().await.expect("runwatch runs"))
}

/// The command while it runs; it ends with the value.
#[derive(Debug)]
pub struct Started {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// Starts it, as [`runwatch`] does, and leaves it running.
pub fn start(words: &str, env: &[(&str, &str)]) -> Started {
    let mut command = command(words, env);
    command.stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("runwatch runs");
    let output = child.stdout.take().expect("it is a pipe");
    Started {
        _child: child,
        lines: BufReader::new(output).lines(),
    }
}

impl Started {
    /// The next line of its output.
    pub async fn line(&mut self) -> String {
        let line = self.lines.next_line().await.expect("the output is text");
        line.expect("it goes on")
    }
}

/// Variables of ours that have another beginning.
const OTHERS: [&str; 5] = [
    "DATABASE_URL",
    "AUDIT_KEY",
    "API_KEY_PEPPER",
    "SECRETS_KEY",
    "SECRETS_KEY_FILE",
];

fn command(words: &str, env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binaries::path("runwatch"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RUNWATCH_")
            || OTHERS.iter().any(|other| name == *other)
        {
            command.env_remove(name);
        }
    }
    command
        .args(words.split_whitespace())
        .envs(env.iter().copied())
        .current_dir(Path::new("/"));
    command
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
