//! Scores as the SDKs of Langfuse send them (`POST /api/public/scores`, SDK for Python 5.0).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use runwatch_core::ids::RunId;
use runwatch_core::run::RunPart;

use crate::foreign::run_id;
use crate::native::feedback::feedback;
use crate::native::json::FeedbackJson;
use crate::native::{ItemError, Text};
use crate::prepare::Context;

/// A score; what else it says has no place with us.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Score<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    trace_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    observation_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(borrow)]
    comment: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'a, str>>,
}

/// A score of a run or of a step of it.
pub(crate) fn score(context: Context<'_>, text: &Text<'_>, _: RunId) -> Result<RunPart, ItemError> {
    let score: Score<'_> = text.parse()?;
    let Some(trace_id) = score.trace_id.as_deref() else {
        let detail = "Only scores of traces and observations are taken.";
        return Err(ItemError::invalid("traceId", detail));
    };
    let run = run_id(context, trace_id);
    // Truth is sent as 0 or 1.
    let is_boolean = score.data_type.as_deref() == Some("BOOLEAN");
    let truth = match score.value.get() {
        "0" | "0.0" if is_boolean => Some("false"),
        "1" | "1.0" if is_boolean => Some("true"),
        _ => None,
    };
    let truth = truth.map(|text| RawValue::from_string(text.to_owned()).expect("it is JSON"));
    let json = FeedbackJson {
        id: score.id,
        step_id: score.observation_id,
        name: score.name,
        value: truth.as_deref().unwrap_or(score.value),
        comment: score.comment,
        user_id: None,
        source: Some("api".into()),
        created_at: score.timestamp,
    };
    let judgement = feedback(context, run, &json)?;
    Ok(RunPart::of_feedback(run, vec![judgement]))
}
