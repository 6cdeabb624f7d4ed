//! Stock SDKs of other languages, installed at pinned versions outside the source tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use runwatch_service::env::Env;
use serde_json::Value;

/// Variables by which an SDK is told where to send.
pub type Variables = Vec<(&'static str, String)>;

/// The variables of OpenTelemetry's SDKs; the protocol is one of theirs, such as `grpc`.
pub fn opentelemetry(url: &str, key: &str, protocol: &str) -> Variables {
    vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.to_owned()),
        ("OTEL_EXPORTER_OTLP_HEADERS", format!("x-api-key={key}")),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.to_owned()),
    ]
}

/// The variables of Langfuse's SDKs.
pub fn langfuse(url: &str, key: &str) -> Variables {
    vec![
        ("LANGFUSE_BASE_URL", url.to_owned()),
        ("LANGFUSE_PUBLIC_KEY", "pk-any".to_owned()),
        ("LANGFUSE_SECRET_KEY", key.to_owned()),
    ]
}

/// The variables of LangSmith's SDK for its OpenTelemetry mode.
pub fn langsmith(url: &str, key: &str) -> Variables {
    vec![
        ("LANGSMITH_ENDPOINT", url.to_owned()),
        ("LANGSMITH_API_KEY", key.to_owned()),
        ("LANGSMITH_TRACING", "true".to_owned()),
        ("LANGSMITH_OTEL_ENABLED", "true".to_owned()),
        ("LANGSMITH_OTEL_ONLY", "true".to_owned()),
    ]
}

/// The variables of OpenAI's Agents SDK.
pub fn openai_agents(url: &str, key: &str) -> Variables {
    vec![
        ("TRACES_INGEST_URL", format!("{url}/v1/traces/ingest")),
        ("OPENAI_API_KEY", key.to_owned()),
    ]
}

/// Runs a program of `sdks/python`; the answer is what it printed, a document a line.
pub fn send_with_python(program: &str, variables: Variables) -> Vec<Value> {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let sources = sources("python");
    let folder =
        FOLDER.get_or_init(|| install("python", &sources, "requirements.txt", install_python));
    let mut command = Command::new(python(folder));
    send(command.arg(sources.join(program)), variables)
}

/// Runs a program of `sdks/node`; the answer is what it printed, a document a line.
pub fn send_with_node(program: &str, variables: Variables) -> Vec<Value> {
    let program = node_program("node", program);
    send(Command::new("node").arg(program), variables)
}

/// A program of a folder in `sdks`, beside the packages that it uses, which are installed.
pub(crate) fn node_program(name: &str, program: &str) -> PathBuf {
    static TURN: Mutex<()> = Mutex::new(());
    let sources = sources(name);
    // Whether or not another test failed in its turn.
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = install(name, &sources, "package-lock.json", install_node);
    drop(turn);
    // A program finds packages beside itself.
    let copy = folder.join(program);
    fs::copy(sources.join(program), &copy).expect("the file can be copied");
    copy
}

/// The programs that use the SDKs.
fn sources(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sdks")
        .join(language)
}

/// The folder with the SDKs of a language, installed unless exactly these versions are there: below
/// that of `RUNWATCH_SDKS`, else of that for temporary files.
fn install(language: &str, sources: &Path, lock: &str, install: fn(&Path, &Path)) -> PathBuf {
    let told = Env::process()
        .read(|env| env.checked("RUNWATCH_SDKS", None, |path| Ok(Some(PathBuf::from(path)))));
    let base = told
        .expect("any path is taken")
        .unwrap_or_else(std::env::temp_dir);
    let folder = base.join(format!("runwatch-sdk-{language}"));
    fs::create_dir_all(&folder).expect("the folder for SDKs can be made");
    let installed = folder.join("installed");
    let wanted = fs::read(sources.join(lock)).expect("the versions are pinned");
    if !fs::read(&installed).is_ok_and(|found| found == wanted) {
        install(sources, &folder);
        fs::write(installed, wanted).expect("the folder can be written");
    }
    folder
}

fn install_python(sources: &Path, folder: &Path) {
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(folder.join("venv")));
    run(Command::new(python(folder))
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "-r",
        ])
        .arg(sources.join("requirements.txt")));
}

fn python(folder: &Path) -> PathBuf {
    folder.join("venv/bin/python")
}

fn install_node(sources: &Path, folder: &Path) {
    for file in ["package.json", "package-lock.json"] {
        fs::copy(sources.join(file), folder.join(file)).expect("the file can be copied");
    }
    run(Command::new("npm")
        .args(["ci", "--silent", "--no-audit", "--no-fund"])
        .current_dir(folder));
}

fn send(command: &mut Command, variables: Variables) -> Vec<Value> {
    let lines = run(command.envs(variables));
    lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("it prints JSON"))
        .collect()
}

fn run(command: &mut Command) -> String {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {said}");
    String::from_utf8(output.stdout).expect("it prints text")
}
