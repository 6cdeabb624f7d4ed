//! Secrets at rest, sealed so that whoever copies the database learns none of them, and whoever changes it
//! passes off none as another.
//!
//! Envelope encryption: a key-encryption key (KEK), which is never in the database ([`KeyRing`]), wraps one
//! data key per project ([`DataKey`]), and that seals the project's secrets. Both by an AEAD (`envelope`), which
//! also proves where a text belongs: moved to another project, row or version it does not open.
//!
//! Random bytes come from the caller, since getting them is I/O.

mod envelope;
mod key_ring;
#[cfg(test)]
mod tests;

use std::fmt;

use zeroize::Zeroizing;

use crate::ids::{ProjectId, SecretId};
use crate::limits::SECRET_BYTES_MAX;

pub use self::envelope::Nonce;
pub use self::key_ring::{KekId, KeyRing, NotAKeyRing, WrappedKey};

/// Tells secrets apart from data keys in what is authenticated.
const LABEL: &[u8] = b"secret";

/// A secret in the clear. It hides itself in `Debug`, and is overwritten when it is dropped.
pub struct Plaintext(Zeroizing<Vec<u8>>);

/// The key that seals the secrets of one project.
pub struct DataKey(Zeroizing<[u8; 32]>);

/// Where a secret belongs: sealed for it, it opens nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// What it is for, such as `channel`.
    pub purpose: &'a str,
    /// Whose it is.
    pub project: ProjectId,
    /// Which one.
    pub secret: SecretId,
    /// 1 at first, and one more each time that it is replaced.
    pub version: i64,
}

/// Why something sealed does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The key that it is wrapped under is not in the ring.
    #[error("the key {0} is missing in SECRETS_KEY: put it back there, behind the first")]
    MissingKey(KekId),
    /// It is not what was sealed for this place under this key.
    #[error("it does not open: it was changed, or moved here from elsewhere")]
    NotAuthentic,
    /// Its first byte is of no format that this version knows.
    #[error("it is of format {0}, which a newer version wrote: use that one")]
    UnknownFormat(u8),
}

/// A secret of more than [`SECRET_BYTES_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret has {SECRET_BYTES_MAX} bytes at most")]
pub struct TooLong;

impl Plaintext {
    /// Takes a secret of at most [`SECRET_BYTES_MAX`] bytes into hiding.
    pub fn new(bytes: Vec<u8>) -> Result<Self, TooLong> {
        let bytes = Zeroizing::new(bytes);
        match bytes.len() {
            ..=SECRET_BYTES_MAX => Ok(Self(bytes)),
            _ => Err(TooLong),
        }
    }

    /// The secret.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl DataKey {
    /// Makes one of random bytes, which must come from the operating system.
    pub fn from_random<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut key = Zeroizing::new([0; 32]);
        fill(key.as_mut_slice())?;
        Ok(Self(key))
    }

    /// Seals a secret for its place.
    pub fn seal(&self, place: &Place<'_>, text: &Plaintext, nonce: Nonce) -> Vec<u8> {
        envelope::seal(&self.0, &place.fields(), text.expose(), nonce)
    }

    /// Opens what [`Self::seal`] made for the same place.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Plaintext, SecretError> {
        envelope::open(&self.0, &place.fields(), sealed).map(Plaintext)
    }
}

impl Place<'_> {
    /// What is authenticated beside the secret.
    fn fields(&self) -> Vec<u8> {
        envelope::fields(&[
            LABEL,
            self.purpose.as_bytes(),
            self.project.0.as_bytes(),
            self.secret.0.as_bytes(),
            &self.version.to_le_bytes(),
        ])
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(..)")
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}
