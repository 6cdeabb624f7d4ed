//! Certificates: one that its own issuer alone vouches for, and those of an authority.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CertifiedKey, DnType, IsCa, KeyPair,
    date_time_ymd, generate_simple_self_signed,
};

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

/// Somebody who vouches for names.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The file by which it is known.
    pub path: PathBuf,
}

impl Authority {
    /// Makes one, known by this file.
    pub fn new(path: &Path) -> Self {
        let mut params = CertificateParams::default();
        // Two of them must not be taken for each other.
        let name = path.display().to_string();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("it signs for itself");
        fs::write(path, issuer.pem()).expect("the certificate can be written");
        let path = path.to_owned();
        Self { issuer, path }
    }

    /// A certificate of a name, and its key, as PEM.
    pub fn issue(&self, name: &str) -> (String, String) {
        self.sign(&CertificateParams::new([name.to_owned()]).expect("the name is a name"))
    }

    /// One whose time is over.
    pub fn issue_expired(&self, name: &str) -> (String, String) {
        let params = CertificateParams::new([name.to_owned()]);
        let mut params = params.expect("the name is a name");
        params.not_after = date_time_ymd(2020, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> (String, String) {
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.signed_by(&key, &self.issuer);
        let certificate = certificate.expect("the authority signs it");
        (certificate.pem(), key.serialize_pem())
    }
}
