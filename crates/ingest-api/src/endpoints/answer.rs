//! What the native endpoints answer: a verdict for each item that was not simply stored.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use runwatch_core::ids::RunId;
use runwatch_core::limits::REJECTIONS_LISTED_MAX;
use runwatch_store::ingest::{CONFLICT, Conflict, ConflictingItem, ERASED};

use crate::native::ItemError;

/// What became of the items of a request. Everything that is counted as accepted is committed.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Verdicts {
    /// Items that said something new, which is stored.
    pub accepted: usize,
    /// Items that said nothing new.
    pub duplicates: usize,
    /// Items, or parts of them, that were refused: at most 1000 are listed.
    pub rejected: Vec<Rejection>,
    /// How many were refused, if more than are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_total: Option<usize>,
    /// Ids of the runs, in the order of the items, where the request left any to be made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub run_ids: Vec<String>,
}

/// An item that was refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Rejection {
    /// Position of the item in the request, from 0.
    pub index: usize,
    /// Id of what was refused, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The reason in one stable word.
    pub code: String,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The reason in words.
    pub message: String,
}

impl Rejection {
    /// An item that could not be read.
    pub(super) fn unreadable(index: usize, error: &ItemError) -> Self {
        Self {
            index,
            id: None,
            code: error.code.to_owned(),
            field: Some(error.field.clone()).filter(|field| !field.is_empty()),
            message: error.message.clone(),
        }
    }

    /// A span that could not be taken.
    pub(super) fn of_span(span: &runwatch_otlp::Rejected) -> Self {
        Self {
            index: span.index,
            id: Some(span.id.clone()).filter(|id| id != "/"),
            code: span.code.to_owned(),
            field: None,
            message: span.message.clone(),
        }
    }

    /// An item of a run that was erased.
    pub(super) fn erased(index: usize, run: RunId) -> Self {
        Self {
            index,
            id: Some(run.to_string()),
            code: ERASED.to_owned(),
            field: None,
            message: "this run was erased, and is not taken again".to_owned(),
        }
    }

    /// An item that contradicts what was stored before.
    pub(super) fn conflict(index: usize, run: RunId, conflict: &Conflict) -> Self {
        let id = match conflict.what {
            ConflictingItem::Run => run.to_string(),
            ConflictingItem::Step(id) => id.to_string(),
            ConflictingItem::Failure(id) => id.0.to_string(),
            ConflictingItem::Feedback(id) => id.0.to_string(),
        };
        let (code, message) = (CONFLICT.to_owned(), conflict.message.clone());
        Self {
            index,
            id: Some(id),
            code,
            field: None,
            message,
        }
    }
}

impl Verdicts {
    /// 200 if nothing was refused, 400 if everything was, 207 else.
    pub(super) fn into_response(mut self) -> HttpResponse {
        let status = match (self.rejected.len(), self.accepted + self.duplicates) {
            (0, _) => StatusCode::OK,
            (_, 0) => StatusCode::BAD_REQUEST,
            _ => StatusCode::MULTI_STATUS,
        };
        self.rejected.sort_by_key(|rejection| rejection.index);
        if self.rejected.len() > REJECTIONS_LISTED_MAX {
            self.rejected_total = Some(self.rejected.len());
            self.rejected.truncate(REJECTIONS_LISTED_MAX);
        }
        HttpResponse::build(status).json(self)
    }
}
