//! Failures told by themselves, in the normal form.

use uuid::Uuid;

use runwatch_core::failures::classify::{Evidence, classify};
use runwatch_core::failures::{FailureId, ToldFailure};
use runwatch_core::hash::ContentHasher;
use runwatch_core::ids::{RunId, StepId};
use runwatch_core::text;
use runwatch_core::time::Timestamp;

use crate::native::ItemError;
use crate::native::json::FailureJson;
use crate::native::part::{parse_id, parse_time};
use crate::prepare::{Context, fit_message};

/// A failure of a run. Its id is hashed from what it says if it has none, so that the same failure
/// sent again is the same one.
pub(super) fn failure(
    context: Context<'_>,
    run: RunId,
    json: &FailureJson<'_>,
) -> Result<ToldFailure, ItemError> {
    let step: Option<StepId> = parse_id(json.step_id.as_deref(), "step_id")?;
    let at = parse_time(json.occurred_at.as_deref(), "occurred_at")?;
    let id = match json.failure_id.as_deref() {
        Some(id) => Uuid::try_parse(id)
            .map_err(|_not_a_uuid| ItemError::new("invalid_id", "failure_id", "Not a UUID."))?,
        None => hashed_id(context, run, step, at, json),
    };
    let kind = classify(Evidence {
        step: None,
        kind: json.kind.as_deref(),
        code: json.code.as_deref(),
        message: Some(&json.message),
    });
    let code = json
        .code
        .as_deref()
        .map(|code| text::name(code).0.into_owned());
    // A time that cannot be believed is as good as none.
    let at = at.filter(|at| context.believes(*at));
    Ok(ToldFailure {
        id: FailureId(id),
        step,
        kind,
        code,
        message: fit_message(&json.message),
        at,
    })
}

fn hashed_id(
    context: Context<'_>,
    run: RunId,
    step: Option<StepId>,
    at: Option<Timestamp>,
    json: &FailureJson<'_>,
) -> Uuid {
    ContentHasher::new(context.key)
        .bytes(run.0.as_bytes())
        .bytes(step.as_ref().map(StepId::as_bytes).unwrap_or_default())
        .maybe(json.kind.as_deref())
        .maybe(json.code.as_deref())
        .text(&json.message)
        .number(at.map_or(i64::MIN, |at| at.0))
        .finish128()
}
