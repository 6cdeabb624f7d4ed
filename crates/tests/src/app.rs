//! The services in process, each as its own database role, over a database of one test.

use std::time::Duration;

use runwatch_core::api_key::Scope;
use runwatch_service::env::Env;
use runwatch_service::server::Running;

use crate::actor::{Actor, Urls};
use crate::database::TestDb;
use crate::keys;
use crate::projects::{OURS, THEIRS, TestProject};

/// How long an answer may take: longer than any bound inside the services.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// The running services.
pub struct TestApp {
    db: TestDb,
    services: Services,
    client: reqwest::Client,
}

/// ingest-api, query-api and control-api over one database.
pub struct Services {
    ingest: Running,
    query: Running,
    control: Running,
}

/// Runs a test with services of its own.
pub fn with_app(test: impl AsyncFnOnce(&TestApp)) {
    crate::block_on(async {
        let app = TestApp::start().await;
        test(&app).await;
        app.stop().await;
    });
}

impl TestApp {
    /// Starts everything.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts everything, with these settings besides.
    pub async fn start_with(more: &[(&str, &str)]) -> Self {
        let db = TestDb::new().await;
        let services = Services::start_with(&|role| db.url(role), more);
        Self {
            db,
            services,
            client: client(),
        }
    }

    /// Its database.
    pub fn db(&self) -> &TestDb {
        &self.db
    }

    /// Somebody who sends telemetry to our project.
    pub fn agent(&self) -> Actor {
        self.actor(Some((OURS, Scope::Ingest)))
    }

    /// Somebody who reads our project.
    pub fn analyst(&self) -> Actor {
        self.actor(Some((OURS, Scope::Read)))
    }

    /// Somebody who sends telemetry to another project.
    pub fn strange_agent(&self) -> Actor {
        self.actor(Some((THEIRS, Scope::Ingest)))
    }

    /// Somebody who reads another project.
    pub fn stranger(&self) -> Actor {
        self.actor(Some((THEIRS, Scope::Read)))
    }

    /// Somebody without a key.
    pub fn nobody(&self) -> Actor {
        self.actor(None)
    }

    /// Where ingest-api listens for gRPC.
    pub fn grpc_url(&self) -> String {
        self.services.grpc_url()
    }

    /// The address of query-api.
    pub fn query_url(&self) -> String {
        format!("http://{}", self.services.query.addr())
    }

    /// The address of control-api.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.services.control.addr())
    }

    /// Folds all deltas, as the worker does.
    pub async fn fold(&self) {
        self.db.fold().await;
    }

    /// Makes the search index of everything and merges its segments, as the worker does.
    pub async fn index(&self) {
        self.db.index().await;
    }

    /// Another control-api over the same database, with further settings.
    pub fn another_control(&self, settings: &[(&str, &str)]) -> Running {
        another_control(&self.db, settings)
    }

    /// Stops everything.
    pub async fn stop(self) {
        let Self {
            db,
            services,
            client,
        } = self;
        // Open connections would be waited for.
        drop(client);
        services.stop().await;
        db.close().await;
    }

    fn actor(&self, key: Option<(TestProject, Scope)>) -> Actor {
        let key = key.map(|(project, scope)| project.key(scope).to_text());
        self.services.actor(&self.client, key)
    }
}

/// A control-api over a database, with further settings.
pub fn another_control(db: &TestDb, settings: &[(&str, &str)]) -> Running {
    let url = db.url("runwatch_control");
    let env = Env::of(&[&common(&url)[..], settings].concat());
    let control = env.read(control_api::Settings::from_env);
    control_api::start(&control.expect("these settings are valid")).expect("control-api starts")
}

impl Services {
    /// Starts them; `url` gives the database's URL for a role.
    pub fn start(url: &dyn Fn(&str) -> String) -> Self {
        Self::start_with(url, &[])
    }

    /// Starts them with these settings besides.
    pub fn start_with(url: &dyn Fn(&str) -> String, more: &[(&str, &str)]) -> Self {
        let settings = |role| Env::of(&[&common(&url(role))[..], more].concat());
        let ingest = settings("runwatch_ingest").read(ingest_api::settings::Settings::from_env);
        let query = settings("runwatch_query").read(query_api::Settings::from_env);
        let control = settings("runwatch_control").read(control_api::Settings::from_env);
        Self {
            ingest: ingest_api::start(&ingest.expect("these settings are valid"))
                .expect("ingest-api starts"),
            query: query_api::start(&query.expect("these settings are valid"))
                .expect("query-api starts"),
            control: control_api::start(&control.expect("these settings are valid"))
                .expect("control-api starts"),
        }
    }

    /// Somebody with this key, or without one.
    pub fn actor(&self, client: &reqwest::Client, key: Option<String>) -> Actor {
        let url = |service: &Running| format!("http://{}", service.addr());
        let urls = Urls {
            ingest: url(&self.ingest),
            query: url(&self.query),
            control: url(&self.control),
        };
        Actor::new(client.clone(), urls, key)
    }

    /// Where ingest-api listens for gRPC.
    pub fn grpc_url(&self) -> String {
        let addr = self.ingest.companion_addr();
        format!("http://{}", addr.expect("ingest-api listens for gRPC"))
    }

    /// Stops them.
    pub async fn stop(self) {
        let (ingest, query, control) =
            tokio::join!(self.ingest.stop(), self.query.stop(), self.control.stop());
        control.expect("control-api stops");
        ingest.expect("ingest-api stops");
        query.expect("query-api stops");
    }
}

/// A client that keeps connections open.
pub fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().timeout(ANSWER_LIMIT).no_proxy();
    client.build().expect("a plain HTTP client needs nothing")
}

fn common(url: &str) -> [(&str, &str); 14] {
    [
        ("DATABASE_URL", url),
        ("DATABASE_POOL_SIZE", "3"),
        ("RUNWATCH_UNSAFE_DURABILITY", "1"),
        ("RUNWATCH_HTTP_WORKERS", "1"),
        ("RUNWATCH_DRAIN_SECONDS", "1"),
        ("INGEST_BIND", "127.0.0.1:0"),
        ("INGEST_GRPC_BIND", "127.0.0.1:0"),
        ("QUERY_BIND", "127.0.0.1:0"),
        ("CONTROL_BIND", "127.0.0.1:0"),
        ("TOKEN_SIGNING_KEY", keys::SIGNING),
        ("TOKEN_PUBLIC_KEY", keys::PUBLIC),
        ("AUDIT_KEY", keys::AUDIT),
        ("API_KEY_PEPPER", keys::PEPPER),
        ("SECRETS_KEY", keys::SECRETS),
    ]
}
