//! What handlers need.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use runwatch_core::api_key::Pepper;
use runwatch_core::audit::{Actor, AuditKey};
use runwatch_core::ids::ProjectId;
use runwatch_service::auth::token::TokenSigner;
use runwatch_service::clock::Clock;
use runwatch_service::problem::Problem;
use runwatch_service::request::request_id;
use runwatch_store::audit::{self, Deed};
use runwatch_store::error::Result as StoreResult;
use runwatch_store::pool::{self, Conn, Pool};
use runwatch_store::settings::{NotFit, check_writable};
use serde_json::Value;

use crate::oidc::Oidc;
use crate::passwords::Passwords;

/// How long a statement may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The state of control-api.
pub(crate) struct App {
    pub(crate) pool: Pool,
    pub(crate) audit: AuditKey,
    pub(crate) pepper: Pepper,
    pub(crate) signer: TokenSigner,
    pub(crate) passwords: Passwords,
    /// The provider at which people can sign in, if there is one.
    pub(crate) oidc: Option<Oidc>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Who does what, for the audit log.
#[derive(Clone)]
pub(crate) struct Act {
    /// The project, or `core::audit::NO_PROJECT`.
    pub(crate) project: ProjectId,
    pub(crate) actor: Actor,
    /// The operation of the API.
    pub(crate) action: &'static str,
    request_id: String,
}

/// What was done, for the audit log.
pub(crate) struct Done<T> {
    /// The answer.
    pub(crate) answer: T,
    /// To what.
    pub(crate) subject: String,
    /// What else there is to say: never a secret.
    pub(crate) details: Value,
}

impl Act {
    /// What was done along with it, to somebody in a project.
    pub(crate) fn also(&self, project: ProjectId, action: &'static str, done: Done<()>) -> Deed {
        Deed {
            project,
            actor: self.actor,
            action,
            subject: done.subject,
            details: done.details,
            request_id: self.request_id.clone(),
        }
    }

    pub(crate) fn new(
        request: &HttpRequest,
        project: ProjectId,
        actor: Actor,
        action: &'static str,
    ) -> Self {
        let request_id = request_id(request);
        Self {
            project,
            actor,
            action,
            request_id,
        }
    }
}

impl App {
    /// Does something in one transaction, without an entry in the audit log: for reading, and for what
    /// people do about their own sign-in.
    pub(crate) async fn run<T>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> StoreResult<T>,
    ) -> Result<T, Problem> {
        let mut conn = self.pool.get().await?;
        Ok(pool::write(&mut conn, LIMIT, work).await?)
    }

    /// Changes something and writes that down, in one transaction.
    pub(crate) async fn change<T>(
        &self,
        act: Act,
        work: impl AsyncFnOnce(&mut Conn) -> StoreResult<Done<T>>,
    ) -> Result<T, Problem> {
        self.run(async |conn| {
            let done = work(conn).await?;
            let deed = Deed {
                project: act.project,
                actor: act.actor,
                action: act.action,
                subject: done.subject,
                details: done.details,
                request_id: act.request_id,
            };
            self.note(conn, deed).await?;
            Ok(done.answer)
        })
        .await
    }

    /// Writes down what was done in this transaction.
    pub(crate) async fn note(&self, conn: &mut Conn, deed: Deed) -> StoreResult<()> {
        audit::record(conn, &self.audit, deed).await
    }
}

/// Whether the database answers, takes writes and keeps what it acknowledges.
pub(crate) async fn check(pool: &Pool, unsafe_durability: bool) -> Result<(), String> {
    let mut conn = pool.get().await.map_err(|error| error.to_string())?;
    match check_writable(&mut conn).await {
        Ok(None) => Ok(()),
        Ok(Some(NotFit::NotDurable(..))) if unsafe_durability => Ok(()),
        Ok(Some(reason)) => Err(reason.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
