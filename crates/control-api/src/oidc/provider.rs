//! What a provider says of itself (OpenID Connect Discovery 1.0), asked now and then.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use runwatch_service::auth::id_token::ProviderKeys;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::oidc::OidcError;
use crate::oidc::address::{Trust, is_safe};
use crate::oidc::fetch::fetch;

/// How long it is taken to be as it said.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// How long it is not asked for its keys again, because of a token whose key is unknown.
const SAME_KEYS_FOR: Duration = Duration::from_secs(30);
/// How long it is taken not to answer: those who waited meanwhile need not ask one after the other.
const AWAY_FOR: Duration = Duration::from_secs(1);
const CONFIGURATION: &str = "/.well-known/openid-configuration";

/// The provider, as it said when it was asked.
pub(crate) struct Provider {
    pub(crate) endpoints: Endpoints,
    pub(crate) keys: ProviderKeys,
}

/// Where a provider is asked for what, and what it can do.
#[derive(Deserialize)]
pub(crate) struct Endpoints {
    issuer: String,
    #[serde(rename = "authorization_endpoint")]
    pub(crate) authorization: String,
    #[serde(rename = "token_endpoint")]
    pub(crate) token: String,
    #[serde(rename = "userinfo_endpoint")]
    pub(crate) user_info: Option<String>,
    #[serde(rename = "jwks_uri")]
    keys: String,
    /// What it signs ID tokens with.
    #[serde(default, rename = "id_token_signing_alg_values_supported")]
    pub(crate) algorithms: Vec<String>,
    #[serde(default, rename = "token_endpoint_auth_methods_supported")]
    client_methods: Option<Vec<String>>,
    /// Whether it says who it is when it sends people back (RFC 9207).
    #[serde(default, rename = "authorization_response_iss_parameter_supported")]
    pub(crate) names_itself: bool,
}

impl Endpoints {
    /// Whether a client may prove itself in this way; if the provider says nothing, by `client_secret_basic`.
    pub(crate) fn takes(&self, method: &str) -> bool {
        match &self.client_methods {
            Some(methods) => methods.iter().any(|known| known == method),
            None => method == "client_secret_basic",
        }
    }

    /// Discovery §4.3, and that nothing secret goes where others can listen.
    fn check(&self, issuer: &str) -> Result<(), OidcError> {
        if self.issuer != issuer {
            return Err(OidcError::Invalid("its configuration is of another issuer"));
        }
        let trust = Trust::of_issuer(issuer);
        let addresses = [&self.authorization, &self.token, &self.keys];
        let mut addresses = addresses.into_iter().chain(&self.user_info);
        if !addresses.all(|address| is_safe(address, trust)) {
            let what = "its configuration names an address that is not safe";
            return Err(OidcError::Invalid(what));
        }
        Ok(())
    }
}

/// Asks the provider, and remembers what it said.
pub(crate) struct Directory {
    http: Client,
    issuer: String,
    /// Of several who want to know, one asks.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    provider: Option<(Instant, Arc<Provider>)>,
    failed: Option<(Instant, OidcError)>,
    /// When a token whose key was unknown made us ask.
    asked_for_keys: Option<Instant>,
}

impl Directory {
    pub(crate) fn new(http: Client, issuer: String) -> Self {
        let known = Mutex::default();
        Self {
            http,
            issuer,
            known,
        }
    }

    /// The provider.
    pub(crate) async fn provider(&self) -> Result<Arc<Provider>, OidcError> {
        let mut known = self.known.lock().await;
        if let Some((at, provider)) = &known.provider
            && at.elapsed() < KNOWN_FOR
        {
            return Ok(Arc::clone(provider));
        }
        if let Some((at, error)) = &known.failed
            && at.elapsed() < AWAY_FOR
        {
            return Err(error.clone());
        }
        self.ask(&mut known).await
    }

    /// The provider with other keys than these, if it may be asked for them.
    pub(crate) async fn with_new_keys(
        &self,
        old: &Arc<Provider>,
    ) -> Result<Arc<Provider>, OidcError> {
        let mut known = self.known.lock().await;
        if let Some((_, provider)) = &known.provider
            && !Arc::ptr_eq(provider, old)
        {
            return Ok(Arc::clone(provider));
        }
        if known
            .asked_for_keys
            .is_some_and(|at| at.elapsed() < SAME_KEYS_FOR)
        {
            return Ok(Arc::clone(old));
        }
        known.asked_for_keys = Some(Instant::now());
        self.ask(&mut known).await
    }

    async fn ask(&self, known: &mut Known) -> Result<Arc<Provider>, OidcError> {
        let asked = self.ask_now().await.map(Arc::new);
        let now = Instant::now();
        match &asked {
            Ok(provider) => {
                known.provider = Some((now, Arc::clone(provider)));
                known.failed = None;
            }
            Err(error) => known.failed = Some((now, error.clone())),
        }
        asked
    }

    async fn ask_now(&self) -> Result<Provider, OidcError> {
        #[derive(Deserialize)]
        struct KeySet {
            keys: Vec<Value>,
        }
        let address = format!("{}{CONFIGURATION}", self.issuer.trim_end_matches('/'));
        let endpoints: Endpoints = fetch(self.http.get(address))
            .await
            .map_err(|error| OidcError::of("configuration", error))?;
        endpoints.check(&self.issuer)?;
        let set: KeySet = fetch(self.http.get(&endpoints.keys))
            .await
            .map_err(|error| OidcError::of("set of keys", error))?;
        let keys = ProviderKeys::new(set.keys);
        Ok(Provider { endpoints, keys })
    }
}
