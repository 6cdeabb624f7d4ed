//! One attempt to sign in elsewhere, from the start to the way back.
//!
//! The browser keeps 32 random bytes. Everything that the provider is told or shown is derived of them, each
//! for one purpose: who sees one of these knows nothing of the others, and we keep nothing meanwhile.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use runwatch_service::problem::Problem;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::random;

/// What the browser keeps.
pub(crate) struct Attempt([u8; 32]);

impl Attempt {
    /// A new one.
    pub(crate) fn new() -> Result<Self, Problem> {
        Ok(Self(random::bytes()?))
    }

    /// Reads what [`Self::to_cookie`] gave.
    pub(crate) fn from_cookie(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// As a cookie holds it.
    pub(crate) fn to_cookie(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// By which the way back is known to belong to this browser.
    pub(crate) fn state(&self) -> String {
        self.derived(b"runwatch oidc state")
    }

    /// Whether it is the state of this attempt.
    pub(crate) fn is_state(&self, state: &str) -> bool {
        self.state().as_bytes().ct_eq(state.as_bytes()).into()
    }

    /// By which the ID token is known to belong to this attempt.
    pub(crate) fn nonce(&self) -> String {
        self.derived(b"runwatch oidc nonce")
    }

    /// By which the provider knows that who brings the code has asked for it (RFC 7636).
    pub(crate) fn verifier(&self) -> String {
        self.derived(b"runwatch oidc verifier")
    }

    /// What the provider is shown of the verifier beforehand (`S256`).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }

    fn derived(&self, purpose: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length will do");
        mac.update(purpose);
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}
