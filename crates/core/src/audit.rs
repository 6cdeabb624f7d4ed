//! The audit log: entries that cannot be changed, left out, added or put in another order without it
//! being seen by who has the key.
//!
//! An entry's hash is HMAC-SHA-256 (RFC 2104), under a key that is not in the database, of the hash of the
//! entry before and of everything it says. Cutting off the last entries changes no hash: it is seen by
//! comparing the last one with what was noted elsewhere.

#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use crate::ids::{KeyId, ProjectId, UserId};
use crate::time::Timestamp;

/// The key under which entries are hashed.
#[derive(Clone)]
pub struct AuditKey([u8; 32]);

/// The hash of an entry.
pub type EntryHash = [u8; 32];

/// The hash before the first entry.
pub const BEGINNING: EntryHash = [0; 32];

/// The project of entries that are of none.
pub const NO_PROJECT: ProjectId = ProjectId(Uuid::nil());

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who is signed in.
    User(UserId),
    /// A program with an API key.
    Key(KeyId),
    /// Whoever runs the installation, by the command line.
    System,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The project that it is of, or [`NO_PROJECT`].
    pub project: ProjectId,
    /// Its number in the project, from 1 on.
    pub seq: i64,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What was done, as the operation of the API is called.
    pub action: String,
    /// To what: an id or a name.
    pub subject: String,
    /// What else there is to say, a JSON object.
    pub details: String,
    /// The request that asked for it; empty if none did.
    pub request_id: String,
}

impl AuditKey {
    /// Takes 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash of an entry behind one with that hash.
    pub fn hash(&self, previous: &EntryHash, entry: &Entry) -> EntryHash {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length will do");
        let (actor_kind, actor_id) = entry.actor.parts();
        let mut field = |bytes: &[u8]| {
            mac.update(&(bytes.len() as u64).to_le_bytes());
            mac.update(bytes);
        };
        field(previous);
        field(entry.project.0.as_bytes());
        field(&entry.seq.to_le_bytes());
        field(&entry.at.0.to_le_bytes());
        field(actor_kind.as_bytes());
        field(actor_id.unwrap_or_default().as_bytes());
        field(entry.action.as_bytes());
        field(entry.subject.as_bytes());
        field(entry.details.as_bytes());
        field(entry.request_id.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AuditKey(..)")
    }
}

impl Actor {
    /// The kind and the id, as they are stored.
    pub fn parts(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::User(id) => ("user", Some(id.0)),
            Self::Key(id) => ("key", Some(id.0)),
            Self::System => ("system", None),
        }
    }

    /// Reads what [`Self::parts`] gave.
    pub fn from_parts(kind: &str, id: Option<Uuid>) -> Option<Self> {
        match (kind, id) {
            ("user", Some(id)) => Some(Self::User(UserId(id))),
            ("key", Some(id)) => Some(Self::Key(KeyId(id))),
            ("system", None) => Some(Self::System),
            _ => None,
        }
    }
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing before this one, or was put in.
    #[error("entry {found} stands where entry {expected} belongs")]
    OutOfOrder {
        /// The number that belongs here.
        expected: i64,
        /// The number that is here.
        found: i64,
    },
    /// An entry, or the one before it, is not what was written.
    #[error("entry {0} was changed, or the one before it")]
    Changed(i64),
}

/// Goes through the log of one project from the first entry on.
#[derive(Debug)]
pub struct Verifier {
    key: AuditKey,
    last: (i64, EntryHash),
}

impl Verifier {
    /// Begins.
    pub fn new(key: AuditKey) -> Self {
        let last = (0, BEGINNING);
        Self { key, last }
    }

    /// Takes the next entry and the hash that stands beside it.
    pub fn take(&mut self, entry: &Entry, hash: &EntryHash) -> Result<(), Broken> {
        let expected = self.last.0 + 1;
        if entry.seq != expected {
            let found = entry.seq;
            return Err(Broken::OutOfOrder { expected, found });
        }
        if self.key.hash(&self.last.1, entry) != *hash {
            return Err(Broken::Changed(entry.seq));
        }
        self.last = (entry.seq, *hash);
        Ok(())
    }

    /// How many entries were taken, and the hash of the last one.
    pub fn head(&self) -> (i64, EntryHash) {
        self.last
    }
}
