//! The keys of the services in tests.

use runwatch_core::api_key::Pepper;
use runwatch_core::secrets::KeyRing;

/// `TOKEN_SIGNING_KEY`.
pub const SIGNING: &str = "MC4CAQAwBQYDK2VwBCIEIF7WbE8j9SkarDJdijCikAq6nhPvSW/PL1k7ImNDomOm";
/// `TOKEN_PUBLIC_KEY`.
pub const PUBLIC: &str = "vYd5yaei8sYvl+QS883EMki3jz7xcGOy1Ffj1jYUq7w=";
/// `API_KEY_PEPPER`.
pub const PEPPER: &str = "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=";

/// [`PEPPER`], as it is used.
pub fn pepper() -> Pepper {
    Pepper::new([9; 32])
}

/// `AUDIT_KEY`.
pub const AUDIT: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// `SECRETS_KEY`.
pub const SECRETS: &str = "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=";
/// Another one, which takes its place.
pub const NEW_SECRETS: &str = "BgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgY=";

/// A ring of these keys, the first of which wraps.
pub fn ring(keys: &[&str]) -> KeyRing {
    let ring = keys.join(",").parse();
    ring.expect("each is 32 bytes in Base64, and another")
}
