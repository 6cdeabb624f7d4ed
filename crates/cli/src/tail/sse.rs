//! Server-sent events out of the pieces in which they arrive (HTML Living Standard, 9.2.6).

#[cfg(test)]
mod tests;

use std::time::Duration;

/// Bytes of one event; a longer one is dropped.
const EVENT_BYTES_MAX: usize = 16 << 20;
/// The longest wait that a server is believed to ask for.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// What it is, `message` if it does not say.
    pub(super) kind: String,
    /// The id from which on the stream can be asked for again.
    pub(super) id: Option<String>,
    pub(super) data: String,
}

/// Reads a stream, and the one that follows it.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    /// The last byte was a carriage return, with which a line feed belongs to the same end.
    after_return: bool,
    is_first_line: bool,
    kind: String,
    data: String,
    has_data: bool,
    is_too_long: bool,
    /// The id of the event that is not whole yet.
    id: Option<String>,
    last_id: Option<String>,
    retry: Option<Duration>,
}

impl Events {
    /// A new stream begins; the half of an event that the last one left is forgotten.
    pub(super) fn begin(&mut self) {
        *self = Self {
            is_first_line: true,
            last_id: self.last_id.take(),
            retry: self.retry,
            ..Self::default()
        };
    }

    /// The id of the last event.
    pub(super) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// The wait before reconnecting, if the server named one.
    pub(super) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// The events that are complete with these bytes.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for byte in bytes {
            let is_second_half = self.after_return && *byte == b'\n';
            self.after_return = *byte == b'\r';
            match byte {
                b'\n' if is_second_half => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ if self.line.len() < EVENT_BYTES_MAX => self.line.push(*byte),
                _ => self.is_too_long = true,
            }
        }
        events
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let is_first = std::mem::take(&mut self.is_first_line);
        let line = match is_first {
            true => line.strip_prefix('\u{feff}').unwrap_or(&line),
            false => &line,
        };
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        self.field(field, value.strip_prefix(' ').unwrap_or(value));
        None
    }

    fn field(&mut self, field: &str, value: &str) {
        match field {
            "event" => self.kind = value.to_owned(),
            "data" if self.data.len() + value.len() > EVENT_BYTES_MAX => self.is_too_long = true,
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" => {
                let wait = value.parse().ok().map(Duration::from_millis);
                self.retry = wait.map(|wait| wait.min(RETRY_MAX)).or(self.retry);
            }
            // Comments begin with the colon, so that their field has no name.
            _ => {}
        }
    }

    fn end_event(&mut self) -> Option<Event> {
        let kind = std::mem::take(&mut self.kind);
        let data = std::mem::take(&mut self.data);
        let has_data = std::mem::take(&mut self.has_data);
        let is_too_long = std::mem::take(&mut self.is_too_long);
        let kind = match kind.is_empty() {
            true => "message".to_owned(),
            false => kind,
        };
        self.last_id = self.id.take().or(self.last_id.take());
        let id = self.last_id.clone();
        (has_data && !is_too_long).then_some(Event { kind, id, data })
    }
}
