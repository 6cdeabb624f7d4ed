//! The document that describes a service's API, and what all operations have in common.

use actix_web::App;
use actix_web::web::{Data, Json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Ref,
    ResponseBuilder, SecurityRequirement,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::people::TOKEN_COOKIE;
use crate::problem::{MEDIA_TYPE, ProblemDetails};

/// An API key in any of its three places.
pub const KEYS: [&str; 3] = ["X-API-Key", "Bearer", "Basic"];
/// The cookie of somebody who is signed in.
pub const PEOPLE: [&str; 1] = ["Cookie"];

/// The document of a service whose handlers these routes register. Every operation can answer with
/// a problem, and takes one of these credentials unless it says otherwise.
pub fn document(
    title: &str,
    description: &str,
    credentials: &[&str],
    routes: impl Fn(&mut ServiceConfig<'_>),
) -> OpenApi {
    let (_app, mut document) = App::new()
        .into_utoipa_app()
        .configure(|config| routes(config))
        .split_for_parts();
    let info = InfoBuilder::new()
        .title(title)
        .version("v1")
        .description(Some(description));
    document.info = info.build();
    let common = ComponentsBuilder::new()
        .schema(ProblemDetails::name(), ProblemDetails::schema())
        .security_scheme("Cookie", cookie())
        .security_scheme("X-API-Key", header_key())
        .security_scheme("Bearer", scheme(HttpAuthScheme::Bearer))
        .security_scheme("Basic", scheme(HttpAuthScheme::Basic));
    document.merge(
        OpenApiBuilder::new()
            .components(Some(common.build()))
            .build(),
    );
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(|operation| add_common(operation, credentials));
    }
    document
}

/// Gives out the document of the service that runs.
#[expect(
    clippy::unused_async,
    reason = "actix takes only async functions for handlers"
)]
pub async fn get_openapi(document: Data<OpenApi>) -> Json<OpenApi> {
    Json(OpenApi::clone(&document))
}

fn cookie() -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(TOKEN_COOKIE)))
}

fn header_key() -> SecurityScheme {
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")))
}

fn scheme(scheme: HttpAuthScheme) -> SecurityScheme {
    SecurityScheme::Http(HttpBuilder::new().scheme(scheme).build())
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        post,
        put,
        patch,
        delete,
        ..
    } = item;
    [get, post, put, patch, delete].into_iter().flatten()
}

fn add_common(operation: &mut Operation, credentials: &[&str]) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDetails")));
    let response = ResponseBuilder::new()
        .description("What went wrong")
        .content(MEDIA_TYPE, problem.build())
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), response.into());
    let either = credentials
        .iter()
        .map(|name| SecurityRequirement::new(*name, Vec::<String>::new()));
    operation.security.get_or_insert_with(|| either.collect());
}
