//! The installation of `runwatch up` on this machine, as far as its data folder tells.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::ports::{PORT, Ports};
use crate::postgres::{DATABASE, SUPERUSER};
use crate::secrets::Secrets;
use crate::up::default_data_dir;

/// The line of `postmaster.pid` with the server's port.
const PORT_LINE: usize = 3;

/// What is known of the installation.
#[derive(Debug)]
pub(crate) struct Installation {
    /// Its data folder, if there is one.
    pub(crate) data_dir: Option<PathBuf>,
    /// The process of `runwatch up`, if it runs.
    pub(crate) running: Option<String>,
    /// Its ports; none if they cannot be.
    pub(crate) ports: Option<Ports>,
    /// Its private database as the superuser, if it has one.
    pub(crate) admin_url: Option<String>,
}

impl Installation {
    /// Looks into the data folder, which is the usual one unless another is named, as the port is.
    pub(crate) fn find(data_dir: Option<&Path>, port: Option<u16>) -> Self {
        let data_dir = data_dir.map_or_else(default_data_dir, Path::to_owned);
        let found = data_dir.is_dir().then_some(data_dir);
        let dir = found.as_deref();
        let base = port.or_else(|| base_port(dir?));
        let ports = Ports::from_base(base.unwrap_or(PORT), dir.and_then(grpc_port)).ok();
        Self {
            running: dir.and_then(running),
            admin_url: dir
                .zip(ports)
                .and_then(|(dir, ports)| admin_url(dir, ports)),
            ports,
            data_dir: found,
        }
    }

    /// A secret that the services are told by this variable.
    pub(crate) fn secret(&self, variable: &str) -> Option<String> {
        let secrets = Secrets::open(self.data_dir.as_ref()?.join("secrets")).ok()?;
        secrets.get(variable).map(str::to_owned)
    }
}

/// The public port, from that of the database.
fn base_port(data_dir: &Path) -> Option<u16> {
    let text = fs::read_to_string(data_dir.join("postgres/postmaster.pid")).ok()?;
    let port: u16 = text.lines().nth(PORT_LINE)?.trim().parse().ok()?;
    port.checked_sub(Ports::POSTGRES_OFFSET)
}

/// The public port for gRPC, which can be told apart from the others, from nginx's configuration.
fn grpc_port(data_dir: &Path) -> Option<u16> {
    let text = fs::read_to_string(data_dir.join("nginx/nginx.conf")).ok()?;
    let mut listens = text
        .lines()
        .filter_map(|line| line.trim().strip_suffix(" http2;"));
    let (_, port) = listens
        .next_back()?
        .trim_end_matches(" ssl")
        .rsplit_once(':')?;
    port.parse().ok()
}

/// The process that holds the lock of the folder.
fn running(data_dir: &Path) -> Option<String> {
    let path = data_dir.join("lock");
    let lock = File::open(&path).ok()?;
    match lock.try_lock() {
        Err(fs::TryLockError::WouldBlock) => fs::read_to_string(path).ok(),
        // It is let go at once, with the file.
        _ => None,
    }
}

fn admin_url(data_dir: &Path, ports: Ports) -> Option<String> {
    if !data_dir.join("postgres").is_dir() {
        return None;
    }
    let secrets = Secrets::open(data_dir.join("secrets")).ok()?;
    let password = secrets.get("password.postgres")?;
    let port = ports.postgres;
    Some(format!(
        "postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/{DATABASE}"
    ))
}
