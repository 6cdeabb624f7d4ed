//! This machine: disk, ports, nginx.

use std::env;
use std::io;
use std::path::Path;
use std::process::Command;

use rustix::fs::statvfs;

use super::report::{Area, Report};
use crate::installation::Installation;
use crate::nginx;
use crate::ports::{PortError, Ports, check_free, on_loopback};
use crate::up::FREE_BYTES_MIN;

const AREA: Area = Area::Machine;
/// Free space below which somebody should look, as a multiple of what is needed to start.
const PLENTY: u64 = 5;

/// Checks all of it.
pub(super) async fn check(installation: &Installation, report: &mut Report) {
    match &installation.data_dir {
        Some(dir) => {
            let state = match &installation.running {
                Some(pid) => format!("used by `runwatch up`, process {}", pid.trim()),
                None => "not in use".to_owned(),
            };
            report.ok(AREA, format!("data folder {}, {state}", dir.display()));
            check_space(AREA, dir, report);
        }
        None => report.ok(AREA, "no data folder of `runwatch up` is here"),
    }
    check_nginx(report).await;
    if let Some(ports) = installation.ports {
        check_ports(installation, ports, report);
    }
}

/// Checks the free space of the disk that a folder lies on.
pub(super) fn check_space(area: Area, path: &Path, report: &mut Report) {
    let shown = path.display();
    let free = match statvfs(path).map_err(io::Error::from) {
        Ok(free) => free.f_bavail.saturating_mul(free.f_frsize),
        Err(error) => {
            let what = format!("the free space of {shown} cannot be seen: {error}");
            return report.warning(
                area,
                what,
                "run `runwatch doctor` as the owner of the folder",
            );
        }
    };
    let what = format!("{} MiB are free in {shown}", free >> 20);
    let advice = "free some space, or move the folder to a larger disk";
    match free {
        free if free < FREE_BYTES_MIN => report.problem(area, what, advice),
        free if free < PLENTY * FREE_BYTES_MIN => report.warning(area, what, advice),
        _ => report.ok(area, what),
    }
}

async fn check_nginx(report: &mut Report) {
    let Some(path) = nginx::find(env::var_os("PATH").as_deref()) else {
        let what = "nginx was not found, which `runwatch up` needs";
        let advice = "install it (on Debian and Ubuntu: apt install nginx-light)";
        return report.warning(AREA, what, advice);
    };
    let command = path.clone();
    let asked = tokio::task::spawn_blocking(move || Command::new(command).arg("-v").output()).await;
    let said = match asked {
        Ok(Ok(output)) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        _ => {
            let what = format!("{} does not run", path.display());
            return report.problem(AREA, what, "install nginx again");
        }
    };
    let version = said
        .rsplit_once(": ")
        .map_or(said.as_str(), |(_, version)| version);
    report.ok(AREA, format!("{version} ({})", path.display()));
}

/// Ports must be free where nothing runs, and taken where `runwatch up` does.
fn check_ports(installation: &Installation, ports: Ports, report: &mut Report) {
    let mut all = vec![("nginx", ports.nginx), ("nginx, for gRPC", ports.grpc)];
    all.push(("ingest-api, for gRPC", ports.ingest_grpc));
    all.extend(ports.services());
    if installation.admin_url.is_some() {
        all.push(("PostgreSQL", ports.postgres));
    }
    let mut as_they_should = Vec::new();
    for (name, port) in all {
        let free = check_free(on_loopback(port).ip(), port, name);
        match (free, &installation.running) {
            (Ok(()), None) | (Err(PortError::InUse { .. }), Some(_)) => {
                as_they_should.push(port.to_string());
            }
            (Ok(()), Some(_)) => {
                let what = format!("nothing listens at port {port}, where {name} should");
                let advice = "see what `runwatch up` says about it; it starts again what ended";
                report.problem(AREA, what, advice);
            }
            (Err(error), _) => {
                let advice =
                    format!("end what listens there (ss -ltnp 'sport = :{port}'), or use --port");
                report.warning(AREA, error.to_string(), advice);
            }
        }
    }
    if !as_they_should.is_empty() {
        let state = match installation.running {
            Some(_) => "held by `runwatch up`",
            None => "free",
        };
        report.ok(
            AREA,
            format!("ports {} are {state}", as_they_should.join(", ")),
        );
    }
}
