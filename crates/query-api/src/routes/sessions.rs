//! `GET /v1/sessions`

use actix_web::get;
use actix_web::web::{Data, Json};
use runwatch_core::ids::RunId;
use runwatch_core::limits::SESSION_RUNS_MAX;
use runwatch_core::time::Timestamp;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::sessions::{self, Session, SessionFilter, SessionPosition};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::cursor::{Page, encode};
use crate::json::{Time, dollars};
use crate::range::Range;
use crate::routes::activity::Tokens;

/// The only order of sessions: the latest first.
const ORDER: &str = "session";

/// Which sessions.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListSessions {
    /// An agent that took part.
    agent: Option<String>,
    /// The user of one of its runs.
    user_id: Option<String>,
    /// The environment of one of its runs.
    environment: Option<String>,
    /// From when: sessions whose latest run started then or later. A day before `to` unless said
    /// otherwise, and 90 days at most.
    #[param(inline)]
    from: Option<Time>,
    /// Until when their latest run started; now unless said otherwise.
    #[param(inline)]
    to: Option<Time>,
    /// Sessions of a page: 50 unless said otherwise, 1,000 at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    cursor: Option<String>,
}

/// The runs of one conversation together.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionItem {
    /// Its id.
    session_id: String,
    /// The user of its latest run that names one.
    user_id: Option<String>,
    /// The agents of its runs.
    agents: Vec<String>,
    /// When its first run started.
    started_at: Time,
    /// When a run of it last started or ended.
    last_seen_at: Time,
    /// Its runs: the latest 1,000 at most, of which everything here is said.
    runs: i64,
    /// How many of them failed or timed out.
    failed_runs: i64,
    /// Whether it has more runs.
    truncated: bool,
    /// The steps of its runs.
    steps: i64,
    /// Tokens that they used.
    tokens: Tokens,
    /// Cost in US dollars; null if no step's cost is known.
    cost_usd: Option<f64>,
}

/// A page of sessions, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionList {
    /// The sessions. There may be fewer than asked for, or none, although there is a next page.
    sessions: Vec<SessionItem>,
    /// Where the next page begins; null if there is none.
    next_cursor: Option<String>,
}

/// Lists sessions, the latest first.
///
/// A filter chooses sessions by any of their runs; what is said of a session is said of all its runs.
#[utoipa::path(tag = "sessions", params(ListSessions), responses((status = 200, body = SessionList)))]
#[get("/v1/sessions")]
pub(crate) async fn list_sessions(
    reader: Reader,
    query: Query<ListSessions>,
    app: Data<App>,
) -> Result<Json<SessionList>, Problem> {
    let query = query.0;
    let page: Page<(i64, RunId)> = Page::read(query.limit, query.cursor.as_deref(), ORDER)?;
    let range = Range::read(query.from, query.to, app.now())?;
    let filter = SessionFilter {
        agent: query.agent,
        user_id: query.user_id,
        environment: query.environment,
    };
    let after = page.after.map(|(at, run)| SessionPosition {
        started_at: Timestamp(at),
        run,
    });
    let (project, between) = (reader.project, (range.from, range.to));
    let mut found = app
        .answer(project, async |conn| {
            sessions::list(conn, project, &filter, between, after, page.rows()).await
        })
        .await?;
    let position = |position: SessionPosition| (position.started_at.0, position.run);
    let more = page.cut(&mut found.sessions, ORDER, |session| {
        position(session.position)
    });
    let border = || Some(encode(&position(found.border?), ORDER));
    Ok(Json(SessionList {
        next_cursor: more.or_else(border),
        sessions: found.sessions.into_iter().map(SessionItem::from).collect(),
    }))
}

impl From<Session> for SessionItem {
    fn from(session: Session) -> Self {
        let Session {
            id,
            user_id,
            agents,
            started_at,
            last_seen_at,
            steps,
            sums,
            cost,
            position: _,
        } = session;
        Self {
            session_id: id,
            user_id,
            agents,
            started_at: Time(started_at),
            last_seen_at: Time(last_seen_at),
            runs: sums.count,
            failed_runs: sums.errors,
            truncated: sums.count >= SESSION_RUNS_MAX,
            steps,
            tokens: (&sums).into(),
            cost_usd: dollars(cost),
        }
    }
}
