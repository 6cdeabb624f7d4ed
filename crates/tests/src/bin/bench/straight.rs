//! What query-api asks the database, sent straight to it: the same statements in the same kind of
//! transaction under the same role, so that the difference is what our service costs.
//!
//! The statements are copies of those in runwatch-store and change with them.

use anyhow::{Context, Result};
use chrono::NaiveDate;
use runwatch_core::run::RunStatus;
use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use crate::query::Question;

/// Columns of a run as lists show it: `runs::list` of the store.
macro_rules! run_columns {
    () => {
        "run_id, run_day, status, started_at, ended_at, last_received_at, provisional, stalled,
         agent, agent_type, agent_version, workflow_id, session_id, user_id, environment, release,
         steps, failed_steps, input_tokens, output_tokens, cached_tokens, reasoning_tokens,
         cost_nano_usd, models, tools, tags, failure_types"
    };
}

/// `runs::find`.
const RUN: &str = concat!(
    "SELECT ",
    run_columns!(),
    ", is_run, claims, main_step FROM agent_runs WHERE project_id = $1 AND run_id = $2 LIMIT 1"
);
/// `steps::find`, of the step that stands for the run.
const MAIN_STEP: &str = "
    SELECT started_at, duration_us, content_hash, cost_nano_usd, reported_cost_nano_usd, args_hash,
        first_token_us, price_version, seq, kind, status, flags, step_id, parent_id, name, agent,
        model, provider, tool, capability, attributes, input_tokens, output_tokens, cached_tokens,
        cache_write_tokens, reasoning_tokens, total_tokens, error_decided, error_type, error_code,
        error_message
    FROM agent_steps
    WHERE project_id = $1 AND run_id = $2 AND run_day = $3 AND step_id = $4 LIMIT 1";
/// `payload_parts::of_step`: the lists of steps first.
const CHUNKS: &str = "
    SELECT chunk_id, steps FROM agent_payloads
    WHERE project_id = $1 AND run_id = $2 AND run_day = $3 ORDER BY chunk_id";
/// `payload_parts::of_step`: then the chunk that lists the step.
const CHUNK: &str = "
    SELECT steps, body FROM agent_payloads
    WHERE project_id = $1 AND run_id = $2 AND run_day = $3 AND chunk_id = $4 LIMIT 1";
/// `failures::list_of_run`.
const RUN_FAILURES: &str = "
    SELECT occurred_at, kind, told, run_id, failure_id, fingerprint, step_id, step_name, agent,
        environment, release, code, message
    FROM agent_failures WHERE project_id = $1 AND run_id = $2 AND run_day = $3
    ORDER BY occurred_at, failure_id LIMIT 1000";
/// `runs::place`.
const PLACE: &str = "
    SELECT run_day, started_at FROM agent_runs WHERE project_id = $1 AND run_id = $2 LIMIT 1";
/// `steps::list_skeletons`, without the cursor that it reads large runs by.
const SKELETON: &str = "
    SELECT step_id, parent_id, kind, status, flags, started_at, duration_us, name,
        coalesce(input_tokens, total_tokens)::bigint, output_tokens::bigint,
        coalesce(reported_cost_nano_usd, cost_nano_usd), model, tool, error_type
    FROM agent_steps WHERE project_id = $1 AND run_id = $2 AND run_day = $3
    ORDER BY started_at, step_id LIMIT 100000";
/// `runs::list`, of failed runs.
const LATEST_RUNS: &str = concat!(
    "SELECT ",
    run_columns!(),
    " FROM agent_runs WHERE agent = $2 AND status = $3 AND project_id = $1 AND is_run
     ORDER BY started_at DESC, run_id DESC LIMIT $4"
);
/// `usage::totals` by minutes.
const USAGE: &str = "
    SELECT bucket, kind, items, errors, input_tokens, output_tokens, cached_tokens,
        reasoning_tokens, cost_nano_usd, duration_us, p50_us, p95_us, p99_us,
        CASE WHEN bucket = ANY(ARRAY[]::timestamptz[]) THEN latency ELSE ''::bytea END
    FROM usage_minute_total
    WHERE project_id = $1 AND bucket >= date_trunc('minute', now()) - interval '1 day'
        AND bucket < date_trunc('minute', now()) + interval '1 minute'";
