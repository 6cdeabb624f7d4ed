//! Reading conversations: the runs of one session together.
//!
//! There is no table of sessions. A list goes through the runs that have a session, the latest first,
//! and takes each that is the latest of its session; so it looks at a bounded number of runs
//! ([`SESSION_RUNS_SCANNED_MAX`]), however many sessions there are.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use runwatch_core::ids::{ProjectId, RunId};
use runwatch_core::limits::{SESSION_RUNS_MAX, SESSION_RUNS_SCANNED_MAX};
use runwatch_core::money::NanoUsd;
use runwatch_core::rollup::Sums;
use runwatch_core::time::Timestamp;

use crate::error::Result;
use crate::pool::Conn;

/// The runs of one conversation.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id, as its runs have it.
    pub id: String,
    /// The user of the latest run that names one.
    pub user_id: Option<String>,
    /// The agents of its runs.
    pub agents: Vec<String>,
    /// When its first run started.
    pub started_at: Timestamp,
    /// When something of it last started or ended.
    pub last_seen_at: Timestamp,
    /// How many steps its runs have.
    pub steps: i64,
    /// Its runs (`count`), those that failed (`errors`), and what they used.
    pub sums: Sums,
    /// What its runs cost; none if no cost is known.
    pub cost: Option<NanoUsd>,
    /// Where it stands in the list.
    pub position: SessionPosition,
}

/// The place of a session in a list: that of its latest run, by its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPosition {
    /// When that run started.
    pub started_at: Timestamp,
    /// That run.
    pub run: RunId,
}

/// Which sessions are listed: those whose latest run, among its runs that are as the filter says,
/// started in a range of time.
#[derive(Clone, Debug, Default)]
pub struct SessionFilter {
    /// A run's agent.
    pub agent: Option<String>,
    /// A run's user.
    pub user_id: Option<String>,
    /// A run's environment.
    pub environment: Option<String>,
}

/// Some sessions, the latest first.
#[derive(Clone, Debug)]
pub struct SessionPage {
    /// The sessions; there may be fewer than asked for although more follow.
    pub sessions: Vec<Session>,
    /// How far runs were looked through; none if it was to the end.
    pub border: Option<SessionPosition>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    session_id: String,
    #[diesel(sql_type = Timestamptz)]
    head_at: DateTime<Utc>,
    #[diesel(sql_type = SqlUuid)]
    head_run: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    user_id: Option<String>,
    #[diesel(sql_type = Array<Text>)]
    agents: Vec<String>,
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    last_seen_at: DateTime<Utc>,
    #[diesel(sql_type = BigInt)]
    runs: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
    #[diesel(sql_type = BigInt)]
    steps: i64,
    #[diesel(sql_type = BigInt)]
    input_tokens: i64,
    #[diesel(sql_type = BigInt)]
    output_tokens: i64,
    #[diesel(sql_type = BigInt)]
    cached_tokens: i64,
    #[diesel(sql_type = BigInt)]
    reasoning_tokens: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    cost_nano_usd: Option<i64>,
}

#[derive(QueryableByName)]
struct BorderRow {
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = SqlUuid)]
    run_id: Uuid,
}

/// The run that is so many runs behind a position.
const BORDER: &str = "
    SELECT started_at, run_id FROM agent_runs
    WHERE project_id = $1 AND is_run AND session_id IS NOT NULL AND started_at >= $2
        AND (started_at, run_id) < ($3, $4)
    ORDER BY started_at DESC, run_id DESC OFFSET $5 LIMIT 1";

