//! ingest-api: takes runs, steps and failures in, and answers 2xx only after they are committed.
//!
//! ```text
//! key ─ admission ─ body ─ decode (native, otlp) ─ prepare ─ queue ─▶ one transaction for many ─▶ answer
//! ```

pub mod settings;

mod admission;
mod body;
mod foreign;
mod grpc;
mod metrics;
mod native;
mod prepare;
mod queue;
mod tenants;
mod traces;

mod endpoints;

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use actix_web::web::{Data, get};
use tokio::sync::Semaphore;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;

use runwatch_core::prices::PriceBook;
use runwatch_service::auth::cache::KeyCache;
use runwatch_service::clock::{Clock, SystemClock};
use runwatch_service::health::Readiness;
use runwatch_service::server::{Running, Service};
use runwatch_service::{metrics as service_metrics, openapi, server};
use runwatch_store::pool::Pool;
use runwatch_store::roles::ServiceRole;

use crate::admission::Budget;
use crate::metrics::IngestMetrics;
use crate::queue::Queue;
use crate::settings::Settings;
use crate::tenants::Tenants;

/// What the handlers share.
pub(crate) struct App {
    pub(crate) queue: Queue,
    pub(crate) budget: Budget,
    /// Turns to decode larger bodies.
    pub(crate) decoders: Semaphore,
    pub(crate) tenants: Tenants,
    pub(crate) prices: PriceBook,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: IngestMetrics,
    /// For the little that is read.
    pub(crate) pool: Pool,
}

/// Starts the service on the current runtime, which has to be a multi-threaded one.
pub fn start(settings: &Settings) -> io::Result<Running> {
    let url = settings.database.url.expose();
    let pool = Pool::new(url, settings.database.pool_size.min(4), ServiceRole::Ingest);
    let mut registry = service_metrics::registry();
    let metrics = IngestMetrics::register(&mut registry);
    let budget = Budget::new(settings.ingest.bytes_in_flight);
    let app = Data::new(App {
        queue: Queue::start(url, settings.ingest.writers, &budget, &metrics),
        budget,
        decoders: Semaphore::new(available_parallelism().map_or(2, NonZero::get)),
        tenants: Tenants::default(),
        prices: PriceBook::bundled(),
        clock: Arc::new(SystemClock),
        metrics,
        pool: pool.clone(),
    });
    let pepper = settings.pepper.clone();
    let pepper = pepper.expect("settings are given out only if all of them are there");
    let keys = Data::new(KeyCache::of(&pool, pepper));
    let grpc = grpc::start(settings.ingest.grpc_bind, app.clone(), keys.clone())?;
    let routes = move |config: &mut ServiceConfig<'_>| {
        config.app_data(app.clone()).app_data(keys.clone());
        endpoints::routes(config);
        config.route("/openapi/ingest.json", get().to(openapi::get_openapi));
    };
    let unsafe_durability = settings.database.unsafe_durability;
    let readiness = Readiness::new(move || endpoints::check(pool.clone(), unsafe_durability));
    let running = server::start(
        &settings.http,
        Service {
            registry,
            readiness,
            document: document(),
            routes,
        },
    )?;
    Ok(running.with_companion(grpc))
}

/// The OpenAPI document of the service.
pub fn document() -> OpenApi {
    openapi::document(
        "Runwatch ingest API",
        "Takes in what agents do. Everything that is answered 2xx is committed.",
        &openapi::KEYS,
        endpoints::routes,
    )
}
