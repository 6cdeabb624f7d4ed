//! `/v1/erasures`: deleting what is stored of a user or a session.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use runwatch_core::erasure::ErasureKind;
use runwatch_core::limits::NAME_BYTES_MAX;
use runwatch_core::text;
use runwatch_service::auth::{Administer, Caller};
use runwatch_service::json_body::JsonBody;
use runwatch_service::problem::Problem;
use runwatch_store::erasures::{self, Counts, Erasure};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::{Act, App, Done};
use crate::json::Time;

/// What is to be erased: exactly one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ErasureToMake {
    /// The runs of this user, and what they thought of others. The id as runs show it, or as it was before it was
    /// redacted.
    user_id: Option<String>,
    /// The runs of this session.
    session_id: Option<String>,
}

/// An erasure. Whom it was about is not kept.
#[derive(Debug, Serialize, ToSchema)]
struct ErasureJson {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    erasure_id: Uuid,
    /// `user` or `session`.
    kind: &'static str,
    /// `pending` or `done`.
    status: &'static str,
    /// When it was asked for.
    requested_at: Time,
    /// When it was done; null if it is not yet.
    done_at: Option<Time>,
    /// What was deleted so far.
    counts: CountsJson,
}

/// What an erasure deleted.
#[derive(Debug, Serialize, ToSchema)]
struct CountsJson {
    /// Runs, which are not taken again.
    runs: i64,
    /// Their steps.
    steps: i64,
    /// Pieces in which their inputs and outputs lay.
    payload_chunks: i64,
    /// Their failures.
    failures: i64,
    /// Feedback on these runs, and on others by the user.
    feedback: i64,
    /// Refused items that had the id in them or were of these runs.
    quarantined: i64,
    /// Failure groups that had failures of these runs.
    failure_groups: i64,
}

/// Erasures.
#[derive(Debug, Serialize, ToSchema)]
struct ErasureList {
    /// The latest first, 1000 at most.
    erasures: Vec<ErasureJson>,
}

impl From<Erasure> for ErasureJson {
    fn from(erasure: Erasure) -> Self {
        let Counts {
            runs,
            steps,
            payload_chunks,
            failures,
            feedback,
            quarantined,
            failure_groups,
        } = erasure.counts;
        let status = match erasure.done_at {
            Some(_) => "done",
            None => "pending",
        };
        Self {
            erasure_id: erasure.id,
            kind: erasure.kind.name(),
            status,
            requested_at: erasure.requested_at.into(),
            done_at: erasure.done_at.map(Into::into),
            counts: CountsJson {
                runs,
                steps,
                payload_chunks,
                failures,
                feedback,
                quarantined,
                failure_groups,
            },
        }
    }
}

/// Asks for everything to be deleted that was received of a user or a session until now. It is begun within
/// seconds and cannot be taken back; the runs are not taken again, whoever sends them.
#[utoipa::path(tag = "erasures", request_body = inline(ErasureToMake), responses(
    (status = 202, description = "It will be done", body = ErasureJson)))]
#[post("/v1/erasures")]
pub(crate) async fn create_erasure(
    who: Caller<Administer>,
    request: HttpRequest,
    body: JsonBody<ErasureToMake>,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let (kind, subject) = subject(body.0)?;
    let project = who.project;
    let act = Act::new(&request, project, who.actor, "create_erasure");
    let erasure = app
        .change(act, async |conn| {
            let erasure = erasures::create(conn, project, kind, &subject).await?;
            // Whom it is about must not survive in the log.
            Ok(Done {
                subject: erasure.id.to_string(),
                details: json!({ "kind": kind.name() }),
                answer: erasure,
            })
        })
        .await?;
    Ok(HttpResponse::Accepted().json(ErasureJson::from(erasure)))
}

/// Lists the latest erasures of the project.
#[utoipa::path(tag = "erasures", responses((status = 200, body = ErasureList)))]
#[get("/v1/erasures")]
pub(crate) async fn list_erasures(
    who: Caller<Administer>,
    app: Data<App>,
) -> Result<Json<ErasureList>, Problem> {
    let erasures = app
        .run(async |conn| erasures::list(conn, who.project).await)
        .await?;
    let erasures = erasures.into_iter().map(Into::into).collect();
    Ok(Json(ErasureList { erasures }))
}

/// Tells how far an erasure is.
#[utoipa::path(tag = "erasures", params(("erasure" = String, Path, description = "Id of the erasure")),
    responses((status = 200, body = ErasureJson)))]
#[get("/v1/erasures/{erasure}")]
pub(crate) async fn get_erasure(
    who: Caller<Administer>,
    path: Path<Uuid>,
    app: Data<App>,
) -> Result<Json<ErasureJson>, Problem> {
    let id = path.into_inner();
    let erasure = app
        .run(async |conn| erasures::find(conn, who.project, id).await)
        .await?;
    Ok(Json(erasure.into()))
}

/// What it is about, if the one id is such as runs can have.
fn subject(body: ErasureToMake) -> Result<(ErasureKind, String), Problem> {
    let (kind, field, id) = match (body.user_id, body.session_id) {
        (Some(id), None) => (ErasureKind::User, "user_id", id),
        (None, Some(id)) => (ErasureKind::Session, "session_id", id),
        _ => {
            let detail = "Name either the user_id or the session_id.";
            return Err(Problem::invalid_parameter("user_id", detail));
        }
    };
    let (name, is_replaced, is_cut) = text::name(&id);
    if name.is_empty() || is_replaced || is_cut {
        let detail = format!("It must have 1 to {NAME_BYTES_MAX} bytes, on one line.");
        return Err(Problem::invalid_parameter(field, detail));
    }
    Ok((kind, id))
}
