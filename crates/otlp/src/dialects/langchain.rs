//! LangChain and LangGraph, which speak through the instrumentations of others, and put notes of
//! their own into the metadata that those send.

use super::{Dialect, NOTHING};
use crate::normal::Draft;
use crate::value::Value;

/// The dialect: only what the others have to know of it.
pub(super) const DIALECT: Dialect = NOTHING;

/// Beginnings of the keys of metadata that say something of one step, not of its run.
const OF_ONE_STEP: [&str; 6] = [
    "langgraph_",
    "ls_",
    "lc_",
    "checkpoint_",
    "_type",
    "usage_metadata",
];
/// Beginnings of tags that number the steps of a chain or graph.
const NUMBERING: [&str; 3] = ["seq:step:", "graph:step:", "map:key:"];

/// Whether a key of metadata says something of one step only.
pub(super) fn is_of_one_step(key: &str) -> bool {
    OF_ONE_STEP.iter().any(|start| key.starts_with(start))
}

/// Gives the run tags, without those that number a step.
pub(super) fn tags(value: &Value<'_>, draft: &mut Draft<'_>) {
    for tag in value.list() {
        if !NUMBERING.iter().any(|start| tag.starts_with(start)) {
            draft.sayings.tag(tag.into_owned().into());
        }
    }
}
