//! Sending again is safe, in any order and in any pieces: what is stored is the same.
//!
//! Each case sends the same facts twice: whole, in one request, to one installation; and to another
//! one in pieces, shuffled, some of them twice, over several connections at once. Then both are
//! folded and compared row by row.

mod native;
mod otlp;

use std::cell::Cell;

use futures_util::StreamExt;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use runwatch_tests::actor::{Actor, JSON};
use runwatch_tests::app::TestApp;
use runwatch_tests::dump::dump;
use runwatch_tests::moments::seconds_ago_us;
use runwatch_tests::rows::project_tables;
use runwatch_tests::{block_on, is_proving};
use serde_json::Value;

/// How much is sent of each property.
struct Scale {
    cases: u32,
    /// Runs of one case at most.
    runs_max: usize,
    traces_max: u8,
}

/// A case takes about a third of a second.
const SCALE: Scale = Scale {
    cases: 40,
    runs_max: 3,
    traces_max: 2,
};
/// A million requests in all.
const SCALE_WHEN_PROVING: Scale = Scale {
    cases: 1_000,
    runs_max: 60,
    traces_max: 120,
};
/// Requests under way at a time.
const CONNECTIONS: usize = 8;

/// One request.
#[derive(Clone, Debug)]
enum Piece {
    /// POST of JSON to a path.
    Post(String, Value),
    /// PATCH of a run's path.
    Patch(String, Value),
    /// POST of OTLP.
    Traces(ExportTraceServiceRequest),
}

impl Piece {
    async fn send(&self, agent: &Actor) {
        let answer = match self {
            Self::Post(path, body) => agent.post(path, JSON, body.to_string()).await,
            Self::Patch(run, body) => agent.change_run(run, body).await,
            Self::Traces(export) => agent.send_traces(export).await,
        };
        assert!(
            matches!(answer.status, 200 | 204),
            "{self:?}: {}",
            answer.text()
        );
        assert!(
            !answer.text().contains("partialSuccess"),
            "{self:?}: {}",
            answer.text()
        );
    }
}

/// The same facts, whole and in pieces.
#[derive(Clone, Debug)]
struct Facts {
    whole: Piece,
    pieces: Vec<Piece>,
}

/// In which order pieces are sent: each is sent as often as it has numbers here, and the numbers
/// decide when.
type Schedule = Vec<Vec<u16>>;

fn schedule(pieces: usize) -> impl Strategy<Value = Schedule> {
    proptest::collection::vec(proptest::collection::vec(any::<u16>(), 1..=2), pieces)
}

fn in_order(pieces: &[Piece], schedule: &Schedule) -> Vec<Piece> {
    let mut all: Vec<(u16, &Piece)> = (pieces.iter().zip(schedule))
        .flat_map(|(piece, numbers)| numbers.iter().map(move |number| (*number, piece)))
        .collect();
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, piece)| piece.clone()).collect()
}

/// Two installations.
struct Pair {
    whole: TestApp,
    pieces: TestApp,
}

impl Pair {
    async fn start() -> Self {
        Self {
            whole: TestApp::start().await,
            pieces: TestApp::start().await,
        }
    }

    async fn compare(&self, facts: &Facts, order: &[Piece]) {
        // What an earlier case left, above all one that failed.
        self.whole.db().clear().await;
        self.pieces.db().clear().await;
        facts.whole.send(&self.whole.agent()).await;
        let agent = self.pieces.agent();
        futures_util::stream::iter(order)
            .for_each_concurrent(CONNECTIONS, |piece| piece.send(&agent))
            .await;
        let (whole, pieces) = (stored(&self.whole).await, stored(&self.pieces).await);
        if let Some((expected, found)) = first_difference(&whole, &pieces) {
            panic!("whole:  {expected}\npieces: {found}");
        }
    }

    async fn stop(self) {
        self.whole.stop().await;
        self.pieces.stop().await;
    }
}

async fn stored(app: &TestApp) -> String {
    app.fold().await;
    dump(&app.db().admin().await).await
}

fn first_difference<'t>(one: &'t str, other: &'t str) -> Option<(&'t str, &'t str)> {
    let (mut one, mut other) = (one.lines(), other.lines());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return None,
            (one, other) if one == other => {}
            (one, other) => {
                return Some((one.unwrap_or("(nothing)"), other.unwrap_or("(nothing)")));
            }
        }
    }
}

fn scale() -> Scale {
    if is_proving() {
        SCALE_WHEN_PROVING
    } else {
        SCALE
    }
}

/// Runs the property for facts at random.
fn the_same_in_any_order(facts: impl Strategy<Value = Facts>) {
    let mut runner = TestRunner::new(Config {
        cases: scale().cases,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    });
    let with_schedule = facts.prop_flat_map(|facts| {
        let schedule = schedule(facts.pieces.len());
        (Just(facts), schedule)
    });
    let pair = block_on(Pair::start());
    let sent = Cell::new(0);
    let outcome = runner.run(&with_schedule, |(facts, schedule)| {
        let order = in_order(&facts.pieces, &schedule);
        sent.set(sent.get() + order.len());
        block_on(pair.compare(&facts, &order));
        Ok(())
    });
    block_on(pair.stop());
    println!("{} requests, each run also sent whole", sent.get());
    outcome.unwrap_or_else(|failed| panic!("{failed}"));
}

#[test]
fn a_run_told_in_pieces_is_the_run_told_whole() {
    the_same_in_any_order(native::facts(seconds_ago_us(0), scale().runs_max));
}

#[test]
fn a_trace_exported_span_by_span_is_the_trace_exported_at_once() {
    the_same_in_any_order(otlp::facts(seconds_ago_us(0), scale().traces_max));
}

#[test]
fn the_comparison_notices_a_lost_step() {
    block_on(async {
        let pair = Pair::start().await;
        let run = serde_json::json!({
            "run_id": "0199c7a2-7a51-7cc0-9d3e-5b6f0f7d2a11", "agent_id": "a",
            "steps": [{"step_id": "0000000000000001", "name": "one"}],
        });
        Piece::Post("/v1/runs".to_owned(), run)
            .send(&pair.whole.agent())
            .await;
        let (whole, pieces) = (stored(&pair.whole).await, stored(&pair.pieces).await);
        assert!(first_difference(&whole, &pieces).is_some());
        assert!(
            !project_tables(&pair.whole.db().admin().await)
                .await
                .is_empty()
        );
        pair.stop().await;
    });
}
