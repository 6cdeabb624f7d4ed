//! Keys that were looked up lately, so that neither valid nor invented ones reach the database with
//! every request.

#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use runwatch_core::api_key::Pepper;
use runwatch_core::ids::KeyId;
use runwatch_store::api_keys::{self, FoundKey};
use runwatch_store::error::Result;
use runwatch_store::key_uses;
use runwatch_store::pool::Pool;
use tokio::time::Instant;

use crate::auth::recent::Recent;

/// How long a key is taken to be valid without asking again: a revoked one works no longer.
const VALID_FOR: Duration = Duration::from_secs(5);
/// How long a valid key goes on working while the database does not answer.
const VALID_IN_TROUBLE_FOR: Duration = Duration::from_secs(60);
/// How long an id that nobody has is not asked for again.
const UNKNOWN_FOR: Duration = Duration::from_secs(60);
/// How long a use is not told of again.
const NOTED_FOR: Duration = Duration::from_secs(30);
/// Keys that are remembered of each sort: a few megabytes, and more than one process serves.
const KEYS_MAX: usize = 10_000;
/// Lookups that run at a time at most; two of the same key never do.
const LOOKUPS_MAX: usize = 64;

/// A lookup under way.
pub type Looking = Pin<Box<dyn Future<Output = Result<Option<FoundKey>>> + Send>>;

/// What is done about a key that was used.
pub type Noting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Finds keys, and remembers what it found.
pub struct KeyCache {
    pepper: Pepper,
    lookup: Box<dyn Fn(KeyId) -> Looking + Send + Sync>,
    note: Box<dyn Fn(KeyId) -> Noting + Send + Sync>,
    noted: Mutex<Recent<KeyId, ()>>,
    /// Who holds the turn of a key may look it up.
    turns: Vec<tokio::sync::Mutex<()>>,
    valid: Mutex<Recent<KeyId, Valid>>,
    unknown: Mutex<Recent<KeyId, ()>>,
    failed_at: Mutex<Option<Instant>>,
}

/// The database did not answer, and nothing is remembered that could stand in for it. The reason
/// has been logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key could not be looked up")]
pub struct LookupFailed;

type Answer = Option<Arc<FoundKey>>;

/// A valid key, and when its time is over.
struct Valid {
    found: Arc<FoundKey>,
    ends_at: Option<Instant>,
}

impl Valid {
    /// The key; none if its time is over, though nobody was asked since.
    fn at(&self, now: Instant) -> Answer {
        let is_over = self.ends_at.is_some_and(|ends_at| ends_at <= now);
        (!is_over).then(|| Arc::clone(&self.found))
    }
}

impl KeyCache {
    /// A cache over a function that asks the database for the valid key of an id, and one that tells it
    /// that a key was used.
    pub fn new(
        pepper: Pepper,
        lookup: impl Fn(KeyId) -> Looking + Send + Sync + 'static,
        note: impl Fn(KeyId) -> Noting + Send + Sync + 'static,
    ) -> Self {
        Self {
            pepper,
            lookup: Box::new(lookup),
            note: Box::new(note),
            noted: Mutex::new(Recent::new(NOTED_FOR, KEYS_MAX)),
            turns: (0..LOOKUPS_MAX)
                .map(|_| tokio::sync::Mutex::default())
                .collect(),
            valid: Mutex::new(Recent::new(VALID_IN_TROUBLE_FOR, KEYS_MAX)),
            unknown: Mutex::new(Recent::new(UNKNOWN_FOR, KEYS_MAX)),
            failed_at: Mutex::default(),
        }
    }

    /// A cache over the keys of the database, whose secrets are hashed under this.
    pub fn of(pool: &Pool, pepper: Pepper) -> Self {
        let (for_lookup, for_note) = (pool.clone(), pool.clone());
        let lookup = move |id| -> Looking {
            let pool = for_lookup.clone();
            Box::pin(async move { api_keys::find(&mut *pool.get().await?, id).await })
        };
        let note = move |id| -> Noting {
            let pool = for_note.clone();
            Box::pin(async move {
                let tell = async { key_uses::tell(&mut *pool.get().await?, id).await };
                if let Err(error) = tell.await {
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, "The use of a key could not be told");
                }
            })
        };
        Self::new(pepper, lookup, note)
    }

    /// What the secrets of keys are hashed under.
    pub fn pepper(&self) -> &Pepper {
        &self.pepper
    }

    /// Has it written down, about once a minute, that a key was used whose secret has been compared.
    /// Nobody waits for that, and nothing fails with it.
    pub fn note_use(&self, id: KeyId, found: &FoundKey) {
        let now = Instant::now();
        let mut noted = lock(&self.noted);
        if found.is_use_noted || noted.younger_than(NOTED_FOR, id, now).is_some() {
            return;
        }
        noted.insert(id, (), now);
        tokio::spawn((self.note)(id));
    }

    /// The valid key of this id, or none. Its secret has yet to be compared.
    pub async fn find(&self, id: KeyId) -> Result<Answer, LookupFailed> {
        let asked_at = Instant::now();
        if let Some(answer) = self.remembered(id, asked_at) {
            return Ok(answer);
        }
        let turn = usize::from(id.0.as_bytes()[15]) % LOOKUPS_MAX;
        let _turn = self.turns[turn].lock().await;
        if let Some(answer) = self.remembered(id, Instant::now()) {
            return Ok(answer);
        }
        // Who waited while others failed does not wait for a failure of its own.
        if lock(&self.failed_at).is_some_and(|failed_at| failed_at > asked_at) {
            return self.in_trouble(id);
        }
        match (self.lookup)(id).await {
            Ok(found) => Ok(self.remember(id, found)),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "An API key could not be looked up");
                *lock(&self.failed_at) = Some(Instant::now());
                self.in_trouble(id)
            }
        }
    }

    fn remembered(&self, id: KeyId, now: Instant) -> Option<Answer> {
        if let Some(valid) = lock(&self.valid).younger_than(VALID_FOR, id, now) {
            return Some(valid.at(now));
        }
        lock(&self.unknown)
            .younger_than(UNKNOWN_FOR, id, now)
            .map(|()| None)
    }

    fn in_trouble(&self, id: KeyId) -> Result<Answer, LookupFailed> {
        let valid = lock(&self.valid);
        let now = Instant::now();
        let found = valid.younger_than(VALID_IN_TROUBLE_FOR, id, now);
        found.map(|valid| valid.at(now)).ok_or(LookupFailed)
    }

    fn remember(&self, id: KeyId, found: Option<FoundKey>) -> Answer {
        let (now, found) = (Instant::now(), found.map(Arc::new));
        match &found {
            Some(found) => {
                let ends_at = found.valid_for.map(|left| now + left);
                let found = Arc::clone(found);
                lock(&self.valid).insert(id, Valid { found, ends_at }, now);
            }
            None => {
                lock(&self.valid).remove(id);
                lock(&self.unknown).insert(id, (), now);
            }
        }
        found
    }
}

impl std::fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyCache(..)")
    }
}

/// Locks; what a thread that panicked left behind is still whole, since no change is in two steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
