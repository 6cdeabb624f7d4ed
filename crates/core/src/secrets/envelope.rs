//! How something is sealed: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), whose nonces of 192 bits may be
//! random however many there are, and which takes constant time without help of the processor.
//!
//! A sealed text is one byte of format (1), 24 of the nonce, the ciphertext, and 16 of the tag. Its length
//! tells that of the text.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::SecretError;

/// The format that is written, and so far the only one.
const FORMAT: u8 = 1;
const NONCE_LEN: usize = 24;

/// A number that is used once: random bytes. It is consumed when it is.
#[derive(Debug)]
pub struct Nonce([u8; NONCE_LEN]);

impl Nonce {
    /// Makes one of random bytes, which must come from the operating system.
    pub fn from_random<E>(fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce)?;
        Ok(Self(nonce))
    }
}

/// Fields as bytes from which each can be told: two lists that differ give different bytes.
pub(super) fn fields(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    for field in fields {
        bytes.extend_from_slice(&(field.len() as u64).to_le_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

/// Seals a text together with fields that are not in it, but have to be the same when it is opened.
pub(super) fn seal(key: &[u8; 32], fields: &[u8], text: &[u8], nonce: Nonce) -> Vec<u8> {
    let payload = Payload {
        msg: text,
        aad: fields,
    };
    let cipher = XChaCha20Poly1305::new(key.into());
    let ciphertext = cipher.encrypt(&nonce.0.into(), payload);
    let ciphertext = ciphertext.expect("only texts of more than 256 GiB are refused");
    [&[FORMAT], nonce.0.as_slice(), &ciphertext].concat()
}

/// Opens what [`seal`] made of the same key and fields.
pub(super) fn open(
    key: &[u8; 32],
    fields: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let (&format, rest) = sealed.split_first().ok_or(SecretError::NotAuthentic)?;
    if format != FORMAT {
        return Err(SecretError::UnknownFormat(format));
    }
    let (nonce, ciphertext) = rest
        .split_first_chunk::<NONCE_LEN>()
        .ok_or(SecretError::NotAuthentic)?;
    let payload = Payload {
        msg: ciphertext,
        aad: fields,
    };
    let cipher = XChaCha20Poly1305::new(key.into());
    let text = cipher.decrypt(nonce.into(), payload);
    let text = text.map_err(|_wrong_tag| SecretError::NotAuthentic)?;
    Ok(Zeroizing::new(text))
}
