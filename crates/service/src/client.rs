//! Who is at the other end of a request: past the proxies that are believed.
//!
//! nginx says in `X-Real-IP` and `X-Forwarded-Proto` from where and how a request reached it, and overwrites
//! what clients say there. From anybody but a proxy that is trusted the two headers mean nothing.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use actix_web::web::Data;
use ipnet::IpNet;

use crate::env::Env;

const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// This machine, where nginx runs unless somebody says otherwise.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// The networks of the proxies that are believed.
#[derive(Clone, Debug)]
pub struct TrustedProxies(Arc<[IpNet]>);

/// The other end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// Whether nobody between it and the first proxy can read along: it came over TLS, or from this
    /// machine to a name that only this machine has.
    pub is_private: bool,
}

impl TrustedProxies {
    /// `RUNWATCH_TRUSTED_PROXIES`, this machine by default: networks such as 10.0.0.0/8, or addresses,
    /// separated by commas.
    pub fn from_env(env: &mut Env) -> Self {
        env.checked("RUNWATCH_TRUSTED_PROXIES", Self::default(), |text| {
            let networks = text.split(',').map(|one| network(one.trim()));
            let networks: Option<Vec<_>> = networks.collect();
            let must = "it must be networks such as 10.0.0.0/8, separated by commas";
            networks
                .map(|networks| Self(networks.into()))
                .ok_or_else(|| must.to_owned())
        })
    }

    fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl Default for TrustedProxies {
    fn default() -> Self {
        Self(LOOPBACK.iter().filter_map(|one| network(one)).collect())
    }
}

/// A network, or a single address.
fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_not_a_network| address()).ok()
}

/// Who sent a request.
pub fn of(request: &HttpRequest) -> Client {
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    // A request without a peer is none of the network.
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let proxies: Option<&Data<TrustedProxies>> = request.app_data();
    let is_proxy = proxies.is_some_and(|proxies| proxies.has(peer));
    let told = |name: HeaderName| {
        let header = request.headers().get(name).filter(|_| is_proxy)?;
        header.to_str().ok()
    };
    let address = told(REAL_IP).and_then(|text| text.parse().ok());
    let address: IpAddr = address.unwrap_or(peer);
    let scheme = told(FORWARDED_PROTO).unwrap_or("http");
    let is_here = address.to_canonical().is_loopback() && has_local_name(request);
    Client {
        address,
        is_private: scheme == "https" || is_here,
    }
}

/// Whether a request was sent to a name that means the machine of its sender.
fn has_local_name(request: &HttpRequest) -> bool {
    let host = request.connection_info().host().to_owned();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => host.split(':').next(),
    };
    matches!(name, Some("localhost" | "127.0.0.1" | "::1"))
}
