//! The keys of `SECRETS_KEY`, under which the data keys of projects are wrapped.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::envelope::{self, Nonce};
use super::{DataKey, SecretError};
use crate::ids::{BadId, ProjectId};
use crate::limits::SECRETS_KEYS_MAX;
use crate::token;

/// Tells data keys apart from secrets in what is authenticated.
const LABEL: &[u8] = b"data key";
/// What a key is asked to make its id of.
const ID_LABEL: &[u8] = b"runwatch: id of a key-encryption key";

/// The id of a key-encryption key, 16 hex digits: the first 64 bits of an HMAC-SHA-256 under the key, so that it
/// needs no list, and tells nothing of the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KekId(u64);

/// Key-encryption keys: the first wraps, all of them unwrap. So one key can be exchanged for another while
/// both are in use.
#[derive(Clone)]
pub struct KeyRing(Arc<[Kek]>);

struct Kek {
    id: KekId,
    key: Zeroizing<[u8; 32]>,
}

/// A data key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// What it is wrapped under.
    pub kek: KekId,
    /// Itself, sealed.
    pub sealed: Vec<u8>,
}

/// Text that is no list of keys. The number is that of the wrong one, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKeyRing {
    /// There is none in it.
    #[error(
        "it must be a key as `runwatch secrets generate-key` prints it, or several separated by commas"
    )]
    Empty,
    /// One is not 32 bytes in Base64.
    #[error(
        "key {0} of it is not 32 random bytes in Base64, as `runwatch secrets generate-key` prints them"
    )]
    NotAKey(usize),
    /// One is there before.
    #[error("key {0} of it is there twice")]
    Twice(usize),
    /// There are more than [`SECRETS_KEYS_MAX`].
    #[error("there are more than {SECRETS_KEYS_MAX} keys in it")]
    TooMany,
}

impl KeyRing {
    /// The id of the key that wraps.
    pub fn first(&self) -> KekId {
        self.0[0].id
    }

    /// The ids of all keys, that of the one that wraps first.
    pub fn ids(&self) -> impl Iterator<Item = KekId> {
        self.0.iter().map(|kek| kek.id)
    }

    /// Wraps the data key of a project under the first key.
    pub fn wrap(&self, key: &DataKey, project: ProjectId, nonce: Nonce) -> WrappedKey {
        let kek = &self.0[0];
        WrappedKey {
            kek: kek.id,
            sealed: envelope::seal(&kek.key, &fields(project), key.0.as_slice(), nonce),
        }
    }

    /// Unwraps the data key of a project with the key that it was wrapped under.
    pub fn unwrap_key(
        &self,
        wrapped: &WrappedKey,
        project: ProjectId,
    ) -> Result<DataKey, SecretError> {
        let kek = self.0.iter().find(|kek| kek.id == wrapped.kek);
        let kek = kek.ok_or(SecretError::MissingKey(wrapped.kek))?;
        let opened = envelope::open(&kek.key, &fields(project), &wrapped.sealed)?;
        let key = <[u8; 32]>::try_from(opened.as_slice());
        let key = key.map_err(|_of_another_length| SecretError::NotAuthentic)?;
        Ok(DataKey(Zeroizing::new(key)))
    }
}

/// What is authenticated beside a data key.
fn fields(project: ProjectId) -> Vec<u8> {
    envelope::fields(&[LABEL, project.0.as_bytes()])
}

impl Kek {
    fn new(key: [u8; 32]) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length will do");
        mac.update(ID_LABEL);
        let mac = mac.finalize().into_bytes();
        let (id, _) = mac.split_first_chunk().expect("it has 32 bytes");
        Self {
            id: KekId(u64::from_be_bytes(*id)),
            key: Zeroizing::new(key),
        }
    }
}

impl FromStr for KeyRing {
    type Err = NotAKeyRing;

    /// Reads keys in Base64, separated by commas or line breaks.
    fn from_str(text: &str) -> Result<Self, NotAKeyRing> {
        let texts = text.split([',', '\n']).map(str::trim);
        let mut keys: Vec<Kek> = Vec::new();
        for (text, number) in texts.filter(|text| !text.is_empty()).zip(1..) {
            let key = token::key(text).ok_or(NotAKeyRing::NotAKey(number))?;
            let kek = Kek::new(key);
            if keys.iter().any(|other| other.id == kek.id) {
                return Err(NotAKeyRing::Twice(number));
            }
            keys.push(kek);
        }
        match keys.len() {
            0 => Err(NotAKeyRing::Empty),
            1..=SECRETS_KEYS_MAX => Ok(Self(keys.into())),
            _ => Err(NotAKeyRing::TooMany),
        }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.ids()).finish()
    }
}

impl fmt::Display for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for KekId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KekId({self})")
    }
}

impl FromStr for KekId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let number = u64::from_str_radix(text, 16).map_err(|_not_hex| BadId)?;
        let id = Self(number);
        (id.to_string() == text).then_some(id).ok_or(BadId)
    }
}
