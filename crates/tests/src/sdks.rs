//! Stock SDKs of other languages, installed at pinned versions outside the source tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use runwatch_service::env::Env;
use serde_json::Value;

/// Where SDKs are installed: the folder of `RUNWATCH_SDKS`, else one for temporary files.
fn folder(language: &str) -> PathBuf {
    let told = Env::process()
        .read(|env| env.checked("RUNWATCH_SDKS", None, |path| Ok(Some(PathBuf::from(path)))));
    let base = told
        .expect("any path is taken")
        .unwrap_or_else(std::env::temp_dir);
    let folder = base.join(format!("runwatch-sdk-{language}"));
    fs::create_dir_all(&folder).expect("the folder for SDKs can be made");
    folder
}

/// The programs that use the SDKs.
fn sources(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sdks")
        .join(language)
}

/// Sends traces with the Python SDKs; the answer is what was sent.
pub fn send_with_python(url: &str, key: &str) -> Vec<Value> {
    let (sources, folder) = (sources("python"), folder("python"));
    let python = folder.join("venv/bin/python");
    install_once(&folder, &sources.join("requirements.txt"), || {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(folder.join("venv")));
        let mut pip = Command::new(&python);
        run(pip
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "-r"])
            .arg(sources.join("requirements.txt")));
    });
    send(Command::new(python).arg(sources.join("send.py")), url, key)
}

/// Sends a trace with the JavaScript SDK; the answer is what was sent.
pub fn send_with_node(url: &str, key: &str) -> Vec<Value> {
    let (sources, folder) = (sources("node"), folder("node"));
    install_once(&folder, &sources.join("package-lock.json"), || {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(sources.join(file), folder.join(file)).expect("the file can be copied");
        }
        run(Command::new("npm")
            .args(["ci", "--silent", "--no-audit", "--no-fund"])
            .current_dir(&folder));
    });
    // A program finds packages beside itself.
    fs::copy(sources.join("send.js"), folder.join("send.js")).expect("the file can be copied");
    send(Command::new("node").arg(folder.join("send.js")), url, key)
}

/// Installs, unless exactly these versions are installed already.
fn install_once(folder: &Path, lock: &Path, install: impl FnOnce()) {
    let installed = folder.join("installed");
    let wanted = fs::read(lock).expect("the versions are pinned");
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return;
    }
    install();
    fs::write(installed, wanted).expect("the folder can be written");
}

fn send(command: &mut Command, url: &str, key: &str) -> Vec<Value> {
    let command = command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        .env("OTEL_EXPORTER_OTLP_HEADERS", format!("x-api-key={key}"));
    let lines = run(command);
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
