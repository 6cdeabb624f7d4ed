//! Signed tokens: who signed in, for a quarter of an hour.
//!
//! A token is a JWT (RFC 7519) signed with Ed25519 (RFC 8037). It says who, and under which sign-in; what
//! they may do is asked of the database, which also knows whether the sign-in has ended.

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use runwatch_core::ids::{SignInId, UserId};
use runwatch_core::limits::TOKEN_MINUTES;
use runwatch_core::time::{SECOND_US, Timestamp};
use serde::{Deserialize, Serialize};

use crate::env::Env;

/// Who issues tokens and whom they are for.
const ISSUER: &str = "runwatch";
const AUDIENCE: &str = "runwatch";
/// What tokens say that they are (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";
/// Seconds by which the clocks of two machines may differ.
const LEEWAY_SECONDS: u64 = 30;
/// Bytes of a token, above which it is not looked at.
const TOKEN_BYTES_MAX: usize = 1_024;

/// What a token says. All of it is required.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    /// The sign-in.
    sid: SignInId,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Signs tokens. Only control-api has the key.
#[derive(Clone)]
pub struct TokenSigner(EncodingKey);

/// Proves tokens.
#[derive(Clone)]
pub struct TokenVerifier {
    key: DecodingKey,
    validation: Validation,
}

/// A key of another kind, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be an Ed25519 key in Base64, as .env.example says")]
pub struct NotAKey;

impl TokenSigner {
    /// `TOKEN_SIGNING_KEY`, required: an Ed25519 key pair as PKCS #8 in Base64.
    pub fn from_env(env: &mut Env) -> Option<Self> {
        env.required_checked("TOKEN_SIGNING_KEY", |text| {
            Self::new(text).map_err(|error| error.to_string())
        })
    }

    /// Takes a key pair as PKCS #8 in Base64.
    pub fn new(key: &str) -> Result<Self, NotAKey> {
        let der = STANDARD.decode(key).map_err(|_not_base64| NotAKey)?;
        let signer = Self(EncodingKey::from_ed_der(&der));
        // The key is read when it is first used.
        let nobody = SignInId(uuid::Uuid::nil());
        let signed = signer.sign(UserId(nobody.0), nobody, Timestamp(0));
        signed.map(|_| signer)
    }

    /// Whether the verifier proves what this signs: whether the two keys are of one pair.
    pub fn is_proven_by(&self, verifier: &TokenVerifier, now: Timestamp) -> bool {
        let nobody = SignInId(uuid::Uuid::nil());
        let signed = self.sign(UserId(nobody.0), nobody, now);
        signed.is_ok_and(|token| verifier.prove(&token).is_some())
    }

    /// A token for a sign-in, from now on.
    pub fn sign(&self, user: UserId, sign_in: SignInId, now: Timestamp) -> Result<String, NotAKey> {
        let now = now.0.div_euclid(SECOND_US);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: sign_in,
            iat: now,
            nbf: now,
            exp: now + TOKEN_MINUTES * 60,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        encode(&header, &claims, &self.0).map_err(|_bad_key| NotAKey)
    }
}

impl TokenVerifier {
    /// `TOKEN_PUBLIC_KEY`: the public half of the key that tokens are signed with, 32 bytes in Base64.
    pub fn from_env(env: &mut Env) -> Option<Self> {
        env.required_checked("TOKEN_PUBLIC_KEY", |text| {
            Self::new(text).map_err(|error| error.to_string())
        })
    }

    /// Takes the public half of a key, 32 bytes in Base64.
    pub fn new(key: &str) -> Result<Self, NotAKey> {
        let bytes = STANDARD.decode(key).map_err(|_not_base64| NotAKey)?;
        if bytes.len() != 32 {
            return Err(NotAKey);
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "nbf", "exp"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        let key = DecodingKey::from_ed_der(&bytes);
        Ok(Self { key, validation })
    }

    /// Whose token this is; none if it is not one of ours, or not of this time.
    pub fn prove(&self, token: &str) -> Option<(UserId, SignInId)> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let proven = decode::<Claims>(token, &self.key, &self.validation).ok()?;
        let is_ours = proven.header.typ.as_deref() == Some(TYPE);
        let claims = proven.claims;
        is_ours.then_some((claims.sub, claims.sid))
    }
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenSigner(..)")
    }
}

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenVerifier(..)")
    }
}
