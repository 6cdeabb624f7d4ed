//! Whether a process lives, and whether it can do its work.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::problem::Problem;

#[cfg(test)]
mod tests;

/// How long an answer about readiness is given again, so that asking costs nothing.
const REMEMBERED_FOR: Duration = Duration::from_secs(1);
/// How long a check may take before the process counts as not ready.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type Checking = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Knows whether the process can do its work; clones are the same one.
#[derive(Clone)]
pub struct Readiness(Arc<Inner>);

struct Inner {
    check: Box<dyn Fn() -> Checking + Send + Sync>,
    last: Mutex<Option<(Instant, bool)>>,
    draining: AtomicBool,
}

impl Readiness {
    /// Asks this check, which says why the process cannot do its work if it cannot.
    pub fn new<F>(check: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self(Arc::new(Inner {
            check: Box::new(move || Box::pin(check())),
            last: Mutex::default(),
            draining: AtomicBool::new(false),
        }))
    }

    /// Says from now on that the process is not ready, because it is about to stop.
    pub fn drain(&self) {
        self.0.draining.store(true, Ordering::SeqCst);
    }

    /// Whether the process is about to stop.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::SeqCst)
    }

    /// Whether the process can do its work now, or could a second ago.
    pub async fn is_ready(&self) -> bool {
        if self.is_draining() {
            return false;
        }
        let mut last = self.0.last.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < REMEMBERED_FOR
        {
            return ready;
        }
        let checked = timeout(CHECK_TIMEOUT, (self.0.check)()).await;
        let checked = checked.unwrap_or_else(|_| Err("the check took too long".to_owned()));
        let was_ready = last.map(|(_, ready)| ready);
        *last = Some((Instant::now(), checked.is_ok()));
        match checked {
            Ok(()) if was_ready != Some(true) => tracing::info!("Ready"),
            Err(why) if was_ready != Some(false) => tracing::warn!("Not ready: {why}"),
            _ => {}
        }
        last.is_some_and(|(_, ready)| ready)
    }
}

impl std::fmt::Debug for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Readiness(..)")
    }
}

#[derive(Serialize)]
pub(crate) struct Status {
    status: &'static str,
}

/// The process lives: this answers even when the database is away.
pub(crate) async fn get_health() -> Json<Status> {
    Json(Status { status: "ok" })
}

/// The process can do its work.
pub(crate) async fn get_ready(readiness: Data<Readiness>) -> Result<HttpResponse, Problem> {
    if readiness.is_ready().await {
        Ok(HttpResponse::Ok().json(Status { status: "ready" }))
    } else {
        Err(Problem::unavailable())
    }
}