/// `usage::totals`: what is not folded yet.
const DELTAS: &str = "SELECT body FROM usage_deltas WHERE project_id = $1";
/// `failure_groups::list`.
const FAILURE_GROUPS: &str = "
    SELECT failures, first_seen_at, last_seen_at, kind, fingerprint, first_run_id, first_release,
        agent, step_name, title
    FROM failure_groups WHERE project_id = $1 AND failures > 0
    ORDER BY last_seen_at DESC, fingerprint DESC LIMIT $2";

/// A page of 50 rows, and one that tells whether there is a next page.
const PAGE: i64 = 51;

/// A connection with the statements prepared.
pub(crate) struct Straight {
    client: Client,
    project: Uuid,
    begin: String,
    run: Statement,
    main_step: Statement,
    chunks: Statement,
    chunk: Statement,
    run_failures: Statement,
    place: Statement,
    skeleton: Statement,
    latest_runs: Statement,
    usage: Statement,
    deltas: Statement,
    failure_groups: Statement,
}

impl Straight {
    /// Prepares the statements on a connection of the role of query-api.
    pub(crate) async fn prepare(client: Client, project: Uuid) -> Result<Self> {
        Ok(Self {
            project,
            begin: format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL app.project = '{project}'"
            ),
            run: client.prepare(RUN).await?,
            main_step: client.prepare(MAIN_STEP).await?,
            chunks: client.prepare(CHUNKS).await?,
            chunk: client.prepare(CHUNK).await?,
            run_failures: client.prepare(RUN_FAILURES).await?,
            place: client.prepare(PLACE).await?,
            skeleton: client.prepare(SKELETON).await?,
            latest_runs: client.prepare(LATEST_RUNS).await?,
            usage: client.prepare(USAGE).await?,
            deltas: client.prepare(DELTAS).await?,
            failure_groups: client.prepare(FAILURE_GROUPS).await?,
            client,
        })
    }

    /// Asks in a transaction of its own; that nothing is found is an error.
    pub(crate) async fn ask(&self, question: Question) -> Result<()> {
        self.client.batch_execute(&self.begin).await?;
        let rows = self.rows(question).await?;
        self.client.batch_execute("COMMIT").await?;
        rows.first()
            .map(|_| ())
            .with_context(|| format!("nothing was found by {question:?}"))
    }

    async fn rows(&self, question: Question) -> Result<Vec<Row>> {
        let (client, project) = (&self.client, &self.project);
        let rows = match question {
            Question::Run(run) => return self.run(run).await,
            Question::RunSteps(run) => {
                let place = client.query_one(&self.place, &[project, &run]).await?;
                let day: NaiveDate = place.try_get(0)?;
                client.query(&self.skeleton, &[project, &run, &day]).await?
            }
            Question::LatestRuns(agent) => {
                let failed = RunStatus::Failed.code();
                client
                    .query(&self.latest_runs, &[project, &agent, &failed, &PAGE])
                    .await?
            }
            Question::UsageByMinute => {
                client.query(&self.deltas, &[project]).await?;
                client.query(&self.usage, &[project]).await?
            }
            Question::FailureGroups => {
                client
                    .query(&self.failure_groups, &[project, &PAGE])
                    .await?
            }
        };
        Ok(rows)
    }

    async fn run(&self, run: Uuid) -> Result<Vec<Row>> {
        let (client, project) = (&self.client, &self.project);
        let found = client.query_one(&self.run, &[project, &run]).await?;
        let day: NaiveDate = found.try_get("run_day")?;
        let main: Vec<u8> = found.try_get("main_step")?;
        client
            .query_one(&self.main_step, &[project, &run, &day, &main])
            .await?;
        let chunks = client.query(&self.chunks, &[project, &run, &day]).await?;
        for row in &chunks {
            let chunk: Uuid = row.try_get(0)?;
            client
                .query_one(&self.chunk, &[project, &run, &day, &chunk])
                .await?;
        }
        client
            .query(&self.run_failures, &[project, &run, &day])
            .await?;
        Ok(chunks)
    }
}
