//! The order in which requests are stored: projects take turns by what they bring, so that one that sends
//! very much waits behind itself and nobody else does. It is start-time fair queueing (Goyal, Vin and
//! Cheng, "Start-Time Fair Queuing", SIGCOMM 1996) with equal weights.

use std::collections::{BTreeMap, HashMap};

use runwatch_core::ids::ProjectId;

/// Projects above which those are forgotten whose turn has passed.
const PROJECTS_MAX: usize = 1_000;

/// Requests in their order.
#[derive(Debug)]
pub(super) struct Line<T> {
    /// By the virtual time at which its turn begins, and by arrival.
    waiting: BTreeMap<(u64, u64), T>,
    /// The virtual time: that of the last turn.
    now: u64,
    /// When the last turn of each project ends.
    turns_end: HashMap<ProjectId, u64>,
    arrived: u64,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            now: 0,
            turns_end: HashMap::new(),
            arrived: 0,
        }
    }
}

impl<T> Line<T> {
    /// Puts a request of a project in that costs so much to store.
    pub(super) fn push(&mut self, project: ProjectId, cost: u64, request: T) {
        let end = self.turns_end.entry(project).or_default();
        let start = self.now.max(*end);
        *end = start + cost;
        self.arrived += 1;
        self.waiting.insert((start, self.arrived), request);
    }

    /// Takes the request whose turn it is.
    pub(super) fn pop(&mut self) -> Option<T> {
        let ((start, _), request) = self.waiting.pop_first()?;
        self.now = start;
        if self.turns_end.len() > PROJECTS_MAX {
            self.turns_end.retain(|_, end| *end > start);
        }
        Some(request)
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests;
