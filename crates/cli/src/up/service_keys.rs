//! The keys of the services: made once, kept in the secrets file, and given to those who need them.

use anyhow::{Context, Result};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secrets::{Secrets, random};

const SIGNING: &str = "TOKEN_SIGNING_KEY";
const PUBLIC: &str = "TOKEN_PUBLIC_KEY";
const AUDIT: &str = "AUDIT_KEY";
const PEPPER: &str = "API_KEY_PEPPER";
const SECRETS: &str = "SECRETS_KEY";
const SECRETS_FILE: &str = "SECRETS_KEY_FILE";

/// What services sign, prove and hash with, by the names of the variables that they read.
#[derive(Debug)]
pub(super) struct ServiceKeys {
    signing: String,
    public: String,
    audit: String,
    pepper: String,
    secrets: String,
}

impl ServiceKeys {
    /// Those of this installation.
    pub(super) fn ensure(secrets: &mut Secrets) -> Result<Self> {
        let failed = "failed to keep the keys of the services in the data folder";
        if secrets.get(SIGNING).is_none() {
            let (signing, public) = new_pair()?;
            secrets
                .keep(&[(SIGNING, &signing), (PUBLIC, &public)])
                .context(failed)?;
        }
        for name in [AUDIT, PEPPER, SECRETS] {
            if secrets.get(name).is_none() {
                let key = random::<32>().context("failed to read random bytes")?;
                secrets
                    .keep(&[(name, &STANDARD.encode(key))])
                    .context(failed)?;
            }
        }
        let kept = |name| secrets.get(name).map(str::to_owned).context(failed);
        Ok(Self {
            signing: kept(SIGNING)?,
            public: kept(PUBLIC)?,
            audit: kept(AUDIT)?,
            pepper: kept(PEPPER)?,
            secrets: kept(SECRETS)?,
        })
    }

    /// The variables of a service.
    pub(super) fn of(&self, service: &str) -> Vec<(&'static str, String)> {
        let public = (PUBLIC, self.public.clone());
        let pepper = (PEPPER, self.pepper.clone());
        let secrets = (SECRETS, self.secrets.clone());
        let its_own = match service {
            "ingest-api" => vec![pepper],
            "query-api" => vec![pepper, public],
            "control-api" => vec![
                pepper,
                public,
                (SIGNING, self.signing.clone()),
                (AUDIT, self.audit.clone()),
                secrets,
            ],
            "alert-worker" => vec![secrets],
            _ => Vec::new(),
        };
        // Nobody gets this one from our own environment, which is theirs too.
        let nothing = [SECRETS, SECRETS_FILE].map(|name| (name, String::new()));
        nothing.into_iter().chain(its_own).collect()
    }
}

/// An Ed25519 key pair as PKCS #8, and its public half, both in Base64.
fn new_pair() -> Result<(String, String)> {
    let pair = Ed25519KeyPair::generate().context("failed to make a key")?;
    let private = pair.to_pkcs8v1().context("failed to write a key")?;
    let public = pair.public_key().as_ref();
    Ok((STANDARD.encode(private.as_ref()), STANDARD.encode(public)))
}
