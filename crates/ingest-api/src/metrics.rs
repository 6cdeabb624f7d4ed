//! What ingest-api counts about itself.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use runwatch_service::problem::Problem;
use runwatch_store::ingest::Arrival;

use crate::admission::Level;
use crate::body::OVERLOADED;
use crate::tenants::QUOTA_EXCEEDED;

/// Counters of what was taken in.
#[derive(Clone, Debug)]
pub(crate) struct IngestMetrics {
    runs: Counter,
    steps: Counter,
    flushes: Counter,
    failed_flushes: Counter,
    rejected: Counter,
    shed: Counter,
    over_quota: Counter,
    bytes_in_flight: Gauge,
    bytes_let_in: Gauge,
    latency: Histogram,
    flush: Histogram,
    calls: Family<CallLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: &'static str,
    code: i32,
}

impl IngestMetrics {
    /// Makes them and puts them into the registry.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            runs: Counter::default(),
            steps: Counter::default(),
            flushes: Counter::default(),
            failed_flushes: Counter::default(),
            rejected: Counter::default(),
            shed: Counter::default(),
            over_quota: Counter::default(),
            bytes_in_flight: Gauge::default(),
            bytes_let_in: Gauge::default(),
            latency: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            flush: Histogram::new(exponential_buckets(0.000_5, 2.0, 14)),
            calls: Family::default(),
        };
        registry.register(
            "runs_ingested",
            "Runs, or parts of runs, committed",
            metrics.runs.clone(),
        );
        registry.register(
            "steps_ingested",
            "Steps committed, repeated ones too",
            metrics.steps.clone(),
        );
        registry.register(
            "ingest_flushes",
            "Transactions that stored requests",
            metrics.flushes.clone(),
        );
        registry.register(
            "ingest_flushes_failed",
            "Transactions that could not be committed; their requests were answered 503",
            metrics.failed_flushes.clone(),
        );
        registry.register(
            "items_rejected",
            "Items refused with a reason",
            metrics.rejected.clone(),
        );
        registry.register(
            "requests_shed",
            "Requests refused before they were read, because too much was in flight",
            metrics.shed.clone(),
        );
        registry.register(
            "requests_over_quota",
            "Requests refused before they were read, because their project had sent its quota",
            metrics.over_quota.clone(),
        );
        metrics.register_in_flight(registry);
        registry.register(
            "ingest_latency_seconds",
            "From the last byte of a request to the commit of what it brought",
            metrics.latency.clone(),
        );
        registry.register(
            "ingest_flush_seconds",
            "Duration of one transaction that stores requests",
            metrics.flush.clone(),
        );
        registry.register(
            "grpc_requests",
            "Calls over gRPC answered, by gRPC's code",
            metrics.calls.clone(),
        );
        metrics
    }

    fn register_in_flight(&self, registry: &mut Registry) {
        registry.register(
            "bytes_in_flight",
            "Bytes of bodies that were held when requests were last stored",
            self.bytes_in_flight.clone(),
        );
        registry.register(
            "bytes_let_in",
            "Bytes of bodies that are let in at present: as many as are stored soon enough",
            self.bytes_let_in.clone(),
        );
    }

    /// Counts a flush.
    pub(crate) fn flushed(&self, arrivals: &[Arrival], took: Duration, stored: bool) {
        self.flush.observe(took.as_secs_f64());
        if !stored {
            self.failed_flushes.inc();
            return;
        }
        self.flushes.inc();
        for arrival in arrivals {
            let runs = arrival
                .runs
                .iter()
                .filter(|run| !run.part.is_only_feedback());
            self.runs.inc_by(runs.count() as u64);
            let steps: usize = arrival.runs.iter().map(|run| run.part.steps.len()).sum();
            self.steps.inc_by(steps as u64);
        }
    }

    /// Notes what is held and let in.
    pub(crate) fn in_flight(&self, level: Level) {
        let gauge = |gauge: &Gauge, bytes| gauge.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        gauge(&self.bytes_in_flight, level.held);
        gauge(&self.bytes_let_in, level.limit);
    }

    /// Counts a request that was answered.
    pub(crate) fn answered(&self, took: Duration, rejected: usize) {
        self.latency.observe(took.as_secs_f64());
        self.rejected.inc_by(rejected as u64);
    }

    /// Counts a request that was refused, if that was for what is in flight already or for a quota.
    pub(crate) fn refused(&self, problem: &Problem) {
        match problem.code() {
            OVERLOADED => self.shed.inc(),
            QUOTA_EXCEEDED => self.over_quota.inc(),
            _ => 0,
        };
    }

    /// Counts an answered call over gRPC.
    pub(crate) fn called(&self, method: &'static str, code: i32) {
        self.calls.get_or_create(&CallLabels { method, code }).inc();
    }
}
