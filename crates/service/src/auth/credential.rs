//! Where in a request a key may be.

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The headers of a request that may hold a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'h> {
    /// `X-API-Key`.
    pub api_key: Option<&'h [u8]>,
    /// `Authorization`.
    pub authorization: Option<&'h [u8]>,
}

/// The value of a cookie, if it is there exactly once: of two, nobody knows who set which.
pub fn cookie<'h>(headers: impl Iterator<Item = &'h [u8]>, name: &str) -> Option<&'h str> {
    let pairs = headers
        .filter_map(|header| str::from_utf8(header).ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

impl Credentials<'_> {
    /// The text of the key: in `X-API-Key`, in `Authorization: Bearer`, or the password of
    /// `Authorization: Basic`, where agents can set nothing but a user and a password in a URL.
    pub(super) fn key(self) -> Option<String> {
        if let Some(key) = self.api_key {
            return Some(str::from_utf8(key).ok()?.trim().to_owned());
        }
        let header = str::from_utf8(self.authorization?).ok()?;
        let (scheme, value) = header.trim().split_once(' ')?;
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
}
