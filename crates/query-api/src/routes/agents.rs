//! `GET /v1/agents`

use actix_web::get;
use actix_web::web::{Data, Json};
use runwatch_service::auth::FiguresReader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::json::Time;
use crate::routes::activity::{Activity, Counts, Over, Tokens, by_name};

/// What an agent did in a range of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Agent {
    /// Its name.
    agent_id: String,
    /// Its runs that ended.
    runs: Counts,
    /// Steps of its runs that ended.
    steps: Counts,
    /// Tokens that it used.
    tokens: Tokens,
    /// What it cost in US dollars, as far as it is known.
    cost_usd: f64,
    /// When something of it last ended, to the hour.
    last_seen_at: Option<Time>,
}

/// What agents did, the busiest first: 1,000 at most.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentList {
    /// From when.
    from: Time,
    /// Until when.
    to: Time,
    /// The agents.
    agents: Vec<Agent>,
}

/// Lists what agents did in a range of time.
#[utoipa::path(tag = "agents", params(Over), responses((status = 200, body = AgentList)))]
#[get("/v1/agents")]
pub(crate) async fn list_agents(
    reader: FiguresReader,
    over: Query<Over>,
    app: Data<App>,
) -> Result<Json<AgentList>, Problem> {
    let (range, agents) = by_name(&app, reader.project, over, |key| &key.agent).await?;
    let agents = agents.into_iter().map(Agent::from).collect();
    Ok(Json(AgentList {
        from: Time(range.from),
        to: Time(range.to),
        agents,
    }))
}

impl From<(String, Activity)> for Agent {
    fn from((agent_id, activity): (String, Activity)) -> Self {
        Self {
            agent_id,
            runs: (&activity.runs).into(),
            steps: (&activity.steps).into(),
            tokens: (&activity.steps.sums).into(),
            cost_usd: activity.cost_usd(),
            last_seen_at: activity.last_seen_at(),
        }
    }
}
