//! Steps of a run.

pub(super) mod find;
pub(super) mod list;
mod skeleton;
