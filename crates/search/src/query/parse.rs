//! Cutting what somebody typed into terms.

/// The terms of a query as they were written, phrases without their quotes. NUL, which no stored
/// text has, is left out.
pub(super) fn terms(text: &str) -> impl Iterator<Item = String> {
    let text = text.replace('\0', "");
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?.trim_start();
            if rest.is_empty() {
                return None;
            }
            let (term, rest) = match rest.strip_prefix('"') {
                Some(phrase) => self::phrase(phrase),
                None => word(rest),
            };
            at = text.len() - rest.len();
            if !term.trim().is_empty() {
                return Some(term);
            }
        }
    })
}

/// The word that the text begins with, and the rest.
fn word(text: &str) -> (String, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word.to_owned(), rest)
}

/// The phrase whose opening quote stood before the text, and what follows its closing one.
fn phrase(text: &str) -> (String, &str) {
    let mut phrase = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' if chars.as_str().starts_with('"') => {
                chars.next();
                phrase.push('"');
            }
            _ => phrase.push(char),
        }
    }
    (phrase, chars.as_str())
}
