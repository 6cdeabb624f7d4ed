//! Forms of other systems that are no OpenTelemetry, translated to the native form.

pub(crate) mod langfuse;
pub(crate) mod openai_agents;

use runwatch_core::hash::ContentHasher;
use runwatch_core::ids::RunId;

use crate::prepare::Context;

/// The run of a trace id: 32 hex digits are its id, anything else is hashed into one.
fn run_id(context: Context<'_>, text: &str) -> RunId {
    text.parse()
        .unwrap_or_else(|_other_text| RunId(ContentHasher::new(context.key).text(text).finish128()))
}
