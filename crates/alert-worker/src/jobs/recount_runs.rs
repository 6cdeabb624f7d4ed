//! Sums up runs that have too many steps for ingest to do it as they arrive.

use anyhow::{Context, Result};

use runwatch_core::ids::RunId;
use runwatch_store::ingest::{Recounted, Writer};
use tokio::time::Instant;
use uuid::Uuid;

/// How many times as long as a run took to be summed up it rests, if more arrived meanwhile: so at
/// most a fifth of the time goes into summing up runs that go on and on.
const REST_FACTOR: u32 = 4;
/// Runs that may rest at a time.
const RESTING_MAX: usize = 1_000;

/// The job with its connection.
pub(super) struct Recounting {
    url: String,
    writer: Option<Writer>,
    /// Runs that were summed up a short while ago, and until when they are left alone.
    resting: Vec<(RunId, Instant)>,
}

impl Recounting {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            writer: None,
            resting: Vec::new(),
        }
    }

    /// One turn; says whether a run was summed up.
    pub(super) async fn turn(&mut self) -> Result<usize> {
        let started = Instant::now();
        self.resting.retain(|(_, until)| *until > started);
        let rest: Vec<Uuid> = self.resting.iter().map(|(run, _)| run.0).collect();
        let writer = usable(&mut self.writer, &self.url).await?;
        let recounted = writer
            .recount_next(&rest)
            .await
            .context("failed to sum up a large run")?;
        if let Some(Recounted { run, again: true }) = recounted
            && self.resting.len() < RESTING_MAX
        {
            let until = Instant::now() + started.elapsed() * REST_FACTOR;
            self.resting.push((run, until));
        }
        Ok(usize::from(recounted.is_some()))
    }
}

/// The connection, opened anew if it is broken.
pub(super) async fn usable<'w>(kept: &'w mut Option<Writer>, url: &str) -> Result<&'w mut Writer> {
    if kept.as_ref().is_some_and(|writer| !writer.is_usable()) {
        *kept = None;
    }
    match kept {
        Some(writer) => Ok(writer),
        None => {
            let opened = Writer::connect(url)
                .await
                .context("failed to connect to the database")?;
            Ok(kept.insert(opened))
        }
    }
}
