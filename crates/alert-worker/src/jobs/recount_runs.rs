//! Sums up runs that have too many steps for ingest to do it as they arrive.

use anyhow::{Context, Result};

use runwatch_store::ingest::Writer;

/// The job with its connection.
pub(super) struct Recounting {
    url: String,
    writer: Option<Writer>,
}

impl Recounting {
    pub(super) fn new(url: String) -> Self {
        Self { url, writer: None }
    }

    /// One turn; says whether a run was summed up.
    pub(super) async fn turn(&mut self) -> Result<usize> {
        let writer = usable(&mut self.writer, &self.url).await?;
        let done = writer
            .recount_next()
            .await
            .context("failed to sum up a large run")?;
        Ok(usize::from(done))
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
