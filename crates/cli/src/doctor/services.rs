//! The services: whether they live and can do their work, and whether nginx leads to them.

use super::report::{Area, Report};
use crate::args::DoctorArgs;
use crate::client::Client;
use crate::installation::Installation;
use crate::ports::on_loopback;

const AREA: Area = Area::Services;

/// Checks what runs here, the services that are named, and what answers at the public address.
pub(super) async fn check(args: &DoctorArgs, installation: &Installation, report: &mut Report) {
    if let (Some(_), Some(ports)) = (&installation.running, installation.ports) {
        for (name, port) in ports.services() {
            let url = format!("http://{}", on_loopback(port));
            check_service(name, &url, report).await;
        }
    }
    for url in &args.service {
        check_service("the service", url, report).await;
    }
    if let Some(url) = &args.url {
        check_front(url, report).await;
    }
    if installation.running.is_none() && args.service.is_empty() && args.url.is_none() {
        report.ok(
            AREA,
            "none is looked at: nothing runs here, and no --url was given",
        );
    }
}

async fn check_service(name: &str, url: &str, report: &mut Report) {
    let lives = answer(url, "/health").await;
    let ready = answer(url, "/ready").await;
    match (lives, ready) {
        (Ok(200), Ok(200)) => report.ok(AREA, format!("{name} at {url} lives and is ready")),
        (Ok(200), Ok(status)) => {
            let what = format!("{name} at {url} lives but is not ready (HTTP {status})");
            let advice = "its log says why (`Not ready: …`); most often its database is away";
            report.problem(AREA, what, advice);
        }
        (Ok(status), _) => {
            let what = format!("{name} at {url} answers /health with HTTP {status}");
            report.problem(
                AREA,
                what,
                "check that the address is that of a service of Runwatch",
            );
        }
        (Err(why), _) => report.problem(
            AREA,
            format!("{name}: {why}"),
            "start it, or mend the address",
        ),
    }
}

/// What nginx leads to: its own health, and a document of each service.
async fn check_front(url: &str, report: &mut Report) {
    let paths = [
        ("/health", "nginx"),
        ("/openapi/query.json", "query-api"),
        ("/openapi/ingest.json", "ingest-api"),
        ("/openapi/control.json", "control-api"),
    ];
    let mut there = Vec::new();
    for (path, name) in paths {
        match answer(url, path).await {
            Ok(200) => there.push(name),
            Ok(status) => {
                let what = format!("{url}{path} answers HTTP {status}, so {name} is not reached");
                report.problem(
                    AREA,
                    what,
                    "check that the service runs and what nginx says of it",
                );
            }
            // The others would only repeat it.
            Err(why) => {
                return report.problem(AREA, why, "check the address, and start what is missing");
            }
        }
    }
    if !there.is_empty() {
        report.ok(AREA, format!("{url} leads to {}", there.join(", ")));
    }
}

async fn answer(url: &str, path: &str) -> Result<u16, String> {
    let client = Client::without_key(url).map_err(|error| error.to_string())?;
    client.status(path).await.map_err(|error| error.to_string())
}
