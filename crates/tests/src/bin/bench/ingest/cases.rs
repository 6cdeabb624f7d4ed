//! The ways of sending that are measured.

#[cfg(test)]
mod tests;

use clap::ValueEnum;

use crate::load::Protocol;
use crate::shape::Run;
use crate::template::Format;
use crate::{native, otlp};

/// By what part JSON may be slower than OTLP.
const JSON_SLOWER_MAX: f64 = 0.2;
/// The part of the ceiling that is wanted of OTLP, 25 runs a request.
const OTLP_WANTED: f64 = 0.40;
/// What part of the rate over HTTP is wanted over gRPC.
pub(super) const GRPC_WANTED: f64 = 0.85;

/// A way of sending, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// OTLP over HTTP, 25 runs a request.
    Otlp,
    /// The same over gRPC; `otlp` is measured with it, to be compared.
    Grpc,
    /// OTLP over HTTP, one run a request.
    OtlpSingle,
    /// Native JSON, 25 runs a request.
    Json,
    /// As `otlp`, while the search index is made; a step counts when it is in the index.
    SearchIndex,
}

/// One way of sending.
pub(super) struct Case {
    pub(super) scenario: Scenario,
    /// What the result is called.
    pub(super) bench: &'static str,
    pub(super) protocol: Protocol,
    pub(super) format: Format,
    pub(super) render: fn(&Run) -> Vec<u8>,
    pub(super) connections: usize,
    pub(super) batch: usize,
    /// Whether the worker makes the search index meanwhile. In the other cases it makes none at all.
    pub(super) search_index: bool,
    /// The part of the ceiling that is wanted.
    pub(super) ratio_wanted: f64,
}

/// What most of them have in common.
const OTLP: Case = Case {
    scenario: Scenario::Otlp,
    bench: "ingest",
    protocol: Protocol::Http,
    format: Format::Otlp,
    render: otlp::render,
    connections: 8,
    batch: 25,
    search_index: false,
    ratio_wanted: OTLP_WANTED,
};

/// The ways of sending. The connections are as many as it takes for the highest rate. What is compared
/// is measured one right after the other.
const CASES: [Case; 5] = [
    OTLP,
    Case {
        scenario: Scenario::Grpc,
        bench: "ingest-grpc",
        protocol: Protocol::Grpc,
        ratio_wanted: OTLP_WANTED * GRPC_WANTED,
        ..OTLP
    },
    Case {
        scenario: Scenario::OtlpSingle,
        connections: 32,
        batch: 1,
        ratio_wanted: 0.25,
        ..OTLP
    },
    Case {
        scenario: Scenario::Json,
        bench: "ingest-json",
        format: Format::Native,
        render: native::render,
        ratio_wanted: OTLP_WANTED * (1.0 - JSON_SLOWER_MAX),
        ..OTLP
    },
    Case {
        scenario: Scenario::SearchIndex,
        bench: "ingest-search-index",
        search_index: true,
        ratio_wanted: 0.30,
        ..OTLP
    },
];

/// The cases of the scenarios that are asked for, or all if none is.
pub(super) fn asked_for(only: &[Scenario]) -> impl Iterator<Item = Case> {
    CASES.into_iter().filter(move |case| {
        let is_compared = case.scenario == Scenario::Otlp && only.contains(&Scenario::Grpc);
        only.is_empty() || only.contains(&case.scenario) || is_compared
    })
}

impl Case {
    /// What is sent, in words.
    pub(super) fn sent_as(&self) -> &'static str {
        match (self.format, self.protocol) {
            (Format::Native, _) => "native JSON",
            (Format::Otlp | Format::Copy, Protocol::Http) => "OTLP protobuf",
            (Format::Otlp | Format::Copy, Protocol::Grpc) => "OTLP over gRPC",
        }
    }
}
