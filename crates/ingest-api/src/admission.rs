//! Admission: how many bytes of request bodies may be held at a time. It is asked before a body is
//! read, so that refusing costs next to nothing and memory stays bounded under any load.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The budget of bytes in flight.
#[derive(Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

/// The budget is used up: the client is to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much is in flight already")]
pub(crate) struct Overloaded;

/// Bytes of the budget that one request holds; they are given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held(OwnedSemaphorePermit);

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))))
    }

    /// Takes bytes from the budget, or refuses at once.
    pub(crate) fn take(&self, bytes: usize) -> Result<Held, Overloaded> {
        let bytes = u32::try_from(bytes).map_err(|_more_than_any_budget| Overloaded)?;
        let permit = self.0.clone().try_acquire_many_owned(bytes);
        permit.map(Held).map_err(|_used_up| Overloaded)
    }
}

impl Held {
    /// Takes further bytes, which are then held together with the first ones.
    pub(crate) fn grow(&mut self, budget: &Budget, bytes: usize) -> Result<(), Overloaded> {
        let Held(more) = budget.take(bytes)?;
        self.0.merge(more);
        Ok(())
    }
}
