//! Tokens of 256 random bits: their owner has the text, and only its hash is stored.

use sha2::{Digest as _, Sha256};

/// SHA-256 of a token's text: random bits need no slow hash.
pub type TokenHash = [u8; 32];

/// The hash that is stored of a token.
pub fn hash(text: &str) -> TokenHash {
    Sha256::digest(text.as_bytes()).into()
}
