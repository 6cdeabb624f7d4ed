//! `/setup`: the page behind a link that sets a password. Its token stands behind the `#` of the address,
//! which no server and no log ever sees.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

const HTML: &str = include_str!("../../pages/setup.html");
const STYLE: &str = include_str!("../../pages/setup.css");
const SCRIPT: &str = include_str!("../../pages/setup.js");

/// Registers the page, which is no part of the API.
pub(super) fn register(config: &mut ServiceConfig<'_>) {
    for (path, kind, text) in [
        ("/setup", "text/html; charset=utf-8", HTML),
        ("/setup.css", "text/css; charset=utf-8", STYLE),
        ("/setup.js", "text/javascript; charset=utf-8", SCRIPT),
    ] {
        let serve = move || async move {
            HttpResponse::Ok()
                .insert_header((CONTENT_TYPE, kind))
                .insert_header((CACHE_CONTROL, "no-cache"))
                .body(text)
        };
        config.route(path, web::get().to(serve));
    }
}
