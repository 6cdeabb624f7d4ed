//! Gemini CLI.

use super::*;

#[test]
fn its_operations() {
    let kinds = [
        ("llm_call", StepKind::Llm),
        ("tool_call", StepKind::Tool),
        ("agent_call", StepKind::Agent),
        ("user_prompt", StepKind::Chain),
        ("system_prompt", StepKind::Chain),
        ("schedule_tool_calls", StepKind::Chain),
    ];
    assert_kinds("gen_ai.operation.name", &kinds);
}
