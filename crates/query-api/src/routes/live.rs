//! `GET /v1/live`

mod events;
mod stream;
mod turns;

pub(crate) use turns::LiveTurns;

use std::collections::BTreeMap;

use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, rt};
use runwatch_core::changes::Position;
use runwatch_core::failures::FailureType;
use runwatch_core::findings::FindingKind;
use runwatch_core::run::RunStatus;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::changes;
use runwatch_store::runs::RunFilter;
use serde::Deserialize;
use tokio::sync::mpsc;
use utoipa::IntoParams;

use crate::app::App;
use crate::json::Time;
use crate::routes::live::events::{LiveRun, LiveStep};
use crate::routes::live::stream::{Follower, PIECES_WAITING_MAX, Telling, pieces};
use crate::routes::runs::filter::{self, run_filters};
use crate::schema::{FailureTypeName, FindingKindName, RunStatusName};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells nginx to pass each event on as it comes.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

run_filters! {
    /// Of which runs, and how much.
    struct GetLive {
        /// Whether steps are told too, each after its run.
        steps: bool,
        /// The project, for somebody who is signed in: browsers send no headers with a stream.
        project: Option<String>,
    }
}

/// Follows runs, and their steps if asked for, as they are committed.
///
/// The answer is a stream of server-sent events that does not end. `run` has a run as lists show it,
/// as it stands now; `step` a step that was stored since; `gap` says that some changes are forgotten
/// already, 15 minutes after they were made, and are to be read otherwise. A client that was cut off
/// sends the last `id` that it received as `Last-Event-ID`, as browsers do by themselves, and misses
/// nothing; what it was told since that `id` is told again. There is a sign of life every 5 s.
/// A project may have 16 streams open; a further one is answered 429.
#[utoipa::path(
    tag = "runs",
    params(
        GetLive,
        ("Last-Event-ID" = Option<String>, Header, description = "Behind which event it begins; now unless said otherwise"),
    ),
    responses((
        status = 200,
        description = "The events",
        content((LiveRun = "text/event-stream"), (LiveStep = "text/event-stream; event=step")),
    ))
)]
#[get("/v1/live")]
pub(crate) async fn get_live(
    reader: Reader,
    query: Query<GetLive>,
    request: HttpRequest,
    app: Data<App>,
) -> Result<HttpResponse, Problem> {
    let filter = query.0.filter()?;
    if !filter.scores.is_empty() {
        let detail = "Feedback is no change of a run, so that it is not followed.";
        return Err(Problem::invalid_parameter("score", detail));
    }
    let turn = app.live.take(reader.project)?;
    let position = match request.headers().get(LAST_EVENT_ID) {
        Some(id) => position(id.as_bytes())?,
        None => app.answer(reader.project, changes::head).await?,
    };
    let (sender, receiver) = mpsc::channel(PIECES_WAITING_MAX);
    let follower = Follower {
        app,
        request,
        project: reader.project,
        filter,
        with_steps: query.0.steps,
        position,
        telling: Telling::default(),
    };
    rt::spawn(async move {
        let _until_it_ends = turn;
        follower.follow(&sender).await;
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((UNBUFFERED, "no"))
        .streaming(pieces(receiver)))
}

fn position(id: &[u8]) -> Result<Position, Problem> {
    let number = str::from_utf8(id).ok().and_then(|id| id.parse().ok());
    let wrong = || Problem::invalid_parameter("Last-Event-ID", "It must be the id of an event.");
    number.map(Position).ok_or_else(wrong)
}
