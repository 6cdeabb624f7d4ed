//! Vercel's AI SDK.

use super::*;

#[test]
fn operations_are_calls_tools_or_what_holds_them() {
    let kinds = [
        ("ai.toolCall", StepKind::Tool),
        ("ai.generateText.doGenerate", StepKind::Llm),
        ("ai.streamObject.doStream", StepKind::Llm),
        ("ai.embedMany.doEmbed", StepKind::Embedding),
        ("ai.rerank.doRerank", StepKind::Reranker),
        ("ai.generateText", StepKind::Chain),
    ];
    assert_kinds("ai.operationId", &kinds);
    let root = step_with([("ai.operationId", text("ai.generateText"))]);
    assert_eq!(root.kind, StepKind::Agent);
    let named = child_with([("operation.name", text("ai.streamText.doStream my-fn"))]);
    assert_eq!(
        (named.kind, named.name.as_str()),
        (StepKind::Llm, "ai.streamText.doStream my-fn")
    );
    assert_kinds("gen_ai.operation.name", &[("agent_step", StepKind::Chain)]);
    assert_eq!(child_with([("operation.name", text("GET /"))]).name, "span");
}

#[test]
fn both_generations_of_counts() {
    for [input, output] in [
        ["promptTokens", "completionTokens"],
        ["inputTokens", "outputTokens"],
    ] {
        let step = step_with([
            (&*format!("ai.usage.{input}"), int(10)),
            (&*format!("ai.usage.{output}"), int(4)),
            ("ai.usage.cachedInputTokens", int(3)),
            ("ai.usage.inputTokenDetails.cacheWriteTokens", int(2)),
            ("ai.usage.reasoningTokens", int(1)),
        ]);
        assert_eq!(
            counts(&step),
            [Some(10), Some(4), None, Some(3), Some(2), Some(1)]
        );
    }
    assert_eq!(
        step_with([("ai.usage.tokens", int(8))]).usage.input,
        Some(8)
    );
}

#[test]
fn what_providers_say_of_their_caches() {
    let with = |json: &str| {
        step_with([
            ("ai.usage.inputTokens", int(100)),
            ("ai.response.providerMetadata", text(json)),
        ])
        .usage
    };
    assert_eq!(
        with(r#"{"openai":{"cachedPromptTokens":64}}"#).cached,
        Some(64)
    );
    let anthropic = with(
        r#"{"anthropic":{"usage":{"cache_read_input_tokens":60},"cacheCreationInputTokens":4}}"#,
    );
    assert_eq!(
        (anthropic.cached, anthropic.cache_write),
        (Some(60), Some(4))
    );
    assert_eq!(with("not json").cached, None);
}

#[test]
fn models_providers_and_the_first_chunk() {
    let step = step_with([
        ("ai.model.id", text("asked")),
        ("ai.response.model", text("answered")),
        ("ai.model.provider", text("openai.chat")),
        ("gen_ai.system", text("openai.chat")),
        ("ai.response.msToFirstChunk", double(15.5)),
    ]);
    assert_eq!(step.model.as_deref(), Some("answered"));
    assert_eq!(step.provider.as_deref(), Some("openai"));
    assert_eq!(step.first_token_us, Some(15_500));
}

#[test]
fn an_answer_keeps_its_text_and_its_calls() {
    let calls = r#"[{"toolName":"f"}]"#;
    let both = run_with([
        ("ai.response.text", text("hm")),
        ("ai.response.toolCalls", text(calls)),
    ]);
    let message = r#"[{"role":"assistant","content":"hm","tool_calls":[{"toolName":"f"}]}]"#;
    assert_eq!(output(&both), Some(message));
    let empty = run_with([
        ("ai.response.text", text("")),
        ("ai.response.toolCalls", text(calls)),
    ]);
    assert_eq!(output(&empty), Some(calls));
    let alone = run_with([("ai.response.text", text("hm"))]);
    assert_eq!(output(&alone), Some("hm"));
    let object = run_with([("ai.response.object", text("{}"))]);
    assert_eq!(output(&object), Some("{}"));
}

#[test]
fn tools_prompts_and_values() {
    let tool = run_with([
        ("ai.toolCall.name", text("f")),
        ("ai.toolCall.args", text(r#"{"x":1}"#)),
        ("ai.toolCall.result", text("\"done\"")),
    ]);
    assert_eq!(tool.steps[0].tool.as_deref(), Some("f"));
    assert_eq!(
        (input(&tool), output(&tool)),
        (Some(r#"{"x":1}"#), Some("done"))
    );
    let prompt = run_with([
        ("ai.prompt", text("p")),
        ("ai.prompt.messages", text("[1]")),
    ]);
    assert_eq!(input(&prompt), Some("[1]"));
    let embed = run_with([("ai.value", text("\"v\"")), ("ai.embedding", text("[0.1]"))]);
    assert_eq!((input(&embed), output(&embed)), (Some("v"), Some("[0.1]")));
}

#[test]
fn telemetry_settings_are_said_of_the_run() {
    let run = run_with([
        ("ai.telemetry.functionId", text("f")),
        ("ai.telemetry.metadata.sessionId", text("s")),
        ("ai.telemetry.metadata.userId", text("u")),
        ("ai.telemetry.metadata.tags", text(r#"["a"]"#)),
        ("ai.telemetry.metadata.tenant", text("acme")),
    ]);
    assert_eq!(run.claims.get(Field::AgentName), Some("f"));
    assert_eq!(run.claims.get(Field::SessionId), Some("s"));
    assert_eq!(run.claims.get(Field::UserId), Some("u"));
    assert_eq!(run.claims.tags().collect::<Vec<_>>(), ["a"]);
    assert_eq!(
        run.claims.attributes().collect::<Vec<_>>(),
        [("tenant", "\"acme\"")]
    );
}
