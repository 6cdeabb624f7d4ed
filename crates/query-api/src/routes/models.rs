//! `GET /v1/models`

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

/// What a model did in a range of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Model {
    /// Its name.
    model: String,
    /// Steps with it that ended.
    calls: Counts,
    /// Tokens that it used.
    tokens: Tokens,
    /// What it cost in US dollars, as far as it is known.
    cost_usd: f64,
    /// When a step with it last ended, to the hour.
    last_seen_at: Option<Time>,
}

/// What models did, the busiest first: 1,000 at most.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelList {
    /// From when.
    from: Time,
    /// Until when.
    to: Time,
    /// The models.
    models: Vec<Model>,
}

/// Lists what models did in a range of time.
#[utoipa::path(tag = "models", params(Over), responses((status = 200, body = ModelList)))]
#[get("/v1/models")]
pub(crate) async fn list_models(
    reader: FiguresReader,
    over: Query<Over>,
    app: Data<App>,
) -> Result<Json<ModelList>, Problem> {
    let (range, models) = by_name(&app, reader.project, over, |key| &key.model).await?;
    let models = models.into_iter().map(Model::from).collect();
    Ok(Json(ModelList {
        from: Time(range.from),
        to: Time(range.to),
        models,
    }))
}

impl From<(String, Activity)> for Model {
    fn from((model, activity): (String, Activity)) -> Self {
        Self {
            model,
            calls: (&activity.steps).into(),
            tokens: (&activity.steps.sums).into(),
            cost_usd: activity.cost_usd(),
            last_seen_at: activity.last_seen_at(),
        }
    }
}
