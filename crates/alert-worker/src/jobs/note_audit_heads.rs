//! Says in the log, which usually goes to another machine, where each audit log ends: who cuts off its last
//! entries, or writes it anew with the key, is found by it (`runwatch audit verify --heads`).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result};

use runwatch_core::ids::ProjectId;
use runwatch_store::audit::{self, Head};
use runwatch_store::pool::Pool;

/// The job, and what it said last.
pub(super) struct Noting {
    pool: Pool,
    said: BTreeMap<ProjectId, Head>,
}

impl Noting {
    pub(super) fn new(pool: Pool) -> Self {
        let said = BTreeMap::new();
        Self { pool, said }
    }

    /// One turn, which says only what is new.
    pub(super) async fn turn(&mut self) -> Result<usize> {
        let mut conn = self.pool.get().await?;
        let heads = audit::heads(&mut conn).await;
        for head in heads.context("failed to read the audit log")? {
            if self.said.insert(head.project, head) != Some(head) {
                tracing::info!(head = line(&head), "The audit log ends here");
            }
        }
        Ok(0)
    }
}

/// As `runwatch audit heads` prints it.
fn line(head: &Head) -> String {
    let mut line = format!("{} {} ", head.project, head.seq);
    for byte in head.hash {
        write!(line, "{byte:02x}").expect("a text takes everything");
    }
    line
}
