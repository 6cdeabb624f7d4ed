//! A bounded map whose entries are forgotten after a while, the oldest first.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// Values by key, each with the time at which it was learnt.
pub(super) struct Recent<K, T> {
    keep: Duration,
    len_max: usize,
    entries: HashMap<K, (Instant, T)>,
    /// When what was learnt, also what has been replaced since: at most one for every lookup within
    /// `keep`, and forgotten with the entry.
    order: VecDeque<(Instant, K)>,
}

impl<K: Copy + Eq + Hash, T> Recent<K, T> {
    pub(super) fn new(keep: Duration, len_max: usize) -> Self {
        Self {
            keep,
            len_max,
            entries: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// The value of a key if it was learnt less than `age` ago.
    pub(super) fn younger_than(&self, age: Duration, id: K, now: Instant) -> Option<&T> {
        let (at, value) = self.entries.get(&id)?;
        (now.duration_since(*at) < age).then_some(value)
    }

    /// Keeps a value, and forgets what is too old or too much.
    pub(super) fn insert(&mut self, id: K, value: T, now: Instant) {
        while let Some((at, oldest)) = self.order.front().copied()
            && (now.duration_since(at) >= self.keep || self.entries.len() >= self.len_max)
        {
            self.order.pop_front();
            if self
                .entries
                .get(&oldest)
                .is_some_and(|(learnt_at, _)| *learnt_at == at)
            {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(id, (now, value));
        self.order.push_back((now, id));
    }

    /// Forgets a key.
    pub(super) fn remove(&mut self, id: K) {
        self.entries.remove(&id);
    }
}
