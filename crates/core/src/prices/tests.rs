//! The bundled table against what genai-prices itself computes.

use serde::Deserialize;

use super::*;

fn usage(input: i32, output: i32) -> TokenUsage {
    TokenUsage {
        input: Some(input),
        output: Some(output),
        ..TokenUsage::default()
    }
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse_rfc3339(time).unwrap()
}

fn nano(book: &PriceBook, provider: Option<&str>, model: &str, usage: TokenUsage) -> Option<i64> {
    let call = Call {
        provider,
        model,
        usage,
        at: at("2026-11-01T00:00:00Z"),
    };
    book.price(&call).map(|priced| priced.cost.0)
}

#[test]
fn the_version_is_that_of_the_table() {
    let version = Catalog::bundled().version;
    let parts: Vec<i32> = version
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    assert_eq!(PRICE_VERSION, parts[0] * 10_000 + parts[1] * 100 + parts[2]);
}

#[test]
fn every_model_of_the_table_has_prices_for_every_moment() {
    let catalog = Catalog::bundled();
    assert_eq!(catalog.models().count(), 2_330);
    for model in catalog.models() {
        for at in [Timestamp(i64::MIN), Timestamp(0), Timestamp(i64::MAX)] {
            model.rates_at(at);
        }
    }
}

#[derive(Deserialize)]
struct Golden {
    provider: Option<String>,
    model: String,
    usage: TokenUsage,
    at: String,
    nano_usd: Option<i64>,
}

#[test]
fn every_golden_call_costs_what_the_package_charges() {
    let golden: Vec<Golden> =
        serde_json::from_str(include_str!("../../data/prices_golden.json")).unwrap();
    assert_eq!(golden.len(), 200);
    let book = PriceBook::bundled();
    for case in &golden {
        let call = Call {
            provider: case.provider.as_deref(),
            model: &case.model,
            usage: case.usage,
            at: at(&case.at),
        };
        let cost = book.price(&call).map(|priced| priced.cost.0);
        assert_eq!(
            cost, case.nano_usd,
            "{:?} {} at {}",
            case.provider, case.model, case.at
        );
    }
}

#[test]
fn a_long_prompt_is_priced_by_its_tier_as_a_whole() {
    let book = PriceBook::bundled();
    let cost = |input| {
        nano(
            &book,
            Some("anthropic"),
            "claude-sonnet-4-5",
            usage(input, 1_000),
        )
    };
    assert_eq!(cost(300_000), Some(1_822_500_000));
    assert_eq!(cost(200_000), Some(615_000_000));
}

#[test]
fn the_provider_may_be_wrong_missing_or_part_of_the_name() {
    let book = PriceBook::bundled();
    let right = nano(&book, Some("openai"), "gpt-4o", usage(1_000, 100));
    assert_eq!(right, Some(3_500_000));
    let ways = [
        (None, "gpt-4o"),
        (Some(""), "gpt-4o"),
        (Some("langgraph"), "GPT-4o"),
        (Some("anthropic"), "gpt-4o"),
        (Some("litellm"), "openai/gpt-4o"),
        (Some("strands-agents"), "openai/gpt-4o"),
    ];
    for (provider, model) in ways {
        assert_eq!(
            nano(&book, provider, model, usage(1_000, 100)),
            right,
            "{provider:?} {model}"
        );
    }
}

#[test]
fn what_is_not_in_the_table_has_no_cost() {
    let book = PriceBook::bundled();
    for model in ["unknown", "", "m", "/", "my-agent", "fake-model"] {
        assert_eq!(
            nano(&book, Some("openai"), model, usage(1_000, 100)),
            None,
            "{model}"
        );
        assert_eq!(nano(&book, None, model, usage(1_000, 100)), None, "{model}");
    }
}

#[test]
fn a_call_without_tokens_has_no_cost() {
    let book = PriceBook::bundled();
    let only_total = TokenUsage {
        total: Some(500),
        ..TokenUsage::default()
    };
    for usage in [TokenUsage::default(), usage(0, 0), only_total] {
        assert_eq!(nano(&book, Some("openai"), "gpt-4o", usage), None);
    }
}

#[test]
fn contradictory_counts_are_never_charged_below_zero() {
    let book = PriceBook::bundled();
    let usage = TokenUsage {
        cached: Some(900),
        reasoning: Some(90),
        ..usage(100, 10)
    };
    assert!(nano(&book, Some("openai"), "gpt-4o", usage).unwrap() > 0);
    let negative = TokenUsage {
        cached: Some(-5),
        ..self::usage(-7, 10)
    };
    assert_eq!(
        nano(&book, Some("openai"), "gpt-4o", negative),
        Some(100_000)
    );
}

#[test]
fn the_largest_counts_do_not_overflow() {
    let book = PriceBook::bundled();
    let all = TokenUsage {
        cached: Some(i32::MAX),
        cache_write: Some(i32::MAX),
        reasoning: Some(i32::MAX),
        ..usage(i32::MAX, i32::MAX)
    };
    assert!(nano(&book, Some("openai"), "o1-pro", all).is_some());
}

#[test]
fn invented_names_do_not_fill_the_memory() {
    let book = PriceBook::bundled();
    for number in 0..PLACES_MAX + 10 {
        let place = Some(book.catalog.find("openai", "gpt-4o").unwrap());
        book.places
            .lock()
            .unwrap()
            .insert("openai", &number.to_string(), place);
    }
    assert_eq!(book.places.lock().unwrap().len, 10);
}
