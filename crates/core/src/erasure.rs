//! Erasing what is stored of somebody: whom it is about, and what names them.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt::Write;

use uuid::Uuid;

use crate::coded::coded;

coded! {
    /// What an erasure is about. The number is what the database keeps.
    pub enum ErasureKind or User {
        /// The runs and the feedback of one user.
        User = 0, "user";
        /// The runs of one session.
        Session = 1, "session";
    }
}

/// What shows that some bytes, as they were sent, are about somebody whose data is erased.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    texts: Vec<Vec<u8>>,
    runs: HashSet<Uuid>,
}

impl Marks {
    /// The ids by which somebody is known, and the runs that are erased.
    pub fn new(ids: &[&str], runs: HashSet<Uuid>) -> Self {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        for id in ids {
            // As it is, and as JSON has it, with and without characters beyond ASCII.
            let json = serde_json::to_string(id).expect("a text always encodes");
            let json = json.get(1..json.len() - 1).unwrap_or_default();
            let forms = [(*id).to_owned(), json.to_owned(), in_ascii(json)];
            texts.extend(forms.map(String::into_bytes));
        }
        texts.sort_unstable();
        texts.dedup();
        texts.retain(|text| !text.is_empty());
        Self { texts, runs }
    }

    /// Whether the bytes have one of the ids, or name one of the runs: as 16 bytes, or as 32 digits with or
    /// without hyphens.
    pub fn are_in(&self, bytes: &[u8]) -> bool {
        let has = |text: &Vec<u8>| memchr::memmem::find(bytes, text).is_some();
        self.texts.iter().any(has) || (!self.runs.is_empty() && self.names_run(bytes))
    }

    fn names_run(&self, bytes: &[u8]) -> bool {
        let is_one = |id: &[u8; 16]| self.runs.contains(&Uuid::from_bytes(*id));
        if bytes
            .windows(16)
            .filter_map(|id| id.try_into().ok())
            .any(is_one)
        {
            return true;
        }
        let (mut last, mut digits) = (0_u128, 0_u32);
        for byte in bytes {
            let digit = char::from(*byte).to_digit(16);
            if let Some(digit) = digit {
                last = last << 4 | u128::from(digit);
                digits += 1;
                if digits >= 32 && self.runs.contains(&Uuid::from_u128(last)) {
                    return true;
                }
            } else if *byte != b'-' {
                digits = 0;
            }
        }
        false
    }
}

/// JSON in which all characters beyond ASCII are escaped, as some libraries write it.
fn in_ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for char in json.chars() {
        if char.is_ascii() {
            ascii.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                write!(ascii, "\\u{unit:04x}").expect("a text takes everything");
            }
        }
    }
    ascii
}
