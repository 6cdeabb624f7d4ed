//! `GET /v1/tools`

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

/// What a tool did in a range of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tool {
    /// Its name.
    tool: String,
    /// Steps with it that ended.
    calls: Counts,
    /// Tokens that it used.
    tokens: Tokens,
    /// What it cost in US dollars, as far as it is known.
    cost_usd: f64,
    /// When a step with it last ended, to the hour.
    last_seen_at: Option<Time>,
}

/// What tools did, the busiest first: 1,000 at most.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToolList {
    /// From when.
    from: Time,
    /// Until when.
    to: Time,
    /// The tools.
    tools: Vec<Tool>,
}

/// Lists what tools did in a range of time.
#[utoipa::path(tag = "tools", params(Over), responses((status = 200, body = ToolList)))]
#[get("/v1/tools")]
pub(crate) async fn list_tools(
    reader: FiguresReader,
    over: Query<Over>,
    app: Data<App>,
) -> Result<Json<ToolList>, Problem> {
    let (range, tools) = by_name(&app, reader.project, over, |key| &key.tool).await?;
    let tools = tools.into_iter().map(Tool::from).collect();
    Ok(Json(ToolList {
        from: Time(range.from),
        to: Time(range.to),
        tools,
    }))
}

impl From<(String, Activity)> for Tool {
    fn from((tool, activity): (String, Activity)) -> Self {
        Self {
            tool,
            calls: (&activity.steps).into(),
            tokens: (&activity.steps.sums).into(),
            cost_usd: activity.cost_usd(),
            last_seen_at: activity.last_seen_at(),
        }
    }
}
