//! A process: its runtime and its log, from the first line to the last.

use std::future::Future;
use std::io;
use std::mem;

use tokio::runtime::Builder;
use tracing::Span;

use crate::logging::{self, LogError};
use crate::settings::LogSettings;
use crate::trace::TraceId;

/// Runs a service to its end, on a multi-threaded runtime. What it logs beside requests and jobs has the
/// trace id of the process.
pub fn run<E: From<io::Error> + From<LogError>>(
    log: &LogSettings,
    service: impl Future<Output = Result<(), E>>,
) -> Result<(), E> {
    let _log = logging::init(log)?;
    let span = tracing::error_span!("process", trace_id = %TraceId::random());
    let of_threads = span.clone();
    let _entered = span.enter();
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(move || stay_in(&of_threads))
        .build()?;
    runtime.block_on(service)
}

/// Has a thread be in a span until it ends.
fn stay_in(span: &Span) {
    mem::forget(span.clone().entered());
}
