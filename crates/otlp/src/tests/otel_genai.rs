//! OpenTelemetry's conventions for generative AI.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use runwatch_core::claims::Field;
use runwatch_core::payload::Part;
use runwatch_core::step::StepKind;

use super::builders::*;

fn kind_of<const N: usize>(attributes: [(&str, AnyValue); N]) -> StepKind {
    let parent_span_id = vec![5; 8];
    step_of(Span {
        parent_span_id,
        ..span_with(attributes)
    })
    .kind
}

#[test]
fn the_operation_decides_the_kind() {
    let kind = |name: &str| kind_of([("gen_ai.operation.name", text(name))]);
    for (name, expected) in [
        ("chat", StepKind::Llm),
        ("text_completion", StepKind::Llm),
        ("generate_content", StepKind::Llm),
        ("fetch_response", StepKind::Llm),
        ("embeddings", StepKind::Embedding),
        ("retrieval", StepKind::Retrieval),
        ("execute_tool", StepKind::Tool),
        ("invoke_agent", StepKind::Agent),
        ("create_agent", StepKind::Other),
        ("invoke_workflow", StepKind::Chain),
        ("plan", StepKind::Chain),
        ("search_memory", StepKind::Retrieval),
        ("update_memory", StepKind::Db),
        ("execute_event_loop_cycle", StepKind::Chain),
        ("llm_call", StepKind::Llm),
        ("of the future", StepKind::Other),
    ] {
        assert_eq!(kind(name), expected, "{name}");
    }
}

#[test]
fn a_workflow_is_the_agent_where_it_is_the_root() {
    let workflow = || span_with([("gen_ai.operation.name", text("invoke_workflow"))]);
    assert_eq!(step_of(workflow()).kind, StepKind::Agent);
    let remote = Span {
        parent_span_id: vec![5; 8],
        flags: 0x300,
        ..workflow()
    };
    assert_eq!(step_of(remote).kind, StepKind::Agent);
}

#[test]
fn without_an_operation_the_kind_is_guessed_in_order() {
    let model = ("gen_ai.request.model", text("m"));
    assert_eq!(kind_of([model.clone()]), StepKind::Llm);
    assert_eq!(
        kind_of([model.clone(), ("gen_ai.tool.name", text("t"))]),
        StepKind::Tool
    );
    assert_eq!(
        kind_of([model.clone(), ("mcp.method.name", text("tools/call"))]),
        StepKind::Tool
    );
    assert_eq!(
        kind_of([model, ("mcp.method.name", text("tools/list"))]),
        StepKind::Other
    );
    let agent = span_with([("gen_ai.agent.name", text("a"))]);
    assert_eq!(
        step_of(Span {
            name: "invoke_agent a".into(),
            ..agent.clone()
        })
        .kind,
        StepKind::Agent
    );
    assert_eq!(step_of(agent).kind, StepKind::Other);
}

