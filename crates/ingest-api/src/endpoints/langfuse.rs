//! What the SDKs of Langfuse ask of their server: with its base URL set to ours and an API key as
//! the secret key, they work unchanged (Langfuse SDK for Python 5.0 and for JavaScript 5.11).

use actix_web::middleware::from_fn;
use actix_web::web::{Data, Json, Payload};
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::Serialize;
use utoipa::ToSchema;

use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;
use runwatch_store::projects;

use crate::App;
use crate::endpoints::answer::Verdicts;
use crate::endpoints::create_traces::take_traces;
use crate::endpoints::intake::{Reading, take_in};
use crate::endpoints::otlp_form::in_otlp_form;
use crate::foreign::langfuse::score;

const SCORES: Reading = Reading {
    item: "feedback",
    is_run: false,
    read: score,
    list: None,
};

/// Stores an export of OpenTelemetry traces where the SDKs of Langfuse send it; as `/v1/traces`.
#[utoipa::path(
    tag = "compatibility",
    request_body(content = Vec<u8>, content_type = "application/x-protobuf",
        description = "An ExportTraceServiceRequest"),
    responses((status = 200, description = "An ExportTraceServiceResponse, in the request's format")),
)]
#[post("/api/public/otel/v1/traces", wrap = "from_fn(in_otlp_form)")]
pub(crate) async fn create_langfuse_traces(
    who: Ingester,
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    take_traces(who, app, request, payload).await
}

/// The projects of a key, of which there is always one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LangfuseProjects {
    /// The project.
    data: [LangfuseProject; 1],
}

/// A project.
#[derive(Debug, Serialize, ToSchema)]
struct LangfuseProject {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The organisation that it belongs to: the project itself.
    organization: LangfuseOrganization,
    /// Always empty.
    metadata: serde_json::Map<String, serde_json::Value>,
}

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
struct LangfuseOrganization {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
}

/// Says which project the key belongs to, by which the SDKs of Langfuse check their credentials.
#[utoipa::path(
    tag = "compatibility",
    responses((status = 200, description = "The key's project", body = LangfuseProjects)),
)]
#[get("/api/public/projects")]
pub(crate) async fn list_langfuse_projects(
    who: Ingester,
    app: Data<App>,
) -> Result<Json<LangfuseProjects>, Problem> {
    let project = projects::find(&mut *app.pool.get().await?, who.project).await?;
    let (id, name) = (project.id.0.to_string(), project.name);
    let organization = LangfuseOrganization {
        id: id.clone(),
        name: name.clone(),
    };
    Ok(Json(LangfuseProjects {
        data: [LangfuseProject {
            id,
            name,
            organization,
            metadata: serde_json::Map::new(),
        }],
    }))
}

/// Stores scores as the SDKs of Langfuse send them, as feedback: one, or an array of them.
#[utoipa::path(
    tag = "compatibility",
    request_body(content = Vec<u8>, content_type = "application/json",
        description = "A score of Langfuse's API, or an array of them"),
    responses(
        (status = 200, description = "All of it is stored", body = Verdicts),
        (status = 207, description = "Some of it is stored", body = Verdicts),
        (status = 400, description = "None of it is stored", body = Verdicts),
    ),
)]
#[post("/api/public/scores")]
pub(crate) async fn create_langfuse_scores(
    who: Ingester,
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    take_in(app, who, request, payload, None, SCORES).await
}
