//! How a database is reached: in clear text on this machine, and everywhere else by TLS in which the server proves
//! its name. Every connection begins here.
//!
//! A URL says what is wanted in the words of libpq, `sslmode` and `sslrootcert`, of which each asks for as much as it
//! says there, or more; what is given up has words of its own.

#[cfg(test)]
mod tests;
mod tls;

use std::error::Error as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Result, StoreError};

/// What drives a connection; it has to be spawned.
pub(crate) type Driver = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// What stands between us and the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Nothing: what is said does not leave this machine.
    Local,
    /// TLS, in which the server proves its name by a certificate.
    Verified,
    /// TLS with whoever answers.
    Unverified,
    /// Nothing, over a network.
    ClearText,
}

/// A URL that is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// It cannot be read.
    #[error(
        "it must be a URL such as postgres://user:password@host:port/database, in which special letters of the \
         password are percent-encoded"
    )]
    NotAUrl,
    /// It asks for protection by a word that nobody knows.
    #[error("sslmode must be disable, prefer, require, verify-full, no-verify or cleartext")]
    UnknownMode,
    /// It asks for clear text over a network.
    #[error(
        "sslmode=disable is for a database on this machine. Leave it out and let the database speak TLS \
         (sslrootcert=PATH names its issuer, if the system does not know it); or write sslmode=cleartext, if \
         nobody else is on the network between"
    )]
    NotHere,
    /// It names a file that depends on where a program was started.
    #[error("sslrootcert must be the whole path of a PEM file, or system")]
    NotAPath,
}

/// A database as a URL names it.
#[derive(Clone, Debug)]
pub struct Address {
    config: Config,
    protection: Protection,
    /// Who may vouch for the server; whom the system knows, if no file is named.
    issuers: Option<PathBuf>,
}

impl Address {
    /// What stands between us and it.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    async fn connect(mut self) -> Result<(Client, Driver)> {
        let is_tls = matches!(
            self.protection,
            Protection::Verified | Protection::Unverified
        );
        self.config.ssl_mode(match is_tls {
            true => SslMode::Require,
            false => SslMode::Disable,
        });
        let tls = tls::connector(self.protection, self.issuers.as_deref());
        let tls = tls.map_err(|error| StoreError::Unavailable(error.into()))?;
        // Its future is large, and every request may come by here.
        let connected = Box::pin(self.config.connect(MakeRustlsConnect::new(tls))).await;
        connected.map_err(|error| StoreError::Unavailable(told(&error).into()))
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(url: &str) -> Result<Self, BadAddress> {
        let (place, options) = without_options(url);
        let is_url = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| place.starts_with(scheme));
        if !is_url {
            return Err(BadAddress::NotAUrl);
        }
        let is_ours =
            |option: &&str| option.starts_with("sslmode=") || option.starts_with("sslrootcert=");
        let options = options.split('&').filter(|option| !option.is_empty());
        let (ours, others): (Vec<&str>, Vec<&str>) = options.partition(is_ours);
        let value = |name: &str| {
            ours.iter()
                .find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
        };
        let rest = match others.is_empty() {
            true => place.to_owned(),
            false => format!("{place}?{}", others.join("&")),
        };
        let config: Config = rest.parse().map_err(|_not_one| BadAddress::NotAUrl)?;
        let issuers = match value("sslrootcert") {
            None | Some("system") => None,
            Some(path) if path.starts_with('/') => Some(PathBuf::from(path)),
            Some(_relative) => return Err(BadAddress::NotAPath),
        };
        let protection = protection(value("sslmode"), is_here(&config), issuers.is_some())?;
        Ok(Self {
            config,
            protection,
            issuers,
        })
    }
}

/// A URL and its options. Up to the first `@` is a login, whatever its password has in it: so tokio-postgres reads it.
fn without_options(url: &str) -> (&str, &str) {
    let login_end = url.find('@').unwrap_or(0);
    let (_login, rest) = url.split_at(login_end);
    match rest.split_once('?') {
        Some((host, options)) => (url.split_at(login_end + host.len()).0, options),
        None => (url, ""),
    }
}

/// Opens a connection. It has to be called on the runtime that is to drive it.
pub(crate) async fn connect(url: &str) -> Result<(Client, Driver)> {
    let address: Address = url.parse()?;
    address.connect().await
}

/// Says in the log, once for each pool, what nobody should have asked for.
pub(crate) fn warn_of(url: &str) {
    match url.parse().map(|address: Address| address.protection) {
        Ok(Protection::Unverified) => tracing::warn!(
            "The database does not prove who it is (sslmode=no-verify): whoever is between can read and change \
             everything"
        ),
        Ok(Protection::ClearText) => tracing::warn!(
            "The database is on another machine and is spoken to in clear text (sslmode=cleartext): whoever is \
             between can read and change everything"
        ),
        _ => {}
    }
}

/// What a mode of libpq means to us (<https://www.postgresql.org/docs/current/libpq-ssl.html>). It takes `prefer` if
/// nothing is said, in which anybody may make it speak in clear text.
fn protection(
    mode: Option<&str>,
    is_here: bool,
    has_issuers: bool,
) -> Result<Protection, BadAddress> {
    match mode {
        Some("disable") if is_here => Ok(Protection::Local),
        Some("disable") => Err(BadAddress::NotHere),
        None | Some("prefer" | "allow") if is_here && !has_issuers => Ok(Protection::Local),
        None | Some("prefer" | "allow" | "require" | "verify-ca" | "verify-full") => {
            Ok(Protection::Verified)
        }
        Some("no-verify") => Ok(Protection::Unverified),
        Some("cleartext") if is_here => Ok(Protection::Local),
        Some("cleartext") => Ok(Protection::ClearText),
        Some(_unknown) => Err(BadAddress::UnknownMode),
    }
}

/// Whether all that is named is on this machine: a Unix socket or loopback, by its address or as `localhost`. Where a
/// name is given and an address too, both must be.
fn is_here(config: &Config) -> bool {
    let is_loopback = |name: &str| match name.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_a_name) => name == "localhost",
    };
    let mut hosts = config.get_hosts().iter();
    let are_here = hosts.all(|host| match host {
        Host::Tcp(name) => is_loopback(name),
        Host::Unix(_) => true,
    });
    are_here && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// What happened, with its causes; and what to do about it where TLS failed, which the library tells by its words alone.
fn told(error: &tokio_postgres::Error) -> String {
    let mut told = error.to_string();
    let is_of_tls = told == "error performing TLS handshake";
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(": ");
        told.push_str(&error.to_string());
        cause = error.source();
    }
    if is_of_tls {
        told.push_str(
            ". A database on another machine has to prove its name by TLS: sslrootcert and sslmode of DATABASE_URL \
             say how (.env.example)",
        );
    }
    told
}
