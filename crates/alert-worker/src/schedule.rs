//! When a job has its turns.

use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tracing::Instrument as _;

use runwatch_service::trace::TraceId;

use crate::metrics::JobMetrics;

/// The longest pause after turns that failed.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How often a job has a turn.
#[derive(Clone, Copy)]
pub(crate) struct Schedule {
    /// Its name in logs and metrics.
    pub job: &'static str,
    /// Pause between turns.
    pub every: Duration,
}

/// Gives a job its turns until it is told to stop. A turn that found something is followed by the
/// next at once; one that failed by a pause that doubles.
pub(crate) async fn run(
    schedule: Schedule,
    metrics: JobMetrics,
    mut stopped: watch::Receiver<bool>,
    mut turn: impl AsyncFnMut() -> Result<usize>,
) {
    let Schedule { job, every } = schedule;
    let mut pause_after_failure = every;
    while !*stopped.borrow() {
        let started = Instant::now();
        let span = tracing::error_span!(parent: None, "turn", trace_id = %TraceId::random(), job);
        let had = turn().instrument(span.clone()).await;
        let pause = match had {
            Ok(items) => {
                metrics.done(job, items, started.elapsed());
                pause_after_failure = every;
                if items > 0 { Duration::ZERO } else { every }
            }
            Err(error) => {
                tracing::warn!(
                    parent: &span,
                    error = format!("{error:#}"),
                    "A job failed; it will be tried again"
                );
                metrics.failed(job);
                pause_after_failure = (pause_after_failure * 2).min(PAUSE_MAX.max(every));
                pause_after_failure
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            _changed = stopped.changed() => {}
        }
    }
}
