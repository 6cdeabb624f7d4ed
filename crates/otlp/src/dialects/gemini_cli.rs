//! Gemini CLI: the names of its operations; for the rest it speaks the conventions.

use runwatch_core::step::StepKind;

use super::{Dialect, NOTHING};

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect {
    operations: &[
        ("llm_call", StepKind::Llm),
        ("tool_call", StepKind::Tool),
        ("agent_call", StepKind::Agent),
        ("user_prompt", StepKind::Chain),
        ("system_prompt", StepKind::Chain),
        ("schedule_tool_calls", StepKind::Chain),
    ],
    ..NOTHING
};
