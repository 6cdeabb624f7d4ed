//! People who are signed in: proven by a signed token in a cookie, and looked up once in five seconds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use runwatch_core::ids::{ProjectId, SignInId};
use runwatch_store::error::Result as StoreResult;
use runwatch_store::pool::Pool;
use runwatch_store::sign_ins::{self, Person};
use tokio::time::Instant;

use crate::auth::cache::LookupFailed;
use crate::auth::recent::Recent;
use crate::auth::token::TokenVerifier;

/// The cookie with the token. The prefix makes browsers take it from this host only, over TLS only
/// (RFC 6265bis §4.1.3.2); they take localhost for secure.
pub const TOKEN_COOKIE: &str = "__Host-runwatch";
/// How long somebody is taken to be signed in, and to be what they are, without asking again.
const VALID_FOR: Duration = Duration::from_secs(5);
/// People, each in a project, that are remembered.
const PEOPLE_MAX: usize = 10_000;

type Key = (SignInId, Option<ProjectId>);

/// Finds people.
pub struct People {
    verifier: TokenVerifier,
    pool: Pool,
    known: Mutex<Recent<Key, Option<Person>>>,
}

impl People {
    /// People whose tokens are proven by this key, and whom the database knows.
    pub fn of(verifier: TokenVerifier, pool: &Pool) -> Self {
        Self {
            verifier,
            pool: pool.clone(),
            known: Mutex::new(Recent::new(VALID_FOR, PEOPLE_MAX)),
        }
    }

    /// Whose token it is and what they are in the project; none if it is nobody's, or they are not signed
    /// in any more.
    pub async fn find(
        &self,
        token: &str,
        project: Option<ProjectId>,
    ) -> Result<Option<(SignInId, Person)>, LookupFailed> {
        let Some((user, sign_in)) = self.verifier.prove(token) else {
            return Ok(None);
        };
        let key = (sign_in, project);
        let now = Instant::now();
        let known = self.lock().younger_than(VALID_FOR, key, now).copied();
        let person = match known {
            Some(person) => person,
            None => {
                let found = self.look_up(sign_in, project).await.map_err(|error| {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "A sign-in could not be looked up");
                    LookupFailed
                })?;
                self.lock().insert(key, found, Instant::now());
                found
            }
        };
        let is_theirs = |person: &Person| person.user == user;
        Ok(person.filter(is_theirs).map(|person| (sign_in, person)))
    }

    async fn look_up(
        &self,
        sign_in: SignInId,
        project: Option<ProjectId>,
    ) -> StoreResult<Option<Person>> {
        let mut conn = self.pool.get().await?;
        sign_ins::person(&mut conn, sign_in, project).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Recent<Key, Option<Person>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("People(..)")
    }
}
