//! Each dialect by itself: hand-made spans for what it adds.

mod agentops;
mod claude_code;
mod crewai;
mod gemini_cli;
mod genkit;
mod google_adk;
mod laminar;
mod langfuse;
mod langsmith;
mod livekit;
mod llama_index;
mod logfire;
mod mcp;
mod mlflow;
mod openai_agents;
mod openlit;
mod pydantic_ai;
mod smolagents;
mod strands;
mod traceloop;
mod vercel_ai;
mod voltagent;

use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope};
use opentelemetry_proto::tonic::trace::v1::Span;
use runwatch_core::claims::Field;
use runwatch_core::payload::Part;
use runwatch_core::run::RunPart;
use runwatch_core::step::{Step, StepKind, StepStatus};

use super::builders::*;

/// The run of a span with attributes.
fn run_with<const N: usize>(attributes: [(&str, AnyValue); N]) -> RunPart {
    run_of(vec![span_with(attributes)])
}

/// The step of a span with attributes.
fn step_with<const N: usize>(attributes: [(&str, AnyValue); N]) -> Step {
    step_of(span_with(attributes))
}

/// The step of a child span with attributes.
fn child_with<const N: usize>(attributes: [(&str, AnyValue); N]) -> Step {
    let parent_span_id = vec![5; 8];
    step_of(Span {
        parent_span_id,
        ..span_with(attributes)
    })
}

/// The run of a span that the instrumentation of that name made.
fn run_by(scope: &str, span: Span) -> RunPart {
    let mut request = request(vec![span]);
    request.resource_spans[0].scope_spans[0].scope = Some(InstrumentationScope {
        name: scope.to_owned(),
        ..InstrumentationScope::default()
    });
    one_run(decode_protobuf(&request))
}

/// The kinds of child spans that have an attribute with each of these values.
#[track_caller]
fn assert_kinds(key: &str, kinds: &[(&str, StepKind)]) {
    for (value, kind) in kinds {
        assert_eq!(child_with([(key, text(value))]).kind, *kind, "{value}");
    }
}

fn input(run: &RunPart) -> Option<&str> {
    part(run, Part::Input)
}

fn output(run: &RunPart) -> Option<&str> {
    part(run, Part::Output)
}

/// The counts of a step: input, output, total, cached, written to the cache, reasoning.
fn counts(step: &Step) -> [Option<i32>; 6] {
    let usage = step.usage;
    [
        usage.input,
        usage.output,
        usage.total,
        usage.cached,
        usage.cache_write,
        usage.reasoning,
    ]
}

/// A text attribute that is not to be understood in a span of nobody in particular.
#[track_caller]
fn assert_bare_names_mean_nothing(keys: &[&str]) {
    for key in keys {
        let run = run_with([(key, text("7"))]);
        let step = &run.steps[0];
        assert_eq!(step.usage.sum(), 0, "{key}");
        assert_eq!(
            (&step.model, &step.agent, &step.tool),
            (&None, &None, &None)
        );
        assert_eq!((input(&run), output(&run)), (None, None), "{key}");
        assert_eq!(step.attributes, format!("{{\"{key}\":\"7\"}}"));
        assert!(run.claims.get(Field::SessionId).is_none());
    }
}

fn dollars(step: &Step) -> Option<f64> {
    step.reported_cost.map(|cost| cost.dollars())
}

fn is_failed(step: &Step) -> bool {
    step.status == StepStatus::Failed
}
