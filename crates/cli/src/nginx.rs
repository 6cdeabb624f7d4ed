//! nginx, the public front: finds it, writes its configuration, and says how it is run.

mod access_log;
#[cfg(test)]
mod tests;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ipnet::IpNet;
use rustix::process::Signal;

pub(crate) use self::access_log::AccessLog;
use crate::account::nginx_user_directive;
use crate::ports::{Ports, on_loopback};
use crate::process::{Output, Program};

/// The configuration with placeholders, as it lies in the repository.
const TEMPLATE: &str = include_str!("../../../nginx/runwatch.conf");
/// Folders that may not be in the `PATH` of people who are not root.
const FOLDERS: [&str; 3] = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];
/// How long nginx may take to let requests end; its own `worker_shutdown_timeout` is 8 s.
const STOP_LIMIT: Duration = Duration::from_secs(12);

/// What differs between installations.
#[derive(Clone, Debug)]
pub(crate) struct Front {
    /// The public address.
    pub(crate) listen: IpAddr,
    /// All ports of the installation.
    pub(crate) ports: Ports,
    /// The public URL, whose host name is answered too.
    pub(crate) public_url: String,
    /// Requests a second from one client address to ingest-api; 0 is no limit.
    pub(crate) ingest_rate: u32,
    /// Requests a second from one client address to query-api; 0 is no limit.
    pub(crate) query_rate: u32,
    /// Certificate and key, if TLS is spoken.
    pub(crate) tls: Option<Certificate>,
    /// Who is believed about whom they pass on.
    pub(crate) trusted_proxies: Vec<IpNet>,
}

/// Where a certificate and its key are, as absolute paths of PEM files.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// The certificate, and those that lead from it to one that clients know.
    pub(crate) chain: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

/// Writes the configuration into a folder, has nginx check it, and says how to run it.
pub(crate) async fn prepare(front: &Front, dir: &Path) -> Result<(Program, AccessLog)> {
    let Some(nginx) = find(env::var_os("PATH").as_deref()) else {
        bail!("nginx was not found; install it (on Debian and Ubuntu: apt install nginx-light)");
    };
    let values = values(front, dir)?;
    let conf = dir.join("nginx.conf");
    make_folder(dir)
        .and_then(|()| fs::write(&conf, render(TEMPLATE, &values)?))
        .with_context(|| format!("failed to write {}", conf.display()))?;
    let program = Program {
        name: "nginx",
        path: nginx,
        args: vec![
            "-e".into(),
            "stderr".into(),
            "-p".into(),
            dir.into(),
            "-c".into(),
            conf.clone().into(),
        ],
        env: Vec::new(),
        dir: dir.to_owned(),
        account: None,
        stop_signal: Signal::QUIT,
        stop_limit: STOP_LIMIT,
        output: Output::Console,
    };
    let mut check = program.clone();
    check.args.push("-t".into());
    let checked = check.output().await.context("failed to run nginx")?;
    if !checked.status.success() {
        let said = String::from_utf8_lossy(&checked.stderr);
        bail!(
            "nginx refuses its configuration {}:\n{said}",
            conf.display()
        );
    }
    let access_log = AccessLog::of(&program);
    Ok((program, access_log))
}

/// The placeholders of the template and what stands in their places.
fn values(front: &Front, dir: &Path) -> Result<Vec<(&'static str, String)>> {
    let dir = plain(dir)?;
    let client = |rate: u32| {
        if rate == 0 {
            "\"\""
        } else {
            "$binary_remote_addr"
        }
    };
    let (tls, grpc, local, certificate) = match &front.tls {
        None => ("", "http2", String::new(), String::new()),
        Some(Certificate { chain, key }) => (
            " ssl http2",
            "ssl http2",
            format!("listen {};", on_loopback(front.ports.local)),
            format!(
                "ssl_certificate \"{}\"; ssl_certificate_key \"{}\";",
                plain(chain)?,
                plain(key)?
            ),
        ),
    };
    let proxies = |before: &str, behind: &str| {
        let networks = front.trusted_proxies.iter();
        let line = |network| format!("{before}{network}{behind};");
        networks.map(line).collect::<Vec<_>>().join(" ")
    };
    Ok(vec![
        ("USER_DIRECTIVE", nginx_user_directive()?),
        ("DATA_DIR", dir.to_owned()),
        (
            "LISTEN",
            format!("{}{tls}", SocketAddr::new(front.listen, front.ports.nginx)),
        ),
        (
            "LISTEN_GRPC",
            format!("{} {grpc}", SocketAddr::new(front.listen, front.ports.grpc)),
        ),
        ("LISTEN_LOCAL", local),
        ("CERTIFICATE", certificate),
        ("TRUSTED_PROXIES", proxies("set_real_ip_from ", "")),
        ("PROXIES", proxies("", " 1")),
        ("SERVER_NAMES", server_names(front)),
        (
            "INGEST_GRPC",
            on_loopback(front.ports.ingest_grpc).to_string(),
        ),
        ("INGEST", on_loopback(front.ports.ingest).to_string()),
        ("QUERY", on_loopback(front.ports.query).to_string()),
        ("CONTROL", on_loopback(front.ports.control).to_string()),
        ("INGEST_CLIENT", client(front.ingest_rate).to_owned()),
        ("QUERY_CLIENT", client(front.query_rate).to_owned()),
        ("INGEST_RATE", front.ingest_rate.max(1).to_string()),
        ("QUERY_RATE", front.query_rate.max(1).to_string()),
    ])
}

/// A path as it can stand in the configuration.
fn plain(path: &Path) -> Result<&str> {
    let text = path
        .to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))?;
    if text.contains(['"', '\\', '$', '\n']) {
        bail!("nginx cannot use {text:?} because of its special characters");
    }
    Ok(text)
}

/// The host names that are answered: on loopback only its own and that of the public URL; anything
/// elsewhere, where one machine has names that only its network knows.
fn server_names(front: &Front) -> String {
    if !front.listen.is_loopback() {
        return "~.".to_owned();
    }
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "[::1]".to_owned(),
    ];
    if let Some(host) = host_of(&front.public_url) {
        names.push(host.to_owned());
    }
    names.push(front.listen.to_string());
    names.sort();
    names.dedup();
    names.join(" ")
}

/// The host in a URL, as far as it is made of what host names are made of.
fn host_of(url: &str) -> Option<&str> {
    let (_scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.split(':').next()?;
    let fitting = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!host.is_empty() && host.chars().all(fitting)).then_some(host)
}

/// Fills in the placeholders `${NAME}`; a placeholder without a value is an error of ours.
fn render(template: &str, values: &[(&str, String)]) -> io::Result<String> {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    match text.find("${") {
        None => Ok(text),
        Some(at) => {
            let line = text.lines().nth(text.split_at(at).0.matches('\n').count());
            Err(io::Error::other(format!(
                "no value for a placeholder in: {}",
                line.unwrap_or("")
            )))
        }
    }
}

/// The folder of nginx: its worker processes, run by another account, have folders within it.
fn make_folder(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o711))
}

/// The program, if it is installed.
pub(crate) fn find(search_path: Option<&OsStr>) -> Option<PathBuf> {
    let folders = search_path.into_iter().flat_map(env::split_paths);
    let folders = folders.chain(FOLDERS.map(PathBuf::from));
    folders
        .map(|folder| folder.join("nginx"))
        .find(|program| program.is_file())
}
