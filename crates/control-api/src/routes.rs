//! The paths of control-api; a file has one subject.

mod api_keys;
mod auth;
mod erasures;
mod members;
mod oidc;
mod projects;
mod settings;
mod setup;
mod users;

use std::sync::Arc;

use actix_web::web::{self, Data};
use runwatch_service::auth::cache::KeyCache;
use runwatch_service::auth::people::People;
use runwatch_service::json_body;
use runwatch_service::openapi::get_openapi;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::app::App;

/// Registers everything that the document describes.
pub(crate) fn documented(config: &mut ServiceConfig<'_>) {
    config
        .service(auth::create_sign_in)
        .service(auth::renew_sign_in)
        .service(auth::delete_sign_in)
        .service(auth::get_me)
        .service(auth::create_password)
        .service(oidc::list_sign_in_methods)
        .service(oidc::get_oidc_sign_in)
        .service(oidc::create_oidc_sign_in)
        .service(projects::list_projects)
        .service(projects::create_project)
        .service(projects::create_project_admin)
        .service(users::list_users)
        .service(users::create_user)
        .service(users::change_user)
        .service(users::create_password_link)
        .service(users::delete_identities)
        .service(members::list_members)
        .service(members::create_member)
        .service(members::change_member)
        .service(members::delete_member)
        .service(settings::get_settings)
        .service(settings::change_settings)
        .service(erasures::create_erasure)
        .service(erasures::list_erasures)
        .service(erasures::get_erasure)
        .service(api_keys::list_api_keys)
        .service(api_keys::create_api_key)
        .service(api_keys::delete_api_key);
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
            .app_data(json_body::config())
            .configure(documented)
            .configure(setup::register)
            .route("/openapi/control.json", web::get().to(get_openapi));
    }
}