#[test]
fn the_answering_model_goes_before_the_one_that_was_asked_for() {
    let run = run_of(vec![span_with([
        ("gen_ai.request.model", text("asked")),
        ("gen_ai.response.model", text("answered")),
    ])]);
    assert_eq!(run.steps[0].model.as_deref(), Some("answered"));
    assert_eq!(
        part(&run, Part::Attributes),
        Some(r#"{"gen_ai.request.model":"asked"}"#)
    );
    let unknown = span_with([("gen_ai.request.model", text("unknown"))]);
    assert_eq!(step_of(unknown).model, None);
}

#[test]
fn what_a_column_gives_back_is_not_kept_twice() {
    let run = run_of(vec![span_with([
        ("gen_ai.request.model", text("m")),
        ("gen_ai.response.model", text("m")),
        ("gen_ai.provider.name", text("openai")),
        ("gen_ai.usage.input_tokens", int(7)),
        ("gen_ai.agent.name", text("a")),
        ("gen_ai.prompt", text("p")),
    ])]);
    assert_eq!(part(&run, Part::Attributes), None);
    assert_eq!(run.steps[0].attributes, "");
    assert_eq!(run.steps[0].agent.as_deref(), Some("a"));
}

#[test]
fn older_names_of_providers_are_translated_and_kept() {
    let run = run_of(vec![span_with([("gen_ai.system", text("az.ai.openai"))])]);
    assert_eq!(run.steps[0].provider.as_deref(), Some("azure.ai.openai"));
    assert_eq!(
        part(&run, Part::Attributes),
        Some(r#"{"gen_ai.system":"az.ai.openai"}"#)
    );
    let both = [
        ("gen_ai.system", text("a")),
        ("gen_ai.provider.name", text("b")),
    ];
    assert_eq!(step_of(span_with(both)).provider.as_deref(), Some("b"));
}

#[test]
fn a_tool_gives_its_step_the_name_and_the_hash_of_its_arguments() {
    let tool = |arguments: &str| {
        let attributes = [
            ("gen_ai.operation.name", text("execute_tool")),
            ("gen_ai.tool.name", text("search")),
            ("gen_ai.tool.call.arguments", text(arguments)),
            ("gen_ai.tool.call.result", text("found")),
        ];
        run_of(vec![Span {
            name: "execute_tool search".into(),
            ..span_with(attributes)
        }])
    };
    let run = tool(r#"{"q":1}"#);
    assert_eq!(
        (run.steps[0].name.as_str(), run.steps[0].tool.as_deref()),
        ("search", Some("search"))
    );
    assert_eq!(part(&run, Part::Input), Some(r#"{"q":1}"#));
    assert_eq!(part(&run, Part::Output), Some("found"));
    let kept = r#"{"gen_ai.operation.name":"execute_tool","otel.span_name":"execute_tool search"}"#;
    assert_eq!(part(&run, Part::Attributes), Some(kept));
    assert_eq!(
        run.steps[0].args_hash,
        tool(r#"{"q":1}"#).steps[0].args_hash
    );
    assert_ne!(
        run.steps[0].args_hash,
        tool(r#"{"q":2}"#).steps[0].args_hash
    );
    assert!(run.steps[0].args_hash.is_some());
}

#[test]
fn instructions_go_before_the_messages_as_the_systems() {
    let messages = r#"[{"role":"user","parts":[]}]"#;
    let run_with = |instructions: &str, messages: &str| {
        run_of(vec![span_with([
            ("gen_ai.system_instructions", text(instructions)),
            ("gen_ai.input.messages", text(messages)),
        ])])
    };
    let run = run_with(r#"[{"type":"text","content":"help"}]"#, messages);
    let expected = r#"[{"role":"system","parts":[{"type":"text","content":"help"}]},{"role":"user","parts":[]}]"#;
    assert_eq!(part(&run, Part::Input), Some(expected));
    assert_eq!(part(&run, Part::Attributes), None);
    assert_eq!(
        part(&run_with("help", messages), Part::Input),
        Some(expected)
    );
    let alone = r#"[{"role":"system","parts":[{"type":"text","content":"help"}]}]"#;
    assert_eq!(part(&run_with("help", "[]"), Part::Input), Some(alone));

    let run = run_with("help", "plain text");
    assert_eq!(part(&run, Part::Input), Some("plain text"));
    assert_eq!(
        part(&run, Part::Attributes),
        Some(r#"{"gen_ai.system_instructions":"help"}"#)
    );
}

#[test]
fn messages_of_events_are_put_together_in_their_order() {
    let events = vec![
        event("gen_ai.system.message", [("content", text("help"))]),
        event(
            "gen_ai.user.message",
            [
                ("content", text(r#"[{"text":"hi"}]"#)),
                ("gen_ai.system", text("x")),
            ],
        ),
        event(
            "gen_ai.choice",
            [("index", int(0)), ("message", text("hello"))],
        ),
    ];
    let run = run_of(vec![Span {
        events,
        ..span("chat")
    }]);
    let input = r#"[{"role":"system","content":"help"},{"role":"user","content":[{"text":"hi"}]}]"#;
    assert_eq!(part(&run, Part::Input), Some(input));
    let output = r#"[{"role":"assistant","index":0,"message":"hello"}]"#;
    assert_eq!(part(&run, Part::Output), Some(output));
    assert!(part(&run, Part::Events).unwrap().contains("gen_ai.choice"));
}

#[test]
fn details_that_come_in_several_events_are_joined() {
    let details = |key: &str, value: &str| {
        event(
            "gen_ai.client.inference.operation.details",
            [(key, text(value))],
        )
    };
    let events = vec![
        details("gen_ai.system_instructions", r#"[{"content":"help"}]"#),
        details("gen_ai.input.messages", r#"[{"role":"user"}]"#),
        details("gen_ai.input.messages", r#"[{"role":"tool"}]"#),
        details("gen_ai.output.messages", r#"[{"role":"assistant"}]"#),
    ];
    let run = run_of(vec![Span {
        events: events.clone(),
        ..span("chat")
    }]);
    let input =
        r#"[{"role":"system","parts":[{"content":"help"}]},{"role":"user"},{"role":"tool"}]"#;
    assert_eq!(part(&run, Part::Input), Some(input));
    assert_eq!(part(&run, Part::Output), Some(r#"[{"role":"assistant"}]"#));
    let attributes = key_values([("gen_ai.output.messages", text("[1]"))]);
    let run = run_of(vec![Span {
        events,
        attributes,
        ..span("chat")
    }]);
    assert_eq!(part(&run, Part::Output), Some("[1]"));
}

#[test]
fn oldest_content_events_are_read() {
    let events = vec![
        event("gen_ai.content.prompt", [("gen_ai.prompt", text("hi"))]),
        event(
            "gen_ai.content.completion",
            [("gen_ai.completion", text("hello"))],
        ),
    ];
    let run = run_of(vec![Span {
        events,
        ..span("chat")
    }]);
    assert_eq!(
        (part(&run, Part::Input), part(&run, Part::Output)),
        (Some("hi"), Some("hello"))
    );
}

#[test]
fn only_a_workflow_names_the_agent_for_the_whole_run() {
    let run = run_of(vec![span_with([
        ("gen_ai.agent.name", text("writer")),
        ("gen_ai.agent.id", text("a1")),
        ("gen_ai.agent.version", text("3")),
        ("gen_ai.workflow.name", text("newsroom")),
        ("gen_ai.conversation.id", text("c1")),
        ("gen_ai.user", text("u1")),
    ])]);
    assert_eq!(run.steps[0].agent.as_deref(), Some("writer"));
    let said = [
        Field::AgentName,
        Field::AgentId,
        Field::AgentVersion,
        Field::SessionId,
        Field::UserId,
    ];
    let said = said.map(|field| run.claims.get(field).unwrap());
    assert_eq!(said, ["newsroom", "a1", "3", "c1", "u1"]);
}

#[test]
fn parameters_of_requests_and_ids_of_answers_are_kept_but_not_filtered_on() {
    let run = run_of(vec![span_with([
        ("gen_ai.request.temperature", double(0.5)),
        ("gen_ai.response.id", text("r1")),
        ("mine", text("x")),
    ])]);
    assert_eq!(run.steps[0].attributes, r#"{"mine":"x"}"#);
    assert_eq!(
        part(&run, Part::Attributes),
        Some(r#"{"gen_ai.request.temperature":0.5,"gen_ai.response.id":"r1"}"#)
    );
}
