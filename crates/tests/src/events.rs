//! Server-sent events, as a client of `GET /v1/live` reads them.

use reqwest::Response;
use serde_json::Value;

/// A stream that is read event by event.
#[derive(Debug)]
pub struct EventStream {
    response: Response,
    text: String,
    /// The id that a client remembers.
    last_id: Option<String>,
}

impl EventStream {
    /// Takes over an answer.
    pub fn new(response: Response) -> Self {
        Self {
            response,
            text: String::new(),
            last_id: None,
        }
    }

    /// The next event with its name and data; none if the stream has ended in good order.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let lines = block.lines();
                lines
                    .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                    .next_back()
            };
            if let Some(id) = field("id") {
                self.last_id = Some(id.to_owned());
            }
            if let Some(data) = field("data") {
                let data = serde_json::from_str(data).expect("the data are JSON");
                return Some((field("event").unwrap_or("message").to_owned(), data));
            }
        }
    }

    /// The next events, so many.
    pub async fn take(&mut self, count: usize) -> Vec<(String, Value)> {
        let mut events = Vec::with_capacity(count);
        for _ in 0..count {
            events.push(self.next().await.expect("the stream goes on"));
        }
        events
    }

    /// What is said until the next id, which a client remembers.
    pub async fn id(&mut self) -> String {
        loop {
            if let Some(id) = self.last_id.take() {
                return id;
            }
            let block = self.block().await.expect("the stream goes on");
            let mut ids = block.lines().filter_map(|line| line.strip_prefix("id: "));
            self.last_id = ids.next_back().map(str::to_owned);
        }
    }

    /// The lines up to the next empty one.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let chunk = self.response.chunk().await.expect("the stream is read")?;
            let chunk = str::from_utf8(&chunk).expect("an event is text");
            self.text.push_str(chunk);
        }
    }
}
