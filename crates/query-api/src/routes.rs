//! The paths of query-api; a file has one endpoint, and the shapes that several share are beside it.

mod audit;
mod export;
mod failure_groups;
mod failures;
mod feedback;
pub(crate) mod live;
mod models;
mod quarantine;
mod runs;
mod search;
mod sessions;
mod steps;
mod timeline;
mod usage;
mod workflows;

mod activity;
mod agents;
mod tools;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{self, Data};
use runwatch_service::auth::cache::KeyCache;
use runwatch_service::auth::people::People;
use runwatch_service::openapi::get_openapi;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use crate::app::App;

/// Registers everything that the document describes.
pub(crate) fn documented(config: &mut ServiceConfig<'_>) {
    config
        .service(runs::list::list_runs)
        .service(runs::find::get_run)
        .service(steps::list::list_run_steps)
        .service(steps::find::get_run_step)
        .service(timeline::get_run_timeline)
        .service(failures::list_run_failures)
        .service(failures::list_failures)
        .service(failure_groups::list_failure_groups)
        .service(feedback::list_run_feedback)
        .service(feedback::list_feedback)
        .service(agents::list_agents)
        .service(models::list_models)
        .service(tools::list_tools)
        .service(sessions::list_sessions)
        .service(workflows::list_workflows)
        .service(usage::get_usage)
        .service(usage::scores::get_usage_scores)
        .service(export::get_export)
        .service(live::get_live)
        .service(search::search_steps)
        .service(quarantine::list_quarantine)
        .service(audit::list_audit)
        .service(audit::list_installation_audit);
}

/// Registers everything.
pub(crate) fn register(
    app: Arc<App>,
    keys: Arc<KeyCache>,
    people: Arc<People>,
) -> impl Fn(&mut ServiceConfig<'_>) + Clone + Send + 'static {
    move |config| {
        config
            .app_data(Data::from(Arc::clone(&app)))
            .app_data(Data::from(Arc::clone(&keys)))
            .app_data(Data::from(Arc::clone(&people)))
            .configure(documented)
            .route("/openapi/query.json", web::get().to(get_openapi))
            .route("/", web::get().to(redirect_to_docs))
            .route("/docs", web::get().to(redirect_to_docs))
            .map(|config| config.service(docs()));
    }
}

/// The browsable reference of all services, whose assets are part of this program.
fn docs() -> SwaggerUi {
    let documents = [
        Url::new("Query", "/openapi/query.json"),
        Url::new("Ingest", "/openapi/ingest.json"),
        Url::new("Control", "/openapi/control.json"),
    ];
    SwaggerUi::new("/docs/{_:.*}").config(Config::new(documents))
}

async fn redirect_to_docs() -> HttpResponse {
    HttpResponse::TemporaryRedirect()
        .insert_header((LOCATION, "/docs/"))
        .finish()
}
