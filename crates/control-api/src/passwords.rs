//! Passwords: hashed by Argon2id with what OWASP's cheat sheet on password storage asks for (19 MiB, two
//! passes, one lane), a few at a time, because each takes that much memory.

use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::task::spawn_blocking;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use runwatch_core::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PASSWORDS_HASHED_AT_ONCE_MAX};
use runwatch_service::problem::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long somebody waits for their turn.
const TURN_LIMIT: Duration = Duration::from_secs(3);
/// The hash of a password that nobody has: so that it takes as long to refuse an unknown account.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$cnVud2F0Y2gtbm9ib2R5$MXiZsIQbiKbUwWMpVWTiPL12OL1hLsAkY5CbxTAdFb8";

/// Hashes and compares passwords.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(PASSWORDS_HASHED_AT_ONCE_MAX)),
        }
    }

    /// The hash of a new password, in PHC form.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Problem> {
        check(&password)?;
        let turn = self.turn().await?;
        let hashed = spawn_blocking(move || {
            let _turn = turn;
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string())
        });
        let hashed = hashed.await.map_err(|error| Problem::internal(&error))?;
        hashed.map_err(|error| Problem::internal(&error))
    }

    /// Whether the password has this hash; without a hash it has not, which takes as long.
    pub(crate) async fn is_right(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, Problem> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Ok(false);
        }
        let turn = self.turn().await?;
        let compared = spawn_blocking(move || {
            let _turn = turn;
            let text = hash.as_deref().unwrap_or(NOBODYS);
            let parsed = PasswordHash::new(text)?;
            let is_it = Argon2::default().verify_password(password.as_bytes(), &parsed);
            Ok::<_, argon2::password_hash::phc::Error>(is_it.is_ok() && hash.is_some())
        });
        let compared = compared.await.map_err(|error| Problem::internal(&error))?;
        compared.map_err(|error| Problem::internal(&error))
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = timeout(TURN_LIMIT, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_too_many| Problem::unavailable())?;
        Ok(turn.expect("the semaphore is never closed"))
    }
}

fn check(password: &str) -> Result<(), Problem> {
    let chars = password.chars().count();
    let detail = if chars < PASSWORD_CHARS_MIN {
        format!("A password has {PASSWORD_CHARS_MIN} characters at least; a few words will do.")
    } else if password.len() > PASSWORD_BYTES_MAX {
        format!("A password has {PASSWORD_BYTES_MAX} bytes at most.")
    } else {
        return Ok(());
    };
    Err(Problem::invalid_parameter("password", detail))
}
