//! `bench query`: how fast is read what is asked most, over HTTP and beside that by the same SQL
//! without our service.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use runwatch_cli::console::say;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::http::Client;
use crate::index;
use crate::load::{self, Pace, Templates};
use crate::machine::Watch;
use crate::otlp;
use crate::random::Random;
use crate::report::{self, Latencies, judged};
use crate::shape::{AGENTS, STEPS};
use crate::stack::{INGEST, Project, QUERY, Stack, WORKER};
use crate::straight::Straight;
use crate::template::Format;

/// Runs that are stored unless another number is asked for; they have two million steps.
pub(crate) const RUNS: usize = 100_000;
/// Over how much time they are spread.
pub(crate) const SPREAD: Duration = Duration::from_secs(24 * 60 * 60);
/// How many ask at a time.
const CLIENTS: [u64; 2] = [1, 2];

/// What is asked, and about what.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Question {
    /// A run with its input, output and failures.
    Run(Uuid),
    /// The steps of a run.
    RunSteps(Uuid),
    /// The latest 50 failed runs of an agent.
    LatestRuns(&'static str),
    /// Usage by minute over the last 24 hours.
    UsageByMinute,
    /// The 50 failure groups with the latest failures.
    FailureGroups,
}

/// A kind of question.
struct Kind {
    name: &'static str,
    /// The most milliseconds that half of the answers may take.
    wanted_p50_ms: f64,
    draw: fn(&mut Random, &[Uuid]) -> Question,
}

/// What is asked.
const KINDS: [Kind; 5] = [
    Kind {
        name: "run",
        wanted_p50_ms: 2.0,
        draw: |random, runs| Question::Run(*random.one_of(runs)),
    },
    Kind {
        name: "run_steps",
        wanted_p50_ms: 2.0,
        draw: |random, runs| Question::RunSteps(*random.one_of(runs)),
    },
    Kind {
        name: "latest_runs",
        wanted_p50_ms: 3.0,
        draw: |random, _| Question::LatestRuns(random.one_of(&AGENTS).0),
    },
    Kind {
        name: "usage_by_minute",
        wanted_p50_ms: 8.0,
        draw: |_, _| Question::UsageByMinute,
    },
    Kind {
        name: "failure_groups",
        wanted_p50_ms: 5.0,
        draw: |_, _| Question::FailureGroups,
    },
];

/// A result as it is printed.
#[derive(Serialize)]
struct Line {
    bench: &'static str,
    query: &'static str,
    clients: u64,
    runs: usize,
    steps: usize,
    p50_ms: f64,
    p99_ms: f64,
    sql_p50_ms: f64,
    sql_p99_ms: f64,
}

/// How a question is asked.
enum Way {
    Http { client: Client, key: String },
    Sql(Box<Straight>),
}

/// Fills a database and asks.
pub(crate) async fn run(seconds: Duration, runs: usize) -> Result<()> {
    let stack = Stack::start(&[WORKER, QUERY, INGEST]).await?;
    let rows = measure(&stack, seconds, runs).await;
    stack.stop().await?;
    report::table(
        &[
            "asked",
            "clients",
            "p50 ms",
            "p99 ms",
            "the same SQL alone: p50 ms",
            "p99 ms",
        ],
        &rows?,
    );
    Ok(())
}

async fn measure(stack: &Stack, seconds: Duration, runs: usize) -> Result<Vec<Vec<String>>> {
    let project = stack.project("bench").await?;
    say(&format!("Storing {runs} runs with {} steps.", runs * STEPS));
    let runs = Arc::new(fill(stack, &project, runs).await?);
    let watch = Watch::begin(stack.programs())?;
    let mut rows = Vec::new();
    for kind in &KINDS {
        for clients in CLIENTS {
            let http = async || {
                Ok(Way::Http {
                    client: Client::connect(stack.address(QUERY)?).await?,
                    key: project.key.clone(),
                })
            };
            let http = ask(http, kind, clients, &runs, seconds)
                .await
                .context(kind.name)?;
            let sql = async || {
                let client = stack
                    .cluster
                    .connect(&stack.cluster.url(QUERY.role))
                    .await?;
                Ok(Way::Sql(Box::new(
                    Straight::prepare(client, project.id).await?,
                )))
            };
            let sql = ask(sql, kind, clients, &runs, seconds)
                .await
                .context(kind.name)?;
            let line = Line {
                bench: "query",
                query: kind.name,
                clients,
                runs: runs.len(),
                steps: runs.len() * STEPS,
                p50_ms: http.percentile_ms(50),
                p99_ms: http.percentile_ms(99),
                sql_p50_ms: sql.percentile_ms(50),
                sql_p99_ms: sql.percentile_ms(99),
            };
            report::line(&line);
            rows.push(row(&line, kind));
        }
    }
    watch.end()?;
    Ok(rows)
}

