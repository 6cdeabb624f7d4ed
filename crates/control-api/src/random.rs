//! Tokens and keys of random bits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runwatch_core::token::{TokenHash, hash};
use runwatch_service::problem::Problem;

/// A token of 256 random bits: its text, which only its owner has, and the hash that is stored.
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) hash: TokenHash,
}

impl Token {
    /// A new one.
    pub(crate) fn new() -> Result<Self, Problem> {
        let text = URL_SAFE_NO_PAD.encode(bytes::<32>()?);
        let hash = hash(&text);
        Ok(Self { text, hash })
    }
}

/// Random bytes of the operating system.
pub(crate) fn bytes<const LENGTH: usize>() -> Result<[u8; LENGTH], Problem> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
    Ok(bytes)
}
