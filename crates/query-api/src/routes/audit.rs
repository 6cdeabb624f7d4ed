//! `GET /v1/audit`: who changed what.

use actix_web::get;
use actix_web::web::{Data, Json};
use runwatch_core::audit::{Entry, NO_PROJECT};
use runwatch_core::ids::ProjectId;
use runwatch_service::auth::{Administer, Caller, InstanceAdmin};
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::audit;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::cursor::Page;
use crate::json::Time;

/// The only order: the latest first.
const ORDER: &str = "seq";

/// Something that was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Its number, from 1 on without gaps.
    seq: i64,
    /// When it was done.
    at: Time,
    /// Who did it: `user`, `key`, or `system` for the installation itself and its command line.
    actor_kind: &'static str,
    /// The id of the user or key; null for `system`.
    actor_id: Option<Uuid>,
    /// What was done, as the operation of the API is called.
    action: String,
    /// To what: an id or a name.
    subject: String,
    /// What else there is to say.
    #[schema(value_type = Object)]
    details: Box<RawValue>,
    /// The request that asked for it; empty if none did.
    request_id: String,
}

/// Which entries.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListAudit {
    /// Entries of a page: 50 unless said otherwise, 1,000 at most.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    cursor: Option<String>,
}

/// A page of the log, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditList {
    /// The entries.
    entries: Vec<AuditEntry>,
    /// Where the next page begins; null if there is none.
    next_cursor: Option<String>,
}

/// Lists what was changed in the project, the latest first.
///
/// The entries are chained by a keyed hash; `runwatch audit verify` proves that they are what was written.
#[utoipa::path(tag = "audit", params(ListAudit), responses((status = 200, body = AuditList)))]
#[get("/v1/audit")]
pub(crate) async fn list_audit(
    who: Caller<Administer>,
    query: Query<ListAudit>,
    app: Data<App>,
) -> Result<Json<AuditList>, Problem> {
    list(&app, who.project, query.0).await
}

/// Lists what was changed of the installation as a whole: sign-ins, users, projects.
#[utoipa::path(tag = "audit", params(ListAudit), responses((status = 200, body = AuditList)))]
#[get("/v1/audit/installation")]
pub(crate) async fn list_installation_audit(
    _who: InstanceAdmin,
    query: Query<ListAudit>,
    app: Data<App>,
) -> Result<Json<AuditList>, Problem> {
    list(&app, NO_PROJECT, query.0).await
}

async fn list(app: &App, project: ProjectId, query: ListAudit) -> Result<Json<AuditList>, Problem> {
    let page: Page<i64> = Page::read(query.limit, query.cursor.as_deref(), ORDER)?;
    let before = page.after.unwrap_or(i64::MAX);
    let mut rows = app
        .answer(project, async |conn| {
            audit::before(conn, project, before, i64::from(page.rows())).await
        })
        .await?;
    let next_cursor = page.cut(&mut rows, ORDER, |entry| entry.seq);
    let entries = rows.into_iter().map(AuditEntry::from).collect();
    Ok(Json(AuditList {
        entries,
        next_cursor,
    }))
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        let (actor_kind, actor_id) = entry.actor.parts();
        let details = RawValue::from_string(entry.details);
        Self {
            seq: entry.seq,
            at: Time(entry.at),
            actor_kind,
            actor_id,
            action: entry.action,
            subject: entry.subject,
            // What was tampered with is shown as nothing, and found by its hash.
            details: details.unwrap_or_else(|_not_json| RawValue::NULL.to_owned()),
            request_id: entry.request_id,
        }
    }
}
