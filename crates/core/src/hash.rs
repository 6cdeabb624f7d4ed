//! Keyed hashes: the same content gives the same number for one project, and nobody without the
//! project's key can make two contents meet.

use siphasher::sip128::{Hasher128, SipHasher13};
use uuid::Uuid;

/// The secret under which a project's contents are hashed.
#[derive(Clone, Copy)]
pub struct ContentKey([u8; 16]);

impl ContentKey {
    /// The key that is kept with the project.
    pub fn new(key: Uuid) -> Self {
        Self(*key.as_bytes())
    }
}

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContentKey(..)")
    }
}

/// Hashes a list of fields; each is told apart from its neighbours by its length or its absence.
pub struct ContentHasher(SipHasher13);

impl ContentHasher {
    /// Starts a hash under the project's key.
    pub fn new(key: ContentKey) -> Self {
        Self(SipHasher13::new_with_key(&key.0))
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        use std::hash::Hasher;
        self.0.write(&(bytes.len() as u64).to_le_bytes());
        self.0.write(bytes);
        self
    }

    /// Adds text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds text that may be absent; absence differs from empty text.
    pub fn maybe(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.number(1).text(text),
            None => self.number(0),
        }
    }

    /// Adds a number.
    pub fn number(&mut self, number: i64) -> &mut Self {
        use std::hash::Hasher;
        self.0.write(&number.to_le_bytes());
        self
    }

    /// The 128 bits of the hash.
    pub fn finish128(&self) -> Uuid {
        let hash = self.0.finish128();
        Uuid::from_u64_pair(hash.h1, hash.h2)
    }

    /// 64 of them, as the database keeps them.
    pub fn finish64(&self) -> i64 {
        self.0.finish128().h1.cast_signed()
    }
}
