//! Where in a request a key may be.

#[cfg(test)]
mod tests;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The text of the key: in `X-API-Key`, in `Authorization: Bearer`, or the password of
/// `Authorization: Basic`, where agents can set nothing but a user and a password in a URL.
pub(super) fn of(headers: &HeaderMap) -> Option<String> {
    if let Some(key) = headers.get("x-api-key") {
        return Some(key.to_str().ok()?.trim().to_owned());
    }
    let (scheme, value) = headers
        .get(AUTHORIZATION)?
        .to_str()
        .ok()?
        .trim()
        .split_once(' ')?;
    let value = value.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(value.to_owned()),
        "basic" => {
            let pair = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
            let (_user, password) = pair.split_once(':')?;
            Some(password.to_owned())
        }
        _ => None,
    }
}
