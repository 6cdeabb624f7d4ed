//! ID tokens: what an OpenID provider says of somebody who signed in there.
//!
//! The checks are those of OpenID Connect Core 1.0 §3.1.3.7, and of RFC 8725 about what may be signed how.

#[cfg(test)]
mod tests;

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use runwatch_core::limits::{ID_TOKEN_BYTES_MAX, OIDC_KEYS_MAX, OIDC_NAME_BYTES_MAX};
use runwatch_core::time::{SECOND_US, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use subtle::ConstantTimeEq as _;

/// Seconds by which the clocks of two machines may differ.
const LEEWAY_SECONDS: u32 = 30;
/// What tokens may be signed with: asymmetric only, so that no public key ever counts as a secret.
const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];

/// The keys that a provider publishes.
#[derive(Clone, Debug)]
pub struct ProviderKeys(Vec<Jwk>);

/// What a token has to say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who issues it, to the letter.
    pub issuer: &'a str,
    /// Whom it is for.
    pub client_id: &'a str,
    /// The word that was given along when the sign-in began.
    pub nonce: &'a str,
    /// What the provider says that it signs with; anything if it says nothing.
    pub algorithms: &'a [String],
    /// The time of day.
    pub now: Timestamp,
}

/// Whom a token is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// What the provider calls them.
    pub subject: String,
    /// How they are reached.
    pub about: About,
}

/// What a provider says of somebody, in a token or when it is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct About {
    /// Their address.
    pub email: Option<String>,
    /// Whether the provider knows that it is theirs; some providers write it as text.
    #[serde(default, deserialize_with = "truth")]
    pub email_verified: Option<bool>,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It is signed with a key that was not published when the keys were read.
    #[error("its key is not one of those that are published")]
    UnknownKey,
    /// It is not one for this sign-in.
    #[error("{0}")]
    Wrong(&'static str),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    azp: Option<String>,
    sub: String,
    nonce: String,
    iat: f64,
    #[serde(flatten)]
    about: About,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl ProviderKeys {
    /// Takes the members of a set of keys (RFC 7517 §5): one that cannot be read does not spoil the others.
    pub fn new(set: Vec<Value>) -> Self {
        let keys = set.into_iter().take(OIDC_KEYS_MAX);
        Self(
            keys.filter_map(|key| serde_json::from_value(key).ok())
                .collect(),
        )
    }

    /// Whom a token is about, if it is one for this sign-in.
    pub fn prove(&self, token: &str, expected: &Expected<'_>) -> Result<Proven, Unproven> {
        if token.len() > ID_TOKEN_BYTES_MAX {
            return Err(Unproven::Wrong("it is too long"));
        }
        let header =
            decode_header(token).map_err(|_unreadable| Unproven::Wrong("it has no header"))?;
        check_header(&header, expected)?;
        let key = self.key(&header)?;
        let claims = decode::<Claims>(token, &key, &validation(header.alg, expected));
        let claims = claims.map_err(|error| Unproven::Wrong(reason(&error)))?;
        check_claims(claims.claims, expected)
    }

    /// The one key that can have signed a token with this header.
    fn key(&self, header: &Header) -> Result<DecodingKey, Unproven> {
        let mut fitting = self.0.iter().filter(|key| fits(key, header));
        let key = fitting.next().ok_or(Unproven::UnknownKey)?;
        if fitting.next().is_some() {
            return Err(Unproven::Wrong("it names none of several keys"));
        }
        DecodingKey::from_jwk(key).map_err(|_bad_key| Unproven::Wrong("its key is none"))
    }
}

fn check_header(header: &Header, expected: &Expected<'_>) -> Result<(), Unproven> {
    let name = KeyAlgorithm::from(header.alg).to_string();
    let announced = expected.algorithms;
    let is_announced = announced.is_empty() || announced.contains(&name);
    if !ALGORITHMS.contains(&header.alg) || !is_announced {
        return Err(Unproven::Wrong("it is signed with another algorithm"));
    }
    // What must be understood is not (RFC 7515 §4.1.11), and the library does not look at it.
    if header.crit.is_some() {
        return Err(Unproven::Wrong("it has critical extensions"));
    }
    Ok(())
}

/// Whether a key can have signed a token: it is for signing, for this algorithm, and of the id that is named.
fn fits(key: &Jwk, header: &Header) -> bool {
    let common = &key.common;
    let is_of_kind = match (&key.algorithm, header.alg) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::PS256) => true,
        (AlgorithmParameters::EllipticCurve(key), Algorithm::ES256) => {
            key.curve == EllipticCurve::P256
        }
        (AlgorithmParameters::OctetKeyPair(key), Algorithm::EdDSA) => {
            key.curve == EllipticCurve::Ed25519
        }
        _ => false,
    };
    let is_for_signing = common
        .public_key_use
        .as_ref()
        .is_none_or(|of| *of == PublicKeyUse::Signature);
    let is_for_algorithm = common
        .key_algorithm
        .is_none_or(|of| of == KeyAlgorithm::from(header.alg));
    let is_named = header.kid.is_none() || common.key_id == header.kid;
    is_of_kind && is_for_signing && is_for_algorithm && is_named
}

fn validation(algorithm: Algorithm, expected: &Expected<'_>) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.validate_nbf = true;
    validation.leeway = u64::from(LEEWAY_SECONDS);
    validation
}

/// What the library does not check.
fn check_claims(claims: Claims, expected: &Expected<'_>) -> Result<Proven, Unproven> {
    let is_for_us_alone = match &claims.aud {
        Audience::One(client) => client == expected.client_id,
        Audience::Many(clients) => clients == &[expected.client_id],
    };
    let is_authorized = match &claims.azp {
        Some(azp) => azp == expected.client_id,
        None => is_for_us_alone,
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 are exact for another 280 million years"
    )]
    let latest = (expected.now.0 / SECOND_US) as f64 + f64::from(LEEWAY_SECONDS);
    let is_subject = (1..=OIDC_NAME_BYTES_MAX).contains(&claims.sub.len())
        && !claims.sub.chars().any(char::is_control);
    // Whatever the nonce is, finding out that it is another takes as long.
    let is_nonce = claims.nonce.as_bytes().ct_eq(expected.nonce.as_bytes());
    for (is_right, what) in [
        (claims.iss == expected.issuer, "it is of another issuer"),
        (is_authorized, "it was issued to another client"),
        (claims.iat <= latest, "it is of the future"),
        (is_subject, "its subject is none"),
        (is_nonce.into(), "it is of another sign-in"),
    ] {
        if !is_right {
            return Err(Unproven::Wrong(what));
        }
    }
    Ok(Proven {
        subject: claims.sub,
        about: claims.about,
    })
}

/// What the library refuses, in words that say nothing of the token.
fn reason(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::ExpiredSignature => "it has expired",
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidIssuer => "it is of another issuer",
        ErrorKind::InvalidAudience => "it is for somebody else",
        ErrorKind::MissingRequiredClaim(_) => "a claim is missing",
        _ => "it cannot be read",
    }
}

/// Whether it is so; what is neither yes nor nothing is no.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    Ok(value.map(|value| match value {
        Value::Bool(is_so) => is_so,
        Value::String(text) => text == "true",
        _ => false,
    }))
}