/// Stores the runs and waits until a database that is in use would look the same.
pub(crate) async fn fill(stack: &Stack, project: &Project, runs: usize) -> Result<Vec<Uuid>> {
    let templates = Templates::draw(Format::Otlp, otlp::render);
    let ledger = load::send(&stack.target(project)?, &templates, pace(runs)).await?;
    ensure!(
        ledger.runs.len() == runs,
        "{} runs were stored",
        ledger.runs.len()
    );
    settle(stack).await?;
    Ok(ledger.runs)
}

/// How the runs are stored.
pub(crate) fn pace(runs: usize) -> Pace {
    Pace {
        connections: 8,
        batch: 25,
        seconds: Duration::MAX,
        runs_max: runs,
        spread: SPREAD,
    }
}

/// Waits until the rollups hold all runs and the search index is made and merged, so that the worker
/// disturbs nobody, and does what autovacuum would have done a few minutes later.
pub(crate) async fn settle(stack: &Stack) -> Result<()> {
    stack.wait_until_folded().await?;
    index::wait_until_settled(stack).await?;
    let admin = stack.cluster.connect(&stack.cluster.admin_url()).await?;
    admin.batch_execute("VACUUM ANALYZE").await?;
    admin.batch_execute("CHECKPOINT").await?;
    Ok(())
}

/// Asks over and over, by so many clients at a time.
async fn ask(
    connect: impl AsyncFn() -> Result<Way>,
    kind: &'static Kind,
    clients: u64,
    runs: &Arc<Vec<Uuid>>,
    seconds: Duration,
) -> Result<Latencies> {
    let mut asking = JoinSet::new();
    for number in 0..clients {
        let (mut way, runs) = (connect().await?, runs.clone());
        asking.spawn(async move {
            let mut random = Random::new(number);
            let mut latencies = Latencies::default();
            // The first answer finds no statement prepared and no key cached.
            way.ask((kind.draw)(&mut random, &runs)).await?;
            let began = Instant::now();
            while began.elapsed() < seconds {
                let question = (kind.draw)(&mut random, &runs);
                let asked_at = Instant::now();
                way.ask(question).await?;
                latencies.push(asked_at.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Latencies::default();
    while let Some(asked) = asking.join_next().await {
        latencies.extend(asked.context("a client's task panicked")??);
    }
    Ok(latencies)
}

impl Way {
    async fn ask(&mut self, question: Question) -> Result<()> {
        match self {
            Self::Http { client, key } => {
                client.get(&path(question), key).await?.ok()?;
                Ok(())
            }
            Self::Sql(straight) => straight.ask(question).await,
        }
    }
}

fn path(question: Question) -> String {
    match question {
        Question::Run(run) => format!("/v1/runs/{run}"),
        Question::RunSteps(run) => format!("/v1/runs/{run}/steps"),
        Question::LatestRuns(agent) => format!("/v1/runs?agent={agent}&status=failed&limit=50"),
        Question::UsageByMinute => "/v1/usage?bucket=minute".to_owned(),
        Question::FailureGroups => "/v1/failure-groups?limit=50".to_owned(),
    }
}

fn row(line: &Line, kind: &Kind) -> Vec<String> {
    let wanted = format!("≤ {}", kind.wanted_p50_ms);
    vec![
        line.query.to_owned(),
        line.clients.to_string(),
        judged(line.p50_ms, line.p50_ms <= kind.wanted_p50_ms, &wanted),
        line.p99_ms.to_string(),
        line.sql_p50_ms.to_string(),
        line.sql_p99_ms.to_string(),
    ]
}
