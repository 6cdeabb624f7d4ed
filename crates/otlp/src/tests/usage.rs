//! Tokens, costs and waiting times by OpenTelemetry's conventions for generative AI.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use runwatch_core::money::NanoUsd;
use runwatch_core::payload::Part;
use runwatch_core::step::flags;
use runwatch_core::usage::TokenUsage;

use super::builders::*;

fn usage_of<const N: usize>(attributes: [(&str, AnyValue); N]) -> TokenUsage {
    step_of(span_with(attributes)).usage
}

#[test]
fn of_two_spellings_of_usage_one_is_taken_and_none_added() {
    let usage = usage_of([
        ("gen_ai.usage.prompt_tokens", int(10)),
        ("gen_ai.usage.input_tokens", int(10)),
        ("gen_ai.usage.completion_tokens", int(4)),
        ("gen_ai.usage.output_tokens", int(4)),
        ("gen_ai.usage.total_tokens", int(14)),
        ("gen_ai.usage.cache_read.input_tokens", int(3)),
        ("gen_ai.usage.cache_read_input_tokens", int(3)),
    ]);
    let (input, output, cached) = (Some(10), Some(4), Some(3));
    assert_eq!(
        usage,
        TokenUsage {
            input,
            output,
            cached,
            ..TokenUsage::default()
        }
    );
}

#[test]
fn usage_that_left_out_cached_tokens_gets_them_added() {
    let span = span_with([
        ("gen_ai.usage.input_tokens", int(10)),
        ("gen_ai.usage.cache_read_input_tokens", int(90)),
        ("gen_ai.usage.cache_creation.input_tokens", int(5)),
    ]);
    let run = run_of(vec![span]);
    assert_eq!(run.steps[0].usage.input, Some(105));
    assert_eq!(
        part(&run, Part::Attributes),
        Some(r#"{"gen_ai.usage.input_tokens":10}"#)
    );
}

#[test]
fn every_generation_of_names_of_token_counts_is_read() {
    for key in [
        "cache_write.input_tokens",
        "cache_creation.input_tokens",
        "cache_creation_input_tokens",
        "cache_write_input_tokens",
        "details.cache_write_tokens",
    ] {
        assert_eq!(
            usage_of([(&*format!("gen_ai.usage.{key}"), int(1))]).cache_write,
            Some(1),
            "{key}"
        );
    }
    for key in [
        "cache_read.input_tokens",
        "cache_read_input_tokens",
        "details.cache_read_tokens",
    ] {
        assert_eq!(
            usage_of([(&*format!("gen_ai.usage.{key}"), int(1))]).cached,
            Some(1),
            "{key}"
        );
    }
    for key in [
        "reasoning.output_tokens",
        "reasoning_tokens",
        "details.reasoning_tokens",
    ] {
        assert_eq!(
            usage_of([(&*format!("gen_ai.usage.{key}"), int(1))]).reasoning,
            Some(1),
            "{key}"
        );
    }
    assert_eq!(
        usage_of([("gen_ai.usage.total_tokens", int(9))]).total,
        Some(9)
    );
}

#[test]
fn token_counts_may_be_told_as_doubles_or_text() {
    assert_eq!(
        usage_of([("gen_ai.usage.input_tokens", text("53"))]).input,
        Some(53)
    );
    assert_eq!(
        usage_of([("gen_ai.usage.input_tokens", double(53.0))]).input,
        Some(53)
    );
}

#[test]
fn token_counts_that_are_none_are_left_out_flagged_and_kept() {
    for value in [
        int(-1),
        int(i64::MAX),
        double(0.5),
        double(f64::NAN),
        text("many"),
    ] {
        let run = run_of(vec![span_with([
            ("gen_ai.usage.input_tokens", value.clone()),
            ("gen_ai.usage.prompt_tokens", int(8)),
        ])]);
        assert_eq!(
            (run.steps[0].usage.input, run.steps[0].flags),
            (Some(8), flags::NUMBER)
        );
        assert!(
            part(&run, Part::Attributes)
                .unwrap()
                .contains("gen_ai.usage.input_tokens")
        );
    }
}

#[test]
fn the_sum_over_a_run_that_one_framework_reports_stands_in_for_usage() {
    let sum = ("gen_ai.aggregated_usage.input_tokens", int(109));
    assert_eq!(usage_of([sum.clone()]).input, Some(109));
    let own = ("gen_ai.usage.input_tokens", int(9));
    assert_eq!(usage_of([sum, own]).input, Some(9));
}

#[test]
fn a_reported_cost_is_kept_in_nano_dollars() {
    let run = run_of(vec![span_with([
        ("operation.cost", double(0.000_012_5)),
        ("gen_ai.usage.cost", double(2.0)),
    ])]);
    assert_eq!(run.steps[0].reported_cost, Some(NanoUsd(12_500)));
    assert_eq!(
        part(&run, Part::Attributes),
        Some(r#"{"gen_ai.usage.cost":2.0}"#)
    );
    let negative = step_of(span_with([("operation.cost", double(-1.0))]));
    assert_eq!(
        (negative.reported_cost, negative.flags),
        (None, flags::NUMBER)
    );
}

#[test]
fn the_first_token_is_told_in_seconds() {
    let step = step_of(span_with([(
        "gen_ai.response.time_to_first_chunk",
        double(0.25),
    )]));
    assert_eq!(step.first_token_us, Some(250_000));
}
