//! Signing in elsewhere: OpenID Connect with one provider, by the authorization code and PKCE.
//!
//! What the provider says is proven by `runwatch_service::auth::id_token`; this module asks for it. Nothing
//! here touches the database, and nothing of what is sent or comes back gets into the log.

mod address;
mod attempt;
mod fetch;
mod provider;
mod settings;

pub(crate) use attempt::Attempt;
pub use settings::OidcSettings;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::AUTHORIZATION;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use runwatch_core::time::Timestamp;
use runwatch_service::auth::id_token::{About, Expected, Proven, Unproven};
use runwatch_service::env::Secret;
use serde::Deserialize;
use tokio::time::timeout;

use crate::oidc::address::Trust;
use crate::oidc::fetch::{FetchError, fetch};
use crate::oidc::provider::{Directory, Provider};

/// How long a connection to the provider may take to open.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// How long one answer of it may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long all that it is asked for one request of ours may take.
const LIMIT: Duration = Duration::from_secs(15);
/// What we want to know: who, and their address.
const SCOPE: &str = "openid email";

/// Why the provider vouches for nobody.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum OidcError {
    /// It cannot be asked now.
    #[error("the provider's {0} is not available")]
    Unavailable(&'static str, #[source] FetchError),
    /// All of it took too long.
    #[error("the provider takes too long")]
    TooSlow,
    /// It answers what it must not.
    #[error("the provider's {0} cannot be used")]
    Unusable(&'static str, #[source] FetchError),
    /// It says what cannot be.
    #[error("the provider is not the one that it should be: {0}")]
    Invalid(&'static str),
    /// The code was used, is too old, or never was.
    #[error("the provider refuses the code")]
    CodeRefused,
    /// The ID token is not one for this sign-in.
    #[error("the ID token is refused")]
    Token(#[source] Unproven),
}

impl OidcError {
    /// What came of asking this part of the provider.
    fn of(part: &'static str, error: FetchError) -> Self {
        if error.is_passing() {
            Self::Unavailable(part, error)
        } else {
            Self::Unusable(part, error)
        }
    }
}

/// The provider at which people sign in.
pub(crate) struct Oidc {
    settings: OidcSettings,
    http: Client,
    directory: Directory,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    about: About,
}

impl Oidc {
    /// Gets ready to ask; nobody is asked yet.
    pub(crate) fn new(settings: OidcSettings) -> io::Result<Self> {
        let mut http = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(ANSWER_LIMIT)
            .redirect(Policy::none())
            // Each worker has a runtime of its own: a connection of one is none for another.
            .pool_max_idle_per_host(0);
        http = match Trust::of_issuer(&settings.issuer) {
            Trust::Tls => http.https_only(true),
            Trust::Loopback => http.no_proxy(),
        };
        let http = http.build().map_err(|error| {
            let what = "OIDC_ISSUER cannot be asked, because the system knows no certificate authorities: \
                install ca-certificates";
            io::Error::other(format!("{what} ({error})"))
        })?;
        let directory = Directory::new(http.clone(), settings.issuer.clone());
        Ok(Self {
            settings,
            http,
            directory,
        })
    }

    /// What is known of the provider from the start.
    pub(crate) fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    /// Where the browser is sent to sign in.
    pub(crate) async fn authorization_url(&self, attempt: &Attempt) -> Result<String, OidcError> {
        let provider = within_limit(self.directory.provider()).await?;
        let address = &provider.endpoints.authorization;
        let mut url = Url::parse(address).map_err(|_not_one| {
            OidcError::Invalid("its configuration names an address that is not one")
        })?;
        // A query that is there is kept (RFC 6749 §3.1).
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("scope", SCOPE)
            .append_pair("state", &attempt.state())
            .append_pair("nonce", &attempt.nonce())
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Checks who has sent somebody back, whatever they bring (RFC 9207 §2.4).
    pub(crate) async fn check_issuer(&self, named: Option<&str>) -> Result<(), OidcError> {
        let is_ours = match named {
            Some(issuer) => issuer == self.settings.issuer,
            None => {
                let provider = within_limit(self.directory.provider()).await?;
                !provider.endpoints.names_itself
            }
        };
        let wrong = OidcError::Invalid("another one has sent somebody back");
        is_ours.then_some(()).ok_or(wrong)
    }

    /// Who has signed in, by the code that they bring. Whether it is their attempt has been checked.
    pub(crate) async fn identify(
        &self,
        attempt: &Attempt,
        code: &str,
        now: Timestamp,
    ) -> Result<Proven, OidcError> {
        within_limit(async {
            let provider = self.directory.provider().await?;
            let tokens = self.tokens(&provider, attempt, code).await?;
            let mut proven = self.prove(&provider, attempt, &tokens, now).await?;
            if proven.about.email.is_none() {
                self.ask_about(&provider, &tokens, &mut proven).await?;
            }
            Ok(proven)
        })
        .await
    }

    /// Gives the code for tokens (OpenID Connect Core 1.0 §3.1.3).
    async fn tokens(
        &self,
        provider: &Provider,
        attempt: &Attempt,
        code: &str,
    ) -> Result<Tokens, OidcError> {
        let verifier = attempt.verifier();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.settings.redirect_uri),
            ("code_verifier", &verifier),
        ];
        let request = self.http.post(&provider.endpoints.token);
        let request = self.with_client(request, provider, &mut form);
        fetch(request.form(&form)).await.map_err(|error| {
            if error.is_of_code() {
                return OidcError::CodeRefused;
            }
            OidcError::of("token endpoint", error)
        })
    }

    /// Says who we are in the way that the provider takes (Core §9).
    fn with_client<'a>(
        &'a self,
        request: RequestBuilder,
        provider: &Provider,
        form: &mut Vec<(&'static str, &'a str)>,
    ) -> RequestBuilder {
        let id = self.settings.client_id.as_str();
        let secret = self.settings.client_secret.as_ref().map(Secret::expose);
        match secret {
            Some(secret) if provider.endpoints.takes("client_secret_basic") => {
                return request.header(AUTHORIZATION, basic(id, secret));
            }
            Some(secret) => form.extend([("client_id", id), ("client_secret", secret)]),
            None => form.push(("client_id", id)),
        }
        request
    }

    /// Proves the ID token; with new keys if its key is none of those that are known.
    async fn prove(
        &self,
        provider: &Arc<Provider>,
        attempt: &Attempt,
        tokens: &Tokens,
        now: Timestamp,
    ) -> Result<Proven, OidcError> {
        let nonce = attempt.nonce();
        let prove = |provider: &Provider| {
            let expected = Expected {
                issuer: &self.settings.issuer,
                client_id: &self.settings.client_id,
                nonce: &nonce,
                algorithms: &provider.endpoints.algorithms,
                now,
            };
            provider.keys.prove(&tokens.id_token, &expected)
        };
        let mut proven = prove(provider);
        if proven == Err(Unproven::UnknownKey) {
            proven = prove(&*self.directory.with_new_keys(provider).await?);
        }
        proven.map_err(OidcError::Token)
    }

    /// Asks for the address of somebody whose token does not have it.
    async fn ask_about(
        &self,
        provider: &Provider,
        tokens: &Tokens,
        proven: &mut Proven,
    ) -> Result<(), OidcError> {
        let (Some(address), Some(token)) = (&provider.endpoints.user_info, &tokens.access_token)
        else {
            return Ok(());
        };
        let request = self.http.get(address).bearer_auth(token);
        let info: UserInfo = fetch(request)
            .await
            .map_err(|error| OidcError::of("UserInfo endpoint", error))?;
        // Else it may be about somebody else (Core §5.3.2).
        if info.sub != proven.subject {
            return Err(OidcError::Invalid("it speaks of somebody else"));
        }
        proven.about = info.about;
        Ok(())
    }
}

async fn within_limit<T>(work: impl Future<Output = Result<T, OidcError>>) -> Result<T, OidcError> {
    timeout(LIMIT, work)
        .await
        .unwrap_or(Err(OidcError::TooSlow))
}

/// Both are form-encoded first (RFC 6749 §2.3.1), which HTTP's own scheme does not do.
fn basic(id: &str, secret: &str) -> String {
    let encoded =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = format!("{}:{}", encoded(id), encoded(secret));
    format!("Basic {}", STANDARD.encode(pair))
}
