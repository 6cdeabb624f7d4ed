//! The message with its variable parts replaced.
//!
//! A message is read once from left to right as words, quoted texts and single other characters.
//! A word becomes a placeholder or stays as it is ([`word::replaced`]). Of quoted texts, those
//! without a blank are words: names of models, tools and fields tell failures apart, so they stay
//! unless they are ids, numbers or paths. Those with a blank are what a user or a model wrote and
//! become `<str>`, unless they are the error itself: the value of a key such as `message`, the
//! argument of an exception, as in `SSLError(1, 'certificate has expired')`, or the start of the
//! whole message.
//!
//! Nothing that is written makes a word, a quote or a blank where there was none, so the template
//! of a template is the template itself; that is also why a text is cut between words only.

use super::word;

/// Bytes of a template: enough for the sentence that tells what happened.
pub(super) const TEMPLATE_BYTES_MAX: usize = 300;

/// What quotes a text.
const QUOTES: [char; 3] = ['\'', '"', '`'];

/// Ends of the keys whose quoted value tells the error itself.
const ERROR_KEYS: [&str; 8] = [
    "message",
    "msg",
    "error",
    "detail",
    "reason",
    "description",
    "status",
    "title",
];

/// Words after which a three-digit number is a status, which tells failures apart.
const STATUS_WORDS: [&str; 4] = ["code", "status", "http", "status_code"];

/// Replaces the variable parts of a message by placeholders, in time linear in its length; a group
/// of failures is shown under it.
pub fn template(message: &str) -> String {
    let mut reader = Reader {
        rest: message.trim_start(),
        ..Reader::default()
    };
    while !reader.rest.is_empty() && reader.step() {}
    if !reader.rest.is_empty() {
        // A quote before a word that no longer fits would seem to close something.
        let end = reader
            .out
            .trim_end_matches(|c| is_quote(c) || c == ' ')
            .len();
        reader.out.truncate(end);
    }
    reader.out.truncate(reader.out.trim_end().len());
    reader.out
}

#[derive(Default)]
struct Reader<'a> {
    /// What was not read yet.
    rest: &'a str,
    out: String,
    /// The last word that was written, in lower case.
    last_word: String,
    /// Whether only quotes, blanks, colons and equals signs came after the last word.
    is_value: bool,
    /// Whether no quote of a kind closes anything from here on, which is looked for once.
    unclosed: [bool; QUOTES.len()],
}

impl Reader<'_> {
    /// Reads one word, quoted text or character; false if it does not fit any more.
    fn step(&mut self) -> bool {
        let first = self.rest.chars().next().unwrap_or_default();
        let length = word::length(self.rest);
        if length > 0 {
            return self.word(length);
        }
        let quoted = self.may_open().then(|| self.quoted(first)).flatten();
        match quoted {
            Some(length) => self.quoted_text(first, length),
            None => self.character(first),
        }
    }

    fn character(&mut self, first: char) -> bool {
        let (text, length) = if first.is_whitespace() {
            let length = self.rest.len() - self.rest.trim_start().len();
            (if self.out.ends_with(' ') { "" } else { " " }, length)
        } else {
            (
                self.rest.get(..first.len_utf8()).unwrap_or_default(),
                first.len_utf8(),
            )
        };
        self.is_value &= first.is_whitespace() || is_quote(first) || first == '=';
        self.write(text, length)
    }

    fn word(&mut self, length: usize) -> bool {
        let text = self.rest.get(..length).unwrap_or_default();
        let inner = word::trimmed(text);
        if inner.is_empty() {
            self.is_value &= text == ":";
            return self.write(text, length);
        }
        let is_status = inner.len() == 3
            && inner.bytes().all(|byte| byte.is_ascii_digit())
            && STATUS_WORDS.contains(&self.last_word.as_str());
        let written = if is_status {
            text.to_owned()
        } else {
            word::replaced(text)
        };
        self.last_word = word::trimmed(&written).to_ascii_lowercase();
        self.is_value = true;
        self.write(&written, length)
    }

    /// A quote opens what may be content at the start of a word, unless the error itself follows.
    fn may_open(&self) -> bool {
        let is_message =
            self.is_value && ERROR_KEYS.iter().any(|key| self.last_word.ends_with(key));
        let is_error = is_message || self.out.ends_with("<num>, ");
        !is_error && self.out.ends_with([' ', '[', '{', '=', ':', ','])
    }

    /// How long the text is that the quote here opens; none if it is no quote or none closes it.
    fn quoted(&mut self, quote: char) -> Option<usize> {
        let kind = QUOTES.iter().position(|kind| *kind == quote)?;
        let inside = self.rest.get(1..)?;
        if self.unclosed[kind] || inside.starts_with(char::is_whitespace) {
            return None;
        }
        let closes = |at: &usize| !word::starts(inside.get(at + 1..).unwrap_or_default());
        let end = inside.match_indices(quote).map(|(at, _)| at).find(closes);
        self.unclosed[kind] = end.is_none();
        end.filter(|end| *end > 0)
    }

    fn quoted_text(&mut self, quote: char, length: usize) -> bool {
        let content = self.rest.get(1..=length).unwrap_or_default();
        if content.contains(char::is_whitespace) {
            self.last_word.clear();
            self.is_value = false;
            return self.write(&format!("{quote}<str>{quote}"), length + 2);
        }
        let end = self.rest.len() - length - 1;
        if !self.character(quote) {
            return false;
        }
        while self.rest.len() > end {
            let first = self.rest.chars().next().unwrap_or_default();
            let length = word::length(self.rest);
            let fits = if length > 0 {
                self.word(length)
            } else {
                self.character(first)
            };
            if !fits {
                return false;
            }
        }
        self.character(quote)
    }

    fn write(&mut self, text: &str, length: usize) -> bool {
        if self.out.len() + text.len() > TEMPLATE_BYTES_MAX {
            return false;
        }
        self.out.push_str(text);
        self.rest = self.rest.get(length..).unwrap_or_default();
        true
    }
}

fn is_quote(c: char) -> bool {
    QUOTES.contains(&c)
}
