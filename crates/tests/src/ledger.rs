//! What was acknowledged, on disk before it counts: the judge over crashes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use tokio_postgres::Client;
use uuid::Uuid;

/// Runs that were acknowledged, with how many steps each has.
pub type Acknowledged = BTreeMap<Uuid, usize>;

type Entry = (Vec<(Uuid, usize)>, oneshot::Sender<()>);

/// A file of acknowledged runs; an entry counts once it is on the disk.
#[derive(Debug)]
pub struct Ledger {
    entries: mpsc::Sender<Entry>,
    acknowledged: Arc<Mutex<Acknowledged>>,
    writer: JoinHandle<()>,
}

/// Writes into a ledger.
#[derive(Clone, Debug)]
pub struct Scribe(mpsc::Sender<Entry>);

/// What a ledger and a database say together.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Runs that were acknowledged.
    pub acknowledged: usize,
    /// Acknowledged runs that are not there.
    pub lost: usize,
    /// Runs whose steps are not all there as they were sent, acknowledged or not.
    pub torn: usize,
    /// Steps that the rollups count more often than they are there.
    pub counted_twice: i64,
}

impl Ledger {
    /// A new ledger in this file.
    pub fn create(path: &std::path::Path) -> Self {
        let mut file = File::create(path).expect("the ledger can be created");
        let (entries, received) = mpsc::channel::<Entry>();
        let acknowledged = Arc::new(Mutex::new(Acknowledged::new()));
        let kept = Arc::clone(&acknowledged);
        let writer = std::thread::spawn(move || {
            while let Ok(first) = received.recv() {
                let batch: Vec<Entry> = std::iter::once(first).chain(received.try_iter()).collect();
                let lines = batch.iter().flat_map(|(runs, _)| runs);
                let lines: String = lines
                    .map(|(run, steps)| format!("{run} {steps}\n"))
                    .collect();
                file.write_all(lines.as_bytes())
                    .expect("the ledger takes a line");
                file.sync_data().expect("the ledger reaches the disk");
                let mut kept = kept.lock().expect("nobody panics while holding it");
                for (runs, done) in batch {
                    kept.extend(runs);
                    // Whoever does not wait any more does not need to hear it.
                    done.send(()).ok();
                }
            }
        });
        Self {
            entries,
            acknowledged,
            writer,
        }
    }

    /// Somebody who writes into it.
    pub fn scribe(&self) -> Scribe {
        Scribe(self.entries.clone())
    }

    /// Everything that was acknowledged, once all scribes are gone.
    pub fn close(self) -> Acknowledged {
        let Self {
            entries,
            acknowledged,
            writer,
        } = self;
        drop(entries);
        writer.join().expect("the ledger was written to its end");
        let acknowledged = acknowledged.lock().expect("nobody panics while holding it");
        acknowledged.clone()
    }
}

impl Scribe {
    /// Writes down acknowledged runs with how many steps each has, and waits for the disk.
    pub async fn acknowledge(&self, runs: Vec<(Uuid, usize)>) {
        let (done, written) = oneshot::channel();
        self.0.send((runs, done)).expect("the ledger is open");
        written.await.expect("the ledger is written");
    }
}

/// The name of a run's step, from which it can be told whether it is the one that was sent.
pub fn step_name(run: Uuid, step: usize) -> String {
    format!("{run}/{step}")
}

/// Compares a ledger with a database whose deltas are folded.
pub async fn judge(acknowledged: &Acknowledged, admin: &Client) -> Verdict {
    let statement = "
        SELECT r.run_id, r.steps, coalesce((
            SELECT array_agg(s.name ORDER BY s.seq) FROM agent_steps s
            WHERE s.project_id = r.project_id AND s.run_id = r.run_id AND s.run_day = r.run_day), '{}')
        FROM agent_runs r";
    let rows = admin
        .query(statement, &[])
        .await
        .expect("the runs are read");
    let mut verdict = Verdict {
        acknowledged: acknowledged.len(),
        ..Verdict::default()
    };
    let mut stored = Acknowledged::new();
    for row in &rows {
        let (run, counted, names): (Uuid, i64, Vec<String>) = (row.get(0), row.get(1), row.get(2));
        let expected: Vec<String> = (0..names.len()).map(|step| step_name(run, step)).collect();
        let is_whole = names == expected && usize::try_from(counted) == Ok(names.len());
        verdict.torn += usize::from(!is_whole);
        stored.insert(run, names.len());
    }
    for (run, steps) in acknowledged {
        match stored.get(run) {
            None => verdict.lost += 1,
            Some(found) if found != steps => verdict.torn += 1,
            Some(_) => {}
        }
    }
    let counted = "
        SELECT (SELECT coalesce(sum(items), 0) FROM usage_minute WHERE kind <> 0)::bigint
            - (SELECT count(*) FROM agent_steps WHERE duration_us IS NOT NULL)";
    let row = admin
        .query_one(counted, &[])
        .await
        .expect("the rollups are read");
    verdict.counted_twice = row.get(0);
    verdict
}
