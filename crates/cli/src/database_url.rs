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
