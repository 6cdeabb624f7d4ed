//! nginx, the public front: finds it, writes its configuration, and says how it is run.

mod access_log;
mod names;
#[cfg(test)]
mod tests;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ipnet::{IpNet, Ipv4Net};
use rustix::process::Signal;

pub(crate) use self::access_log::AccessLog;
use crate::account::nginx_user_directive;
use crate::args::FrontArgs;
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
    listen: IpAddr,
    ports: Ports,
    upstreams: Upstreams,
    server_names: Vec<String>,
    ingest_rate: u32,
    query_rate: u32,
    tls: Option<Certificate>,
    trusted_proxies: Vec<IpNet>,
}

/// Where the services are, each a host and a port.
#[derive(Clone, Debug)]
pub(crate) struct Upstreams {
    /// Each ingest-api over HTTP.
    pub(crate) ingest: Vec<String>,
    /// Each ingest-api over gRPC.
    pub(crate) ingest_grpc: Vec<String>,
    /// Each query-api.
    pub(crate) query: Vec<String>,
    /// Each control-api.
    pub(crate) control: Vec<String>,
}

/// Where a certificate and its key are, as absolute paths of PEM files.
#[derive(Clone, Debug)]
struct Certificate {
    /// The certificate, and those that lead from it to one that clients know.
    chain: PathBuf,
    /// Its key.
    key: PathBuf,
}

impl Upstreams {
    /// One of each, on this machine.
    pub(crate) fn on_loopback(ports: Ports) -> Self {
        let server = |port| vec![on_loopback(port).to_string()];
        Self {
            ingest: server(ports.ingest),
            ingest_grpc: server(ports.ingest_grpc),
            query: server(ports.query),
            control: server(ports.control),
        }
    }
}

impl Front {
    /// The front that the arguments describe; the files that they name are looked at.
    pub(crate) fn new(args: &FrontArgs, ports: Ports, upstreams: Upstreams) -> Result<Self> {
        Ok(Self {
            listen: args.listen,
            ports,
            upstreams,
            server_names: names::of(args),
            ingest_rate: args.ingest_rate_limit,
            query_rate: args.query_rate_limit,
            tls: certificate(args)?,
            trusted_proxies: trusted_proxies(args),
        })
    }

    /// The configuration, for a folder of nginx's own.
    pub(crate) fn configuration(&self, dir: &Path) -> Result<String> {
        Ok(render(TEMPLATE, &values(self, dir)?)?)
    }
}

/// Writes the configuration into a folder, has nginx check it, and says how to run it.
pub(crate) async fn prepare(front: &Front, dir: &Path) -> Result<(Program, AccessLog)> {
    let Some(nginx) = find(env::var_os("PATH").as_deref()) else {
        bail!("nginx was not found; install it (on Debian and Ubuntu: apt install nginx-light)");
    };
    let text = front.configuration(dir)?;
    let conf = dir.join("nginx.conf");
    make_folder(dir)
        .and_then(|()| fs::write(&conf, text))
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

/// The certificate that the arguments name; both files are looked at before anything depends on them.
fn certificate(args: &FrontArgs) -> Result<Option<Certificate>> {
    let found = |path: &PathBuf| {
        fs::canonicalize(path).with_context(|| format!("failed to find {}", path.display()))
    };
    let (Some(chain), Some(key)) = (&args.tls_cert, &args.tls_key) else {
        return Ok(None);
    };
    let (chain, key) = (found(chain)?, found(key)?);
    Ok(Some(Certificate { chain, key }))
}

/// Who is believed: this machine unless somebody is named.
fn trusted_proxies(args: &FrontArgs) -> Vec<IpNet> {
    if args.trusted_proxies.is_empty() {
        let loopback = [
            IpNet::from(Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 8)).trunc(),
            IpNet::from(IpAddr::from(Ipv6Addr::LOCALHOST)),
        ];
        return loopback.to_vec();
    }
    args.trusted_proxies.clone()
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
        ("SERVER_NAMES", front.server_names.join(" ")),
        ("INGEST_GRPC", servers(&front.upstreams.ingest_grpc)),
        ("INGEST", servers(&front.upstreams.ingest)),
        ("QUERY", servers(&front.upstreams.query)),
        ("CONTROL", servers(&front.upstreams.control)),
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

/// The servers of an upstream. None is ever taken out: one that restarts refuses at once, and the request
/// goes to the next.
fn servers(addresses: &[String]) -> String {
    let line = |address| format!("server {address} max_fails=0;");
    addresses.iter().map(line).collect::<Vec<_>>().join(" ")
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
pub(crate) fn make_folder(dir: &Path) -> io::Result<()> {
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
