//! Fields that several sources may fill.

/// A field that several sources may fill.
#[derive(Clone, Debug)]
pub(crate) struct Slot<T> {
    rank: u16,
    value: Option<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            rank: u16::MAX,
            value: None,
        }
    }
}

impl<T> Slot<T> {
    /// Takes the value if nothing of the same or a smaller rank is there.
    pub(crate) fn offer(&mut self, rank: u16, value: T) {
        if self.value.is_none() || rank < self.rank {
            *self = Self {
                rank,
                value: Some(value),
            };
        }
    }

    /// The value that stands.
    pub(crate) fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// The rank of the value that stands; of none, one that everything beats.
    pub(crate) fn rank(&self) -> u16 {
        self.rank
    }
}

impl<T> Slot<Vec<T>> {
    /// Adds to the list if the rank is that of the list, else as [`Slot::offer`].
    pub(crate) fn add(&mut self, rank: u16, entry: T) {
        match &mut self.value {
            Some(list) if rank == self.rank => list.push(entry),
            _ => self.offer(rank, vec![entry]),
        }
    }
}
