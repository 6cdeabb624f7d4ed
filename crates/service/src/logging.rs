//! Log lines: one subscriber for the process, set up first of all.

use std::sync::OnceLock;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::settings::{LogFormat, LogSettings};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is not one.
    #[error("the log filter cannot be used: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody set up logging before.
    #[error("logging was set up already: {0}")]
    SetUp(#[from] TryInitError),
}

/// Writes the rest of the log when it is dropped.
#[must_use = "the log ends when it is dropped"]
pub struct Log {
    _writer: WorkerGuard,
}

/// Lines that wait for whoever reads the log; further ones are dropped and counted.
const LINES_WAITING_MAX: usize = 10_000;

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Writes the log to standard error from now on.
///
/// A thread of its own does the writing: if nobody reads the log any more, as behind a terminal
/// that was stopped, lines are lost instead of requests.
pub fn init(settings: &LogSettings) -> Result<Log, LogError> {
    let filter = EnvFilter::try_new(&settings.filter)?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES_WAITING_MAX)
        .lossy(true)
        .finish(std::io::stderr());
    let dropped = writer.error_counter();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    match settings.format {
        LogFormat::Text => lines.finish().try_init()?,
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .finish()
            .try_init()?,
    }
    // Set up once, or the line above would have failed.
    drop(DROPPED.set(dropped));
    Ok(Log { _writer: guard })
}

/// Lines that were dropped because nobody read them.
pub(crate) fn dropped_lines() -> u64 {
    DROPPED
        .get()
        .map_or(0, |dropped| dropped.dropped_lines() as u64)
}
