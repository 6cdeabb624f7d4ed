//! Admission: how many bytes of request bodies may be held at a time, by all projects and by each. It is
//! asked before a body is read, so that refusing costs next to nothing, memory stays bounded under any
//! load, and no project takes the place of the others.

mod limit;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use runwatch_core::ids::ProjectId;
use runwatch_core::limits::REQUEST_BYTES_MIN;

use self::limit::Limit;

/// How many times what is free a project may hold: the dynamic threshold by which switches share a buffer
/// (Choudhury and Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998). With
/// 2, one busy project comes to hold two thirds, n of them 2/(2n + 1) each, and a newcomer finds room.
const SHARE_OF_FREE: usize = 2;

/// The budget of bytes in flight.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Mutex<State>>);

struct State {
    /// Bytes that fit into memory.
    max: usize,
    /// Bytes that are stored soon.
    limit: Limit,
    held: usize,
    by_project: HashMap<ProjectId, usize>,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRoom {
    /// Too much is in flight: the client is to come back.
    #[error("too much is in flight already")]
    Now,
    /// It is larger than one request can ever be; this many bytes fit.
    #[error("no more than {0} bytes fit in")]
    Ever(usize),
}

/// What the budget lets in and holds, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// Held by all requests.
    pub held: usize,
    /// Let in at present.
    pub limit: usize,
}

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn new(max: usize) -> Self {
        let limit = Limit::new(max, Instant::now());
        Self(Arc::new(Mutex::new(State {
            max,
            limit,
            held: 0,
            by_project: HashMap::new(),
        })))
    }

    /// Lets a request of a project in that has so many bytes, or refuses it at once.
    pub(crate) fn take(&self, project: ProjectId, bytes: usize) -> Result<Held, NoRoom> {
        let bytes = bytes.max(REQUEST_BYTES_MIN);
        let mut state = self.lock();
        state.check_size(bytes)?;
        if !state.lets_in(project, bytes) {
            state.limit.refused();
            return Err(NoRoom::Now);
        }
        state.hold(project, bytes);
        drop(state);
        let budget = self.clone();
        Ok(Held {
            budget,
            project,
            bytes,
        })
    }

    /// Learns how long, of the requests that were just stored, the longest had waited since its body was
    /// there.
    pub(crate) fn waited(&self, longest: Duration) -> Level {
        let mut state = self.lock();
        state.limit.waited(longest, Instant::now());
        Level {
            held: state.held,
            limit: state.limit.bytes(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check_size(&self, bytes: usize) -> Result<(), NoRoom> {
        let fits = self.max / (SHARE_OF_FREE + 1) * SHARE_OF_FREE;
        (bytes <= fits).then_some(()).ok_or(NoRoom::Ever(fits))
    }

    /// Who holds nothing is let in as long as memory lasts: waits are not of their making.
    fn lets_in(&self, project: ProjectId, bytes: usize) -> bool {
        let limit = match self.by_project.get(&project) {
            Some(_) => self.limit.bytes(),
            None => self.max,
        };
        self.is_fair(project, bytes, limit)
    }

    fn is_fair(&self, project: ProjectId, bytes: usize, limit: usize) -> bool {
        let held = self.by_project.get(&project).copied().unwrap_or(0);
        let free = limit.checked_sub(self.held + bytes);
        free.is_some_and(|free| held + bytes <= free * SHARE_OF_FREE)
    }

    fn hold(&mut self, project: ProjectId, bytes: usize) {
        self.held += bytes;
        *self.by_project.entry(project).or_default() += bytes;
    }

    fn give_back(&mut self, project: ProjectId, bytes: usize) {
        self.held -= bytes;
        if let Some(held) = self.by_project.get_mut(&project) {
            *held -= bytes;
            if *held == 0 {
                self.by_project.remove(&project);
            }
        }
    }
}

/// Bytes of the budget that one request holds; they are given back when it is dropped.
pub(crate) struct Held {
    budget: Budget,
    project: ProjectId,
    bytes: usize,
}

impl Held {
    /// Takes further bytes for a request that was let in: only memory bounds them.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let mut state = self.budget.lock();
        state.check_size(self.bytes + bytes)?;
        if !state.is_fair(self.project, bytes, state.max) {
            return Err(NoRoom::Now);
        }
        state.hold(self.project, bytes);
        self.bytes += bytes;
        Ok(())
    }

    /// Gives all back but so many bytes.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let bytes = bytes.max(REQUEST_BYTES_MIN);
        let less = self.bytes.saturating_sub(bytes);
        self.budget.lock().give_back(self.project, less);
        self.bytes -= less;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.lock().give_back(self.project, self.bytes);
    }
}

#[cfg(test)]
mod tests;
