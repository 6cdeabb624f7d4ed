//! Asking over HTTP, page after page.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use runwatch_core::time::Timestamp;
use runwatch_service::clock::{Clock, SystemClock};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::http::Client;
use crate::report::Latencies;
use crate::search::check::check;
use crate::search::questions::{Expected, Kind, Question};

/// Hits of a page.
const LIMIT: usize = 20;
/// Questions of each kind.
const QUESTIONS: usize = 200;
/// Questions of each kind that are asked whatever time they take.
const QUESTIONS_MIN: usize = 10;
/// Pages that are read for one answer.
const PAGES_MAX: usize = 200;

/// Somebody who asks.
pub(super) struct Asking {
    client: Client,
    key: String,
}

/// What asking brought.
#[derive(Default)]
pub(super) struct Asked {
    /// Of whole answers, of which some have several pages.
    pub(super) latencies: Latencies,
    pub(super) questions: usize,
    pub(super) calls: usize,
    pub(super) hits: usize,
}

/// A page as it is answered.
#[derive(Deserialize)]
struct Page {
    hits: Vec<Value>,
    next_cursor: Option<String>,
    unsearched: usize,
    has_gaps: bool,
}

/// All pages of an answer that were wanted.
struct Answer {
    hits: Vec<Value>,
    calls: usize,
    took: Duration,
}

impl Asking {
    /// Opens a connection.
    pub(super) async fn new(address: SocketAddr, key: &str) -> Result<Self> {
        Ok(Self {
            client: Client::connect(address).await?,
            key: key.to_owned(),
        })
    }

    /// Asks the questions in turn, until there were enough or the time is over, and checks each answer.
    pub(super) async fn ask(&mut self, kind: &Kind, at_most: Duration) -> Result<Asked> {
        let first = kind.questions.first().context("there are no questions")?;
        // The first answer finds no statement prepared and no key cached.
        self.answer(first).await?;
        let mut asked = Asked::default();
        let began = Instant::now();
        for question in kind.questions.iter().cycle().take(QUESTIONS) {
            if asked.questions >= QUESTIONS_MIN && began.elapsed() > at_most {
                break;
            }
            let answer = self.answer(question).await?;
            asked.latencies.push(answer.took);
            asked.questions += 1;
            asked.calls += answer.calls;
            asked.hits += answer.hits.len();
        }
        Ok(asked)
    }

    /// One answer, which is checked: pages until all is searched, or until there are hits enough.
    async fn answer(&mut self, question: &Question) -> Result<Answer> {
        let now = SystemClock.now();
        let mut answer = Answer {
            hits: Vec::new(),
            calls: 0,
            took: Duration::ZERO,
        };
        let mut cursor = None;
        loop {
            ensure!(answer.calls < PAGES_MAX, "{question:?}: there is no end");
            let path = path(question, now, cursor.as_deref())?;
            let began = Instant::now();
            let body = self.client.get(&path, &self.key).await?.ok()?;
            answer.took += began.elapsed();
            answer.calls += 1;
            let page: Page = serde_json::from_slice(&body).context("unreadable")?;
            ensure!(
                page.unsearched == 0 && !page.has_gaps && page.hits.len() <= LIMIT,
                "{question:?}: {} hits of a page, {} unsearched, gaps: {}",
                page.hits.len(),
                page.unsearched,
                page.has_gaps
            );
            answer.hits.extend(page.hits);
            cursor = page.next_cursor;
            let is_page = matches!(question.expected, Expected::Page(_));
            if cursor.is_none() || is_page && answer.hits.len() >= LIMIT {
                break;
            }
        }
        let is_enough = answer.hits.len() >= LIMIT;
        check(question, now, &answer.hits, is_enough).with_context(|| format!("{question:?}"))?;
        Ok(answer)
    }
}

fn path(question: &Question, now: Timestamp, cursor: Option<&str>) -> Result<String> {
    let mut url = Url::parse("http://localhost/v1/search")?;
    let mut pairs = url.query_pairs_mut();
    pairs.append_pair("limit", &LIMIT.to_string());
    pairs.extend_pairs(question.parameters(now));
    if let Some(cursor) = cursor {
        pairs.append_pair("cursor", cursor);
    }
    drop(pairs);
    Ok(format!(
        "{}?{}",
        url.path(),
        url.query().unwrap_or_default()
    ))
}
