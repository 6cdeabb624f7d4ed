//! Writes down when keys were used last.

use std::time::Duration;

use anyhow::{Context, Result};

use runwatch_store::key_uses::Listener;

/// How long uses are gathered before they are written down; a stop waits for it.
const GATHER: Duration = Duration::from_secs(1);

/// The job with the connection that it listens on.
pub(super) struct Noting {
    url: String,
    listener: Option<Listener>,
}

impl Noting {
    pub(super) fn new(url: String) -> Self {
        let listener = None;
        Self { url, listener }
    }

    /// One turn; says how many uses were written down.
    pub(super) async fn turn(&mut self) -> Result<usize> {
        let mut listener = match self.listener.take() {
            Some(listener) => listener,
            None => Listener::open(&self.url)
                .await
                .context("failed to listen for the uses of keys")?,
        };
        let noted = listener.note(GATHER).await;
        let noted = noted.context("failed to write down the uses of keys")?;
        // One that failed is not used again.
        self.listener = Some(listener);
        Ok(noted)
    }
}