/// The latest runs of their sessions between two positions, and what all runs of each session, up to
/// a limit, come to. Whether a run is the latest is asked by its session's index, run by run, which
/// an anti-join would not be sure to do. The statuses 2 and 4 are `failed` and `timed_out`.
const LIST: &str = "
    WITH heads AS (
        SELECT session_id, started_at, run_id FROM agent_runs head
        WHERE project_id = $1 AND is_run AND session_id IS NOT NULL AND started_at >= $2
            AND (started_at, run_id) < ($3, $4) AND (started_at, run_id) >= ($2, $5)
            AND ($6 IS NULL OR agent = $6) AND ($7 IS NULL OR user_id = $7)
            AND ($8 IS NULL OR environment = $8)
            AND run_id = (
                SELECT run_id FROM agent_runs latest
                WHERE latest.project_id = $1 AND latest.is_run AND latest.session_id = head.session_id
                    AND ($6 IS NULL OR latest.agent = $6) AND ($7 IS NULL OR latest.user_id = $7)
                    AND ($8 IS NULL OR latest.environment = $8)
                ORDER BY latest.started_at DESC, latest.run_id DESC LIMIT 1)
        ORDER BY started_at DESC, run_id DESC LIMIT $9)
    SELECT heads.session_id, heads.started_at AS head_at, heads.run_id AS head_run, sums.*
    FROM heads CROSS JOIN LATERAL (
        SELECT (array_agg(user_id ORDER BY started_at DESC) FILTER (WHERE user_id IS NOT NULL))[1] AS user_id,
            coalesce(array_agg(DISTINCT agent) FILTER (WHERE agent IS NOT NULL), '{}') AS agents,
            min(started_at) AS started_at, max(greatest(ended_at, started_at)) AS last_seen_at,
            count(*) AS runs, count(*) FILTER (WHERE status IN (2, 4)) AS failed,
            sum(steps)::bigint AS steps, sum(input_tokens)::bigint AS input_tokens,
            sum(output_tokens)::bigint AS output_tokens, sum(cached_tokens)::bigint AS cached_tokens,
            sum(reasoning_tokens)::bigint AS reasoning_tokens,
            sum(cost_nano_usd)::bigint AS cost_nano_usd
        FROM (
            SELECT * FROM agent_runs
            WHERE project_id = $1 AND is_run AND session_id = heads.session_id
            ORDER BY started_at DESC LIMIT $10) runs) sums
    ORDER BY heads.started_at DESC, heads.run_id DESC";

/// The sessions whose latest run started in a range of time, the latest first, after a position.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    filter: &SessionFilter,
    (from, to): (Timestamp, Timestamp),
    after: Option<SessionPosition>,
    limit: u32,
) -> Result<SessionPage> {
    let before = after.unwrap_or(SessionPosition {
        started_at: to,
        run: RunId(Uuid::nil()),
    });
    let (from, at) = (utc(from), utc(before.started_at));
    let border: Option<BorderRow> = sql_query(BORDER)
        .bind::<SqlUuid, _>(project.0)
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(at)
        .bind::<SqlUuid, _>(before.run.0)
        .bind::<BigInt, _>(SESSION_RUNS_SCANNED_MAX - 1)
        .get_result(conn)
        .await
        .optional()?;
    let until = border
        .as_ref()
        .map_or((from, Uuid::nil()), |row| (row.started_at, row.run_id));
    let rows: Vec<Row> = sql_query(LIST)
        .bind::<SqlUuid, _>(project.0)
        .bind::<Timestamptz, _>(until.0)
        .bind::<Timestamptz, _>(at)
        .bind::<SqlUuid, _>(before.run.0)
        .bind::<SqlUuid, _>(until.1)
        .bind::<Nullable<Text>, _>(&filter.agent)
        .bind::<Nullable<Text>, _>(&filter.user_id)
        .bind::<Nullable<Text>, _>(&filter.environment)
        .bind::<BigInt, _>(i64::from(limit))
        .bind::<BigInt, _>(SESSION_RUNS_MAX)
        .load(conn)
        .await?;
    Ok(SessionPage {
        sessions: rows.into_iter().map(Session::from).collect(),
        border: border.map(|row| SessionPosition {
            started_at: time(row.started_at),
            run: RunId(row.run_id),
        }),
    })
}

fn utc(at: Timestamp) -> DateTime<Utc> {
    at.to_utc().unwrap_or_default()
}

fn time(at: DateTime<Utc>) -> Timestamp {
    Timestamp(at.timestamp_micros())
}

impl From<Row> for Session {
    fn from(row: Row) -> Self {
        let Row {
            session_id,
            head_at,
            head_run,
            user_id,
            agents,
            started_at,
            last_seen_at,
            runs,
            failed,
            steps,
            input_tokens,
            output_tokens,
            cached_tokens,
            reasoning_tokens,
            cost_nano_usd,
        } = row;
        Self {
            id: session_id,
            user_id,
            agents,
            started_at: time(started_at),
            last_seen_at: time(last_seen_at),
            steps,
            sums: Sums {
                count: runs,
                errors: failed,
                input_tokens,
                output_tokens,
                cached_tokens,
                reasoning_tokens,
                ..Sums::default()
            },
            cost: cost_nano_usd.map(NanoUsd),
            position: SessionPosition {
                started_at: time(head_at),
                run: RunId(head_run),
            },
        }
    }
}
