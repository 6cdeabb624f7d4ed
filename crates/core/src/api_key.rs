//! API keys: their text, what they may do, and the hash by which they are known.
//!
//! A key reads `rw_<environment>_<id>_<secret><check>`: lower-case letters, the key's id in 32 hex
//! digits, 256 random bits in 43 characters of URL-safe base64, and 6 hex digits that tell a
//! mistyped key from a wrong one without asking anybody.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use crate::ids::KeyId;

/// What secret scanners find our keys by.
const PREFIX: &str = "rw_";
/// The environment that new keys name.
const ENVIRONMENT: &str = "live";
/// Hex digits of a key's id.
const ID_LEN: usize = 32;
/// Characters of 32 bytes in base64 without padding.
const SECRET_LEN: usize = 43;
/// Hex digits of the check: the last 24 bits of the CRC-32.
const CHECK_LEN: usize = 6;
/// Bytes of a key's text, above which it is not even looked at.
const TEXT_LEN_MAX: usize = 128;

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Sending telemetry.
    Ingest,
    /// Reading everything of the project.
    Read,
    /// Changing alert rules, channels and silences.
    Alerts,
    /// Administration of the project.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Read, Self::Alerts, Self::Admin];

    /// The name in the API and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Alerts => "alerts",
            Self::Admin => "admin",
        }
    }

    /// The scope with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A key in full, as only its owner has it. It has no `Display` and hides its secret in `Debug`, so
/// that it gets into no log by accident.
#[derive(Clone)]
pub struct ApiKey {
    id: KeyId,
    environment: String,
    secret: String,
}

/// What the secrets of keys are hashed under. It is not in the database, so that who can write to a copy
/// of that, or to the database itself, still cannot make a key that works.
#[derive(Clone)]
pub struct Pepper(Hmac<Sha256>);

impl Pepper {
    /// Takes 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Hmac::new_from_slice(&bytes).expect("a key of any length will do"))
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(..)")
    }
}

/// Text that is no API key: mistyped, cut off, or something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an API key")]
pub struct NotAnApiKey;

impl ApiKey {
    /// Makes a key of an id and 32 random bytes, which must come from the operating system.
    pub fn from_random(id: KeyId, random: [u8; 32]) -> Self {
        Self {
            id,
            environment: ENVIRONMENT.to_owned(),
            secret: URL_SAFE_NO_PAD.encode(random),
        }
    }

    /// The public half, which may be logged.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The whole text, to be shown to its owner once.
    pub fn to_text(&self) -> String {
        let unchecked = format!(
            "{PREFIX}{}_{}_{}",
            self.environment,
            self.id.0.simple(),
            self.secret
        );
        let check = check(&unchecked);
        unchecked + &check
    }

    /// HMAC-SHA-256 (RFC 2104) of the secret half: 256 random bits need no slow hash.
    pub fn secret_hash(&self, pepper: &Pepper) -> [u8; 32] {
        let mut mac = pepper.0.clone();
        mac.update(self.secret.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Whether the secret half has this hash, compared in constant time.
    pub fn has_hash(&self, pepper: &Pepper, hash: &[u8; 32]) -> bool {
        self.secret_hash(pepper).ct_eq(hash).into()
    }
}

impl FromStr for ApiKey {
    type Err = NotAnApiKey;

    /// Reads a key's text, and checks that no character of it was mistyped.
    fn from_str(text: &str) -> Result<Self, NotAnApiKey> {
        if text.len() > TEXT_LEN_MAX {
            return Err(NotAnApiKey);
        }
        let unchecked_len = text.len().checked_sub(CHECK_LEN).ok_or(NotAnApiKey)?;
        let (unchecked, given) = text.split_at_checked(unchecked_len).ok_or(NotAnApiKey)?;
        if check(unchecked) != given {
            return Err(NotAnApiKey);
        }
        let rest = unchecked.strip_prefix(PREFIX).ok_or(NotAnApiKey)?;
        let (environment, rest) = rest.split_once('_').ok_or(NotAnApiKey)?;
        let (id, secret) = rest.split_at_checked(ID_LEN).ok_or(NotAnApiKey)?;
        let secret = secret.strip_prefix('_').ok_or(NotAnApiKey)?;
        let is_lower = |byte: u8| byte.is_ascii_lowercase();
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if environment.is_empty()
            || !environment.bytes().all(is_lower)
            || secret.len() != SECRET_LEN
            || !secret.bytes().all(is_base64)
        {
            return Err(NotAnApiKey);
        }
        let id = Uuid::try_parse(id).map_err(|_not_hex| NotAnApiKey)?;
        Ok(Self {
            id: KeyId(id),
            environment: environment.to_owned(),
            secret: secret.to_owned(),
        })
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, ..)", self.id)
    }
}

fn check(text: &str) -> String {
    format!("{:06x}", crc32(text.as_bytes()) & 0x00ff_ffff)
}

/// The CRC-32 of IEEE 802.3, bit by bit: keys are short.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _bit| {
        if crc & 1 == 1 {
            (crc >> 1) ^ 0xedb8_8320
        } else {
            crc >> 1
        }
    };
    let sum = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), step)
    });
    !sum
}
