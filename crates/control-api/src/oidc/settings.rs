//! What control-api is told about the provider.

use reqwest::Url;
use runwatch_core::limits::{NAME_BYTES_MAX, OIDC_NAME_BYTES_MAX};
use runwatch_service::env::{Env, Secret};

use crate::oidc::address::{Trust, is_safe};

/// Where the provider sends people back to.
const CALLBACK: &str = "/v1/auth/oidc/callback";
const NAME: &str = "Single sign-on";

/// The provider at which people sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcSettings {
    /// `OIDC_ISSUER`: the provider's address, as its tokens name it.
    pub issuer: String,
    /// `OIDC_CLIENT_ID`, required with it: how the provider knows us.
    pub client_id: String,
    /// `OIDC_CLIENT_SECRET`: our password there; none for a public client.
    pub client_secret: Option<Secret>,
    /// `OIDC_REDIRECT_URI`, required with it: where people come back to, as the provider has it.
    pub redirect_uri: String,
    /// `OIDC_NAME`: what stands on the button.
    pub name: String,
    /// `OIDC_TRUST_EMAIL`: whether an address is taken of which the provider does not say that it is verified.
    pub trusts_email: bool,
}

impl OidcSettings {
    /// Reads them; none if there is no provider.
    pub fn from_env(env: &mut Env) -> Option<Self> {
        // One that is wrong is there nevertheless.
        let mut is_on = false;
        let issuer = env.checked("OIDC_ISSUER", None, |text| {
            is_on = true;
            issuer(text).map(Some)
        });
        let client_id = text_of(env, is_on, "OIDC_CLIENT_ID", any);
        let client_secret = env.checked("OIDC_CLIENT_SECRET", None, |text| match is_on {
            true => Ok(Some(Secret::new(text))),
            false => Err(ALONE.to_owned()),
        });
        let redirect_uri = text_of(env, is_on, "OIDC_REDIRECT_URI", redirect_uri);
        let name = env.checked("OIDC_NAME", NAME.to_owned(), name);
        let trusts_email = env.flag("OIDC_TRUST_EMAIL");
        Some(Self {
            issuer: issuer?,
            client_id,
            client_secret,
            redirect_uri,
            name,
            trusts_email,
        })
    }
}

const ALONE: &str = "it needs OIDC_ISSUER beside it";

/// A variable that has to be set beside the provider, and only there.
fn text_of(
    env: &mut Env,
    is_on: bool,
    name: &str,
    read: impl FnOnce(&str) -> Result<String, String>,
) -> String {
    if is_on {
        return env.required_checked(name, read).unwrap_or_default();
    }
    env.checked(name, String::new(), |_| Err(ALONE.to_owned()))
}

fn any(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// An address as OpenID Connect Discovery 1.0 §4 has it.
fn issuer(text: &str) -> Result<String, String> {
    if text.len() <= OIDC_NAME_BYTES_MAX && is_plain(text) {
        return Ok(text.to_owned());
    }
    Err("it must be the provider's address, such as https://login.example.com".to_owned())
}

fn redirect_uri(text: &str) -> Result<String, String> {
    if is_plain(text) && text.ends_with(CALLBACK) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "it must be such as https://runwatch.example.com{CALLBACK}"
    ))
}

/// Whether it is a safe address with nothing behind its path.
fn is_plain(text: &str) -> bool {
    let has_no_query = |url: &Url| url.query().is_none() && url.fragment().is_none();
    is_safe(text, Trust::Loopback) && Url::parse(text).is_ok_and(|url| has_no_query(&url))
}

fn name(text: &str) -> Result<String, String> {
    let is_name = text.len() <= NAME_BYTES_MAX && !text.chars().any(char::is_control);
    let name = text.trim();
    if is_name && !name.is_empty() {
        return Ok(name.to_owned());
    }
    Err(format!(
        "it must be 1 to {NAME_BYTES_MAX} bytes on one line"
    ))
}
