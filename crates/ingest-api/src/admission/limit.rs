//! How many bytes are let in at present: as many as are stored within a third of a second. It is found
//! out as TCP finds its window, by additive increase and multiplicative decrease (RFC 5681 §3.1), so that
//! it follows the machine and the database, whatever these are capable of today.

use std::time::Duration;

use tokio::time::Instant;

/// The longest that a request is to wait for its commit once its body is there.
const WAIT: Duration = Duration::from_millis(350);
/// The least that is let in: some thousand steps, or commits would have too little to share.
const MIN: usize = 12 << 20;
/// What is let in at first.
const INITIAL: usize = 32 << 20;
/// What is let in more, as long as waits are short enough and requests are refused.
const INCREASE: usize = 256 << 10;

/// The limit.
#[derive(Debug)]
pub(super) struct Limit {
    bytes: usize,
    max: usize,
    /// Whether it kept anybody out since it was last looked at: only then is it known to be too low.
    refused: bool,
    lowered_at: Instant,
}

impl Limit {
    /// A limit that never exceeds so many bytes.
    pub(super) fn new(max: usize, now: Instant) -> Self {
        Self {
            bytes: INITIAL.min(max),
            max,
            refused: false,
            lowered_at: now,
        }
    }

    /// What is let in.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Learns that a request was kept out.
    pub(super) fn refused(&mut self) {
        self.refused = true;
    }

    /// Learns how long requests waited. What was let in before the limit was lowered says nothing about
    /// it: it is lowered again only after a request's whole wait.
    pub(super) fn waited(&mut self, longest: Duration, now: Instant) {
        if longest > WAIT {
            if now.saturating_duration_since(self.lowered_at) >= longest {
                self.bytes = (self.bytes / 4 * 3).max(MIN.min(self.max));
                self.lowered_at = now;
            }
        } else if std::mem::take(&mut self.refused) {
            let more = if longest < WAIT / 2 {
                self.bytes / 4
            } else {
                INCREASE
            };
            self.bytes = (self.bytes + more).min(self.max);
        }
    }
}
