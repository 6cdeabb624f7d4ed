//! Addresses that are asked, and those that people are sent to.

use reqwest::Url;
use std::net::IpAddr;

/// What is safe besides TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Nothing.
    Tls,
    /// What does not leave this machine.
    Loopback,
}

impl Trust {
    /// What is safe of a provider of this address: one that speaks TLS leads nobody out of it.
    pub(crate) fn of_issuer(issuer: &str) -> Self {
        if issuer.starts_with("https:") {
            Self::Tls
        } else {
            Self::Loopback
        }
    }
}

/// Whether nobody can listen or take the place of who is at this address.
pub(crate) fn is_safe(address: &str, trust: Trust) -> bool {
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let is_private = match url.scheme() {
        "https" => url.has_host(),
        "http" => trust == Trust::Loopback && url.host_str().is_some_and(is_loopback),
        _ => false,
    };
    is_bare && is_private
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address: Option<IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}
