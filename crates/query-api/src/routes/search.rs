//! `GET /v1/search`

mod hit;
mod look;
mod verify;

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::{Data, Json};
use runwatch_core::failures::FailureType;
use runwatch_core::findings::FindingKind;
use runwatch_core::limits::SEARCH_HITS_MAX;
use runwatch_core::run::RunStatus;
use runwatch_search::query::Query as Words;
use runwatch_service::auth::Reader;
use runwatch_service::problem::Problem;
use runwatch_service::query::Query;
use runwatch_store::runs::RunFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::cursor::{decode, encode, limit_within};
use crate::json::Time;
use crate::routes::runs::filter::{self, run_filters};
use crate::routes::search::hit::Hit;
use crate::routes::search::look::{Begin, Look};
use crate::schema::{FailureTypeName, FindingKindName, RunStatusName};

/// The only order of hits.
const ORDER: &str = "latest run";
/// Hits of a page when the caller does not say.
const HITS_DEFAULT: u32 = 20;

run_filters! {
    /// What is looked for, and in which runs.
    struct Search {
        /// Words, which may be parts of words: a step is a hit if it has all of them. `"A phrase"` in
        /// quotes has to occur as it stands. Case does not matter, in any script; 10 words and 500
        /// characters at most.
        #[param(required = true)]
        q: Option<String>,
        /// Hits of a page: 20 unless said otherwise, 100 at most.
        #[param(minimum = 1, maximum = 100)]
        limit: Option<u32>,
        /// Where the page begins: the `next_cursor` of the one before.
        cursor: Option<String>,
    }
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchResult {
    /// The hits: those in the latest run first.
    hits: Vec<Hit>,
    /// Where the search goes on; null if everything was looked at. A page may have few hits or none
    /// and yet have a next one, where finding more would have taken too long.
    next_cursor: Option<String>,
    /// Runs that started after this moment were looked at, those before were not; null if all were.
    searched_back_to: Option<Time>,
    /// Parts of runs that were stored in the last seconds and are not looked at, because there are too
    /// many of them; they are a few seconds later.
    unsearched: usize,
    /// Whether the search index lacks something older, because it was switched off or was two days
    /// behind.
    has_gaps: bool,
}

/// Searches the inputs, outputs, errors and names of steps.
///
/// Text is found as it stands in them, within JSON in any of its strings, keys and numbers. The latest
/// runs come first. A page is answered within a bound of work: `searched_back_to` says how far it has
/// come, and `next_cursor` goes on from there.
#[utoipa::path(tag = "runs", params(Search), responses((status = 200, body = SearchResult)))]
#[get("/v1/search")]
pub(crate) async fn search_steps(
    reader: Reader,
    query: Query<Search>,
    app: Data<App>,
) -> Result<Json<SearchResult>, Problem> {
    let query = query.0;
    let text = query.q.as_deref().unwrap_or_default();
    let wrong = |error: runwatch_search::query::QueryError| {
        Problem::invalid_parameter("q", error.to_string())
    };
    let words = Words::parse(text).map_err(wrong)?;
    let limit = limit_within(query.limit.unwrap_or(HITS_DEFAULT), SEARCH_HITS_MAX)?;
    let begin = query.cursor.as_deref();
    let begin: Option<Begin> = begin.map(|cursor| decode(cursor, ORDER)).transpose()?;
    let look = Look {
        words,
        filter: query.filter()?,
        begin: begin.unwrap_or_default(),
        limit: limit as usize,
    };
    let project = reader.project;
    let found = app
        .answer(project, async |conn| look.find(conn, project).await)
        .await?;
    Ok(Json(SearchResult {
        hits: found.hits,
        next_cursor: found.next.as_ref().map(|next| encode(next, ORDER)),
        searched_back_to: found.back_to.map(Time),
        unsearched: found.unsearched,
        has_gaps: found.has_gaps,
    }))
}
