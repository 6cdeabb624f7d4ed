//! Traces at random, as OTLP.

use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::collection::vec;
use proptest::prelude::*;
use runwatch_tests::spans::{attribute, export, failed, int, span, text, texts};

use super::{Facts, Piece};

/// Spans of one trace at most.
const SPANS_MAX: usize = 7;
/// What several spans may say differently of the run as a whole.
const CLAIMS: [&str; 5] = [
    "session.id",
    "user.id",
    "gen_ai.conversation.id",
    "gen_ai.agent.name",
    "gen_ai.workflow.name",
];
const OPERATIONS: [&str; 5] = ["invoke_agent", "chat", "execute_tool", "embeddings", ""];
const MESSAGES: [&str; 3] = ["connection refused by 10.0.0.7", "rate limit exceeded", ""];

#[derive(Clone, Debug)]
struct SpanPlan {
    parent: Option<usize>,
    operation: usize,
    /// Which claims it makes, and with which of three values.
    claims: Vec<(usize, u8)>,
    tags: bool,
    tokens: Option<u16>,
    failed: Option<usize>,
    offset_ms: i64,
    duration_ms: i64,
    ending: Ending,
    is_remote: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Ended,
    /// Only an unfinished copy is ever sent.
    Never,
    /// An unfinished copy is sent besides the finished one.
    Later,
}

fn plan() -> impl Strategy<Value = SpanPlan> {
    let ending =
        prop_oneof![5 => Just(Ending::Ended), 1 => Just(Ending::Never), 2 => Just(Ending::Later)];
    let claims = vec((0..CLAIMS.len(), 0..3_u8), 0..=3);
    let parent = proptest::option::weighted(0.8, 0..=SPANS_MAX);
    let said = (claims, any::<bool>(), proptest::option::of(any::<u16>()));
    let failure = proptest::option::weighted(0.3, 0..MESSAGES.len());
    let times = (0..120_000_i64, 1..90_000_i64);
    (
        parent,
        0..OPERATIONS.len(),
        said,
        failure,
        times,
        ending,
        any::<bool>(),
    )
        .prop_map(
            |(parent, operation, (claims, tags, tokens), failed, times, ending, is_remote)| {
                SpanPlan {
                    parent,
                    operation,
                    claims,
                    tags,
                    tokens,
                    failed,
                    offset_ms: times.0,
                    duration_ms: times.1,
                    ending,
                    is_remote,
                }
            },
        )
}

/// Traces around this time, so many at most.
pub(super) fn facts(now_us: i64, traces_max: u8) -> impl Strategy<Value = Facts> {
    let base_us = now_us - 3_600_000_000;
    let traces = vec(
        (any::<[u8; 15]>(), vec(plan(), 1..=SPANS_MAX)),
        1..=usize::from(traces_max),
    );
    traces.prop_map(move |traces| {
        let (mut standing, mut pieces) = (Vec::new(), Vec::new());
        for (number, (id, plans)) in (1..=traces_max).zip(&traces) {
            let mut trace = [0; 16];
            trace[..15].copy_from_slice(id);
            // Never all zero, and never the same twice.
            trace[15] = number;
            for (position, plan) in plans.iter().enumerate() {
                let finished = plan.span(trace, position, base_us);
                let unfinished = unfinished(&finished);
                let mut send = |span: &Span| pieces.push(traces_piece(vec![span.clone()]));
                match plan.ending {
                    Ending::Ended => send(&finished),
                    Ending::Never => send(&unfinished),
                    Ending::Later => {
                        send(&unfinished);
                        send(&finished);
                    }
                }
                standing.push(if plan.ending == Ending::Never {
                    unfinished
                } else {
                    finished
                });
            }
        }
        Facts {
            whole: traces_piece(standing),
            pieces,
        }
    })
}

fn traces_piece(spans: Vec<Span>) -> Piece {
    Piece::Traces(export("shop", spans))
}

/// What is exported of a span while it runs: it says nothing that its finished copy does not say.
fn unfinished(span: &Span) -> Span {
    Span {
        end_time_unix_nano: 0,
        status: None,
        ..span.clone()
    }
}

impl SpanPlan {
    fn span(&self, trace: [u8; 16], position: usize, base_us: i64) -> Span {
        let start_us = base_us + self.offset_ms * 1_000;
        let times = (start_us, start_us + self.duration_ms * 1_000);
        let operation = OPERATIONS[self.operation];
        let mut span = span(
            trace,
            id(position),
            &format!("{operation} {position}"),
            times,
        );
        if let Some(parent) = self.parent {
            span.parent_span_id = id(parent).to_be_bytes().to_vec();
        }
        if self.is_remote {
            span.flags = 0x300;
        }
        if !operation.is_empty() {
            span.attributes
                .push(attribute("gen_ai.operation.name", text(operation)));
        }
        match operation {
            "chat" => span.attributes.extend([
                attribute("gen_ai.request.model", text("gpt-4o")),
                attribute(
                    "gen_ai.input.messages",
                    text(r#"[{"role":"user","parts":[]}]"#),
                ),
            ]),
            "execute_tool" => {
                span.attributes
                    .push(attribute("gen_ai.tool.name", text("lookup_order")));
            }
            _ => {}
        }
        if let Some(tokens) = self.tokens {
            let tokens = i64::from(tokens);
            span.attributes.extend([
                attribute("gen_ai.usage.input_tokens", int(tokens)),
                attribute("gen_ai.usage.output_tokens", int(tokens / 2)),
            ]);
        }
        let mut claims = self.claims.clone();
        claims.sort_unstable();
        claims.dedup_by_key(|(claim, _)| *claim);
        for (claim, value) in claims {
            span.attributes
                .push(attribute(CLAIMS[claim], text(&format!("value {value}"))));
        }
        if self.tags {
            let tag = format!("tag {}", position % 3);
            span.attributes
                .push(attribute("tag.tags", texts(&["all", &tag])));
        }
        span.status = self.failed.map(|message| failed(MESSAGES[message]));
        span
    }
}

fn id(position: usize) -> u64 {
    position as u64 + 1
}
