//! The jobs, one file each.

mod end_overdue_sql;
mod erase;
mod fold_rollups;
mod forget_changes;
mod forget_idempotency_keys;
mod index_search;
mod keep_retention;
mod make_partitions;
mod measure_storage;
mod merge_search;
mod note_audit_heads;
mod note_key_uses;
mod recount_runs;
mod watch_runs;

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use runwatch_store::pool::Pool;

use crate::metrics::JobMetrics;
use crate::schedule::{Schedule, run};

/// What the jobs work with.
pub(crate) struct Jobs {
    pool: Pool,
    url: String,
    /// Whether the search index is made.
    search_index: bool,
}

impl Jobs {
    /// Jobs over a pool, and the URL for those that need a connection of their own.
    pub(crate) fn new(pool: Pool, url: String, search_index: bool) -> Self {
        Self {
            pool,
            url,
            search_index,
        }
    }

    /// Starts all of them.
    pub(crate) fn start(
        self,
        metrics: &JobMetrics,
        stopped: &watch::Receiver<bool>,
    ) -> JoinSet<()> {
        let mut jobs = JoinSet::new();
        let every = |job, every| (Schedule { job, every }, metrics.clone(), stopped.clone());
        let has_index = self.search_index;
        // Jobs that need nothing of their own but connections of the pool.
        macro_rules! pooled {
            ($($job:ident $(($setting:ident))?: $pause:expr,)*) => {$(
                let pool = self.pool.clone();
                let (schedule, counts, stop) = every(stringify!($job), $pause);
                jobs.spawn(run(schedule, counts, stop, async move || {
                    $job::turn(&pool $(, $setting)?).await
                }));
            )*};
        }
        pooled! {
            fold_rollups: Duration::from_millis(500),
            forget_changes(has_index): Duration::from_secs(30),
            forget_idempotency_keys: Duration::from_secs(600),
            make_partitions: Duration::from_secs(3_600),
            keep_retention: Duration::from_secs(600),
            measure_storage: Duration::from_secs(300),
            erase: Duration::from_secs(2),
            end_overdue_sql: Duration::from_secs(2),
        }
        if has_index {
            pooled! {
                index_search: Duration::from_millis(500),
                merge_search: Duration::from_secs(1),
            }
        }

        let mut watching = watch_runs::Watching::new(self.pool.clone(), self.url.clone());
        let (schedule, counts, stop) = every("watch_runs", Duration::from_secs(15));
        jobs.spawn(run(schedule, counts, stop, async move || {
            watching.turn().await
        }));

        let mut noting = note_audit_heads::Noting::new(self.pool.clone());
        let (schedule, counts, stop) = every("note_audit_heads", Duration::from_secs(3_600));
        jobs.spawn(run(schedule, counts, stop, async move || {
            noting.turn().await
        }));

        let mut noting = note_key_uses::Noting::new(self.url.clone());
        let (schedule, counts, stop) = every("note_key_uses", Duration::from_millis(100));
        jobs.spawn(run(schedule, counts, stop, async move || {
            noting.turn().await
        }));

        let mut recounting = recount_runs::Recounting::new(self.url);
        let (schedule, counts, stop) = every("recount_runs", Duration::from_secs(1));
        jobs.spawn(run(schedule, counts, stop, async move || {
            recounting.turn().await
        }));
        jobs
    }
}
