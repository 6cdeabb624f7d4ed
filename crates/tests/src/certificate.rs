//! A certificate that its own issuer alone vouches for.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{CertifiedKey, generate_simple_self_signed};

/// A certificate of `localhost` and 127.0.0.1, and the files that nginx reads.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate, as a client has to know it.
    pub pem: String,
    /// The file with it.
    pub path: PathBuf,
    /// The file with its key.
    pub key_path: PathBuf,
}

impl Certificate {
    /// Makes one in files that begin with this path.
    pub fn new(path: &Path) -> Self {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).expect("the names are names");
        let (pem, key) = (cert.pem(), signing_key.serialize_pem());
        let (path, key_path) = (path.with_extension("crt"), path.with_extension("key"));
        fs::write(&path, &pem).expect("the certificate can be written");
        fs::write(&key_path, key).expect("the key can be written");
        Self {
            pem,
            path,
            key_path,
        }
    }
}
