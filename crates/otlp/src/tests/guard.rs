//! A guard over all recorded bodies: what an attribute's name promises, a field keeps.

use std::collections::BTreeSet;

use super::builders::key;
use super::fixtures::{body, names};
use crate::explain::Kept;
use crate::explain_traces;

/// Words in names of attributes that promise something.
const WORDS: [&str; 10] = [
    "model",
    "token",
    "cost",
    "input",
    "output",
    "session",
    "user",
    "tag",
    "error",
    "agent_name",
];

/// Beginnings of names that hold such a word and yet fill no field, and why.
const EXPLAINED: [(&str, &str); 17] = [
    ("gen_ai.request.max_tokens", "a bound, not a count"),
    ("input.mime_type", "how the value beside it is written"),
    ("output.mime_type", "how the value beside it is written"),
    (
        "model_name",
        "the agent's model; the steps name those that answered",
    ),
    ("model_request_parameters", "settings"),
    ("langfuse.observation.model.parameters", "settings"),
    ("ai.settings.", "settings"),
    ("ai.request.headers.", "headers; the word is in user-agent"),
    (
        "agentops.session.end_state",
        "its value is Success: an error would fail the step",
    ),
    (
        "crewai.crew.tasks_output",
        "the outputs of the tasks once more, as Python writes them",
    ),
    (
        "crewai.crew.token_usage",
        "a sum over the run, as Python writes it",
    ),
    ("crewai.task.expected_output", "what the task asks for"),
    ("crewai.task.human_input", "a truth value"),
    ("langsmith.metadata.ls_model_type", "the word chat"),
    (
        "traceloop.association.properties.ls_model_type",
        "the word chat",
    ),
    ("langsmith.span.tags", "some hold only numbers of steps"),
    (
        "pydantic_ai.cache.established_tokens",
        "how much of the cache was there before",
    ),
];

#[test]
fn every_promising_attribute_fills_a_field_or_is_explained() {
    let mut unkept = BTreeSet::new();
    for name in names() {
        let (body, format) = body(&name);
        let (_, explained) = explain_traces(&body, format, key()).unwrap();
        for fate in explained.iter().flat_map(|span| &span.attributes) {
            let promises = WORDS.iter().any(|word| fate.name.contains(word));
            let is_kept =
                !fate.fields.is_empty() || fate.means.is_some() || fate.kept == Kept::Field;
            let is_explained = EXPLAINED
                .iter()
                .any(|(start, _)| fate.name.starts_with(start));
            if promises && !is_kept && !is_explained {
                unkept.insert(format!("{} in {name}", fate.name));
            }
        }
    }
    assert!(unkept.is_empty(), "{unkept:#?}");
}
