//! Tokens of 256 random bits, of which only the hash is stored, and the keys of services.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a token's text: random bits need no slow hash.
pub type TokenHash = [u8; 32];

/// The hash that is stored of a token.
pub fn hash(text: &str) -> TokenHash {
    Sha256::digest(text.as_bytes()).into()
}

/// A key of a service as its setting holds it: 32 random bytes in Base64, as `openssl rand -base64 32`
/// makes them.
pub fn key(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}
