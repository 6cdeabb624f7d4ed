//! What alert-worker counts about its jobs.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Counters by job.
#[derive(Clone, Debug)]
pub(crate) struct JobMetrics {
    items: Family<JobLabel, Counter>,
    failures: Family<JobLabel, Counter>,
    durations: Family<JobLabel, Histogram, fn() -> Histogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabel {
    job: &'static str,
}

impl JobMetrics {
    /// Makes them and puts them into the registry.
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let durations =
            (|| Histogram::new(exponential_buckets(0.001, 4.0, 8))) as fn() -> Histogram;
        let metrics = Self {
            items: Family::default(),
            failures: Family::default(),
            durations: Family::new_with_constructor(durations),
        };
        registry.register(
            "job_items",
            "Rows that jobs have dealt with",
            metrics.items.clone(),
        );
        registry.register(
            "job_failures",
            "Turns of jobs that failed",
            metrics.failures.clone(),
        );
        registry.register(
            "job_duration_seconds",
            "Duration of one turn of a job",
            metrics.durations.clone(),
        );
        metrics
    }

    /// Counts a turn that dealt with so many rows.
    pub(crate) fn done(&self, job: &'static str, items: usize, took: Duration) {
        let label = JobLabel { job };
        self.items.get_or_create(&label).inc_by(items as u64);
        self.durations
            .get_or_create(&label)
            .observe(took.as_secs_f64());
    }

    /// Counts a turn that failed.
    pub(crate) fn failed(&self, job: &'static str) {
        self.failures.get_or_create(&JobLabel { job }).inc();
    }
}
