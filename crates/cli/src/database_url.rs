//! Database URLs of the form `postgres://user:password@host:port/database?options`.

#[cfg(test)]
mod tests;

/// A database URL in which no user and host can be told apart.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "DATABASE_URL is not of the form postgres://user:password@host:port/database, so the roles of the services cannot be put into it"
)]
pub(crate) struct BadUrl;

/// The same database as another role; the password may hold letters and digits only, as the
/// generated ones do.
pub(crate) fn with_login(url: &str, role: &str, password: &str) -> Result<String, BadUrl> {
    let (scheme, rest) = url.split_once("://").ok_or(BadUrl)?;
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(BadUrl);
    }
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_login, host)| host);
    Ok(format!("{scheme}://{role}:{password}@{host}{path}"))
}

/// The same for libpq, which has other words for what our URLs may give up ([`runwatch_store::connector`]).
pub(crate) fn for_libpq(url: &str) -> String {
    url.replace("sslmode=no-verify", "sslmode=require")
        .replace("sslmode=cleartext", "sslmode=disable")
}

/// Host, port and database of a URL, without the login, for people.
pub(crate) fn place_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_scheme, rest)| rest);
    let place = rest.rsplit_once('@').map_or(rest, |(_login, place)| place);
    let place = place
        .split_once('?')
        .map_or(place, |(place, _options)| place);
    format!("the database {place}")
}
