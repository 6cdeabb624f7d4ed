//! Feedback in the normal form.

use serde_json::Value;
use uuid::Uuid;

use runwatch_core::feedback::{Feedback, FeedbackId, FeedbackSource, FeedbackValue};
use runwatch_core::hash::ContentHasher;
use runwatch_core::ids::RunId;
use runwatch_core::limits::FEEDBACK_COMMENT_BYTES_MAX;
use runwatch_core::text;

use crate::native::ItemError;
use crate::native::json::FeedbackJson;
use crate::native::part::{parse_id, parse_time};
use crate::prepare::Context;

/// A judgement of a run or of a step of it. Its id is hashed from what it says if it has none, so
/// that the same judgement sent again is the same one.
pub(crate) fn feedback(
    context: Context<'_>,
    run: RunId,
    json: &FeedbackJson<'_>,
) -> Result<Feedback, ItemError> {
    let name = text::name(json.name.trim()).0.into_owned();
    if name.is_empty() {
        return Err(ItemError::invalid("name", "It must not be empty."));
    }
    let fit = |name: &str| text::name(name).0.into_owned();
    let comment = json.comment.as_deref().map(|comment| {
        let clean = text::without_nul(comment);
        text::cut(&clean, FEEDBACK_COMMENT_BYTES_MAX).to_owned()
    });
    // A time that cannot be believed is as good as none.
    let at = parse_time(json.created_at.as_deref(), "created_at")?;
    let mut feedback = Feedback {
        id: FeedbackId(Uuid::nil()),
        step: parse_id(json.step_id.as_deref(), "step_id")?,
        name,
        value: value(json.value.get())?,
        comment,
        user_id: json.user_id.as_deref().map(fit),
        source: source(json.source.as_deref())?,
        at: at.filter(|at| context.believes(*at)),
    };
    feedback.id = FeedbackId(match json.id.as_deref() {
        None => feedback.hash(context.key, run).finish128(),
        Some("") => return Err(ItemError::invalid("id", "It must not be empty.")),
        Some(id) => Uuid::try_parse(id)
            .unwrap_or_else(|_other_text| ContentHasher::new(context.key).text(id).finish128()),
    });
    Ok(feedback)
}

fn value(json: &str) -> Result<FeedbackValue, ItemError> {
    let wrong = || ItemError::invalid("value", "It must be a number, true or false, or a text.");
    match serde_json::from_str(json).map_err(|_no_value| wrong())? {
        Value::Bool(value) => Ok(FeedbackValue::Boolean(value)),
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| number.is_finite());
            // Zero has two signs, which compare equal but hash differently.
            number
                .map(|number| FeedbackValue::Number(number + 0.0))
                .ok_or_else(wrong)
        }
        Value::String(word) => Ok(FeedbackValue::Text(text::name(&word).0.into_owned())),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(wrong()),
    }
}

fn source(name: Option<&str>) -> Result<FeedbackSource, ItemError> {
    let Some(name) = name else {
        return Ok(FeedbackSource::default());
    };
    let wrong = || ItemError::invalid("source", "It must be user, evaluator or api.");
    FeedbackSource::from_name(name).ok_or_else(wrong)
}
