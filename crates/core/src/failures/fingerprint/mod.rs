//! Which failures are the same one.

mod template;
mod word;

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};
use uuid::Uuid;

pub use self::template::template;
use crate::failures::{FailureType, Fingerprint};

/// Hashes what makes failures the same: type, agent, step's name and the message's template.
pub fn fingerprint(kind: FailureType, agent: &str, step: &str, template: &str) -> Fingerprint {
    let mut hasher = SipHasher13::new();
    hasher.write(&kind.code().to_le_bytes());
    for text in [agent, step, template] {
        hasher.write(&(text.len() as u64).to_le_bytes());
        hasher.write(text.as_bytes());
    }
    let hash = hasher.finish128();
    Fingerprint(Uuid::from_u64_pair(hash.h1, hash.h2))
}

#[cfg(test)]
mod tests;
