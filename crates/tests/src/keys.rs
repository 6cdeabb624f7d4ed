//! The keys of the services in tests.

/// `TOKEN_SIGNING_KEY`.
pub const SIGNING: &str = "MC4CAQAwBQYDK2VwBCIEIF7WbE8j9SkarDJdijCikAq6nhPvSW/PL1k7ImNDomOm";
/// `TOKEN_PUBLIC_KEY`.
pub const PUBLIC: &str = "vYd5yaei8sYvl+QS883EMki3jz7xcGOy1Ffj1jYUq7w=";
/// `AUDIT_KEY`.
pub const AUDIT: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
