//! `GET /v1/quarantine`

use actix_web::get;
use actix_web::web::{Data, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use runwatch_core::time::Timestamp;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::quarantine::{self, QuarantinePosition, QuarantinedItem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::cursor::Page;
use crate::json::Time;

/// The only order of quarantine: the latest first.
const ORDER: &str = "received_at";

/// An item that was refused, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quarantined {
    /// Its id in quarantine.
    item_id: Uuid,
    /// When it was received.
    received_at: Time,
    /// What it was sent as: span, run, step or failure.
    item: String,
    /// The reason in one stable word.
    code: String,
    /// The reason in a sentence.
    message: String,
    /// What was sent, as text, cut at 64 KiB; null if it is not text.
    body: Option<String>,
    /// What was sent, in base64, if it is not text.
    body_base64: Option<String>,
}

/// Which items.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuarantine {
    /// The reason for which it was refused.
    code: Option<String>,
    /// Items of a page: 50 unless said otherwise, 100 at most, since each can be 64 KiB.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    cursor: Option<String>,
}

/// A page of refused items, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuarantineList {
    /// The items.
    items: Vec<Quarantined>,
    /// Where the next page begins; null if there is none.
    next_cursor: Option<String>,
}

/// Lists items that were refused, the latest first.
#[utoipa::path(
    tag = "quarantine",
    params(ListQuarantine),
    responses((status = 200, body = QuarantineList))
)]
#[get("/v1/quarantine")]
pub(crate) async fn list_quarantine(
    reader: Reader,
    query: Query<ListQuarantine>,
    app: Data<App>,
) -> Result<Json<QuarantineList>, Problem> {
    /// Items of a page: each can be 64 KiB.
    const ITEMS_MAX: u32 = 100;
    let query = query.0;
    let limit = query
        .limit
        .map(|limit| crate::cursor::limit_within(limit, ITEMS_MAX))
        .transpose()?;
    let page: Page<(i64, Uuid)> = Page::read(limit, query.cursor.as_deref(), ORDER)?;
    let after = page.after.map(|(at, item)| QuarantinePosition {
        received_at: Timestamp(at),
        item,
    });
    let project = reader.project;
    let mut rows = app
        .answer(project, async |conn| {
            let code = query.code.as_deref();
            quarantine::list(conn, project, code, after, page.rows()).await
        })
        .await?;
    let next_cursor = page.cut(&mut rows, ORDER, |item| {
        let position = item.position();
        (position.received_at.0, position.item)
    });
    let items = rows.into_iter().map(Quarantined::from).collect();
    Ok(Json(QuarantineList { items, next_cursor }))
}

impl From<QuarantinedItem> for Quarantined {
    fn from(item: QuarantinedItem) -> Self {
        let QuarantinedItem {
            id,
            received_at,
            item,
            code,
            message,
            body,
        } = item;
        let (body, body_base64) = match String::from_utf8(body) {
            Ok(text) => (Some(text), None),
            Err(not_text) => (None, Some(STANDARD.encode(not_text.as_bytes()))),
        };
        Self {
            item_id: id,
            received_at: Time(received_at),
            item,
            code,
            message,
            body,
            body_base64,
        }
    }
}
