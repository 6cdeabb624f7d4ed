//! `POST /v1/traces/ingest`: where the exporter of OpenAI's Agents SDK sends traces, given our
//! address and an API key.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use runwatch_service::auth::Ingester;
use runwatch_service::problem::Problem;

use crate::App;
use crate::endpoints::answer::Verdicts;
use crate::endpoints::intake::{Reading, take_in};
use crate::foreign::openai_agents::item;

const READING: Reading = Reading {
    item: "span",
    is_run: false,
    read: item,
    list: Some("data"),
};

/// What the exporter sends.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "its list is found without reading the rest")]
struct OpenAiTraces<'a> {
    /// Traces and spans, as the SDK writes them.
    #[serde(borrow)]
    #[schema(value_type = Vec<Object>)]
    data: Vec<&'a RawValue>,
}

/// Stores traces as the exporter of OpenAI's Agents SDK sends them.
#[utoipa::path(
    tag = "compatibility",
    request_body(content = inline(OpenAiTraces<'_>), content_type = "application/json"),
    responses(
        (status = 200, description = "All of it is stored", body = Verdicts),
        (status = 207, description = "Some of it is stored", body = Verdicts),
        (status = 400, description = "None of it is stored", body = Verdicts),
    ),
)]
#[post("/v1/traces/ingest")]
pub(crate) async fn create_openai_traces(
    who: Ingester,
    app: Data<App>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    take_in(app, who, request, payload, None, READING).await
}
