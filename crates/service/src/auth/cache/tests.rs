use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use runwatch_core::api_key::{Pepper, Scope};
use runwatch_core::hash::ContentKey;
use runwatch_core::ids::{KeyId, ProjectId};
use runwatch_store::api_keys::FoundKey;
use runwatch_store::error::StoreError;
use tokio::time::{Instant, advance};
use uuid::Uuid;

use super::{KeyCache, Looking, LookupFailed, Noting};
use crate::auth::recent::Recent;

/// What the database says at the moment.
#[derive(Clone, Copy)]
enum Database {
    Knows,
    DoesNotKnow,
    IsAway,
}

struct Setting {
    cache: KeyCache,
    lookups: Arc<AtomicUsize>,
    noted: Arc<AtomicUsize>,
    database: Arc<Mutex<Database>>,
}

impl Setting {
    fn new(database: Database) -> Self {
        let (lookups, database) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(Mutex::new(database)),
        );
        let (counter, state) = (Arc::clone(&lookups), Arc::clone(&database));
        let lookup = move |_| -> Looking {
            counter.fetch_add(1, Ordering::SeqCst);
            let state = *state.lock().unwrap();
            Box::pin(async move {
                tokio::task::yield_now().await;
                match state {
                    Database::Knows => Ok(Some(found())),
                    Database::DoesNotKnow => Ok(None),
                    Database::IsAway => Err(StoreError::Unavailable("away".into())),
                }
            })
        };
        let noted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&noted);
        let note = move |_| -> Noting {
            counter.fetch_add(1, Ordering::SeqCst);
            Box::pin(async {})
        };
        let cache = KeyCache::new(Pepper::new([0; 32]), lookup, note);
        Self {
            cache,
            lookups,
            noted,
            database,
        }
    }

    async fn is_used(&self) {
        let found = self.cache.find(id(1)).await.unwrap().unwrap();
        self.cache.note_use(id(1), &found);
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }

    fn now_it(&self, database: Database) {
        *self.database.lock().unwrap() = database;
    }

    async fn is_valid(&self) -> Result<bool, LookupFailed> {
        Ok(self.cache.find(id(1)).await?.is_some())
    }
}

fn id(number: u128) -> KeyId {
    KeyId(Uuid::from_u128(number))
}

fn found() -> FoundKey {
    FoundKey {
        project: ProjectId(Uuid::nil()),
        content_key: ContentKey::new(Uuid::nil()),
        secret_hash: [0; 32],
        scopes: vec![Scope::Read],
        valid_for: None,
        is_use_noted: false,
        settings: "{}".into(),
        stored_bytes: 0,
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_reaches_the_database_once_a_minute() {
    let setting = Setting::new(Database::DoesNotKnow);
    for _ in 0..59 {
        assert!(!setting.is_valid().await.unwrap());
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!(setting.lookups(), 1);
    advance(Duration::from_secs(1)).await;
    assert!(!setting.is_valid().await.unwrap());
    assert_eq!(setting.lookups(), 2);
}

#[tokio::test(start_paused = true)]
async fn requests_at_the_same_time_share_one_lookup() {
    for database in [Database::Knows, Database::DoesNotKnow] {
        let setting = Setting::new(database);
        join_all((0..100).map(|_| setting.is_valid())).await;
        assert_eq!(setting.lookups(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_stops_working_within_five_seconds() {
    let setting = Setting::new(Database::Knows);
    assert!(setting.is_valid().await.unwrap());
    setting.now_it(Database::DoesNotKnow);
    advance(Duration::from_millis(4_999)).await;
    assert!(setting.is_valid().await.unwrap());
    advance(Duration::from_millis(1)).await;
    assert!(!setting.is_valid().await.unwrap());
    // It must not come back when the database goes away, either.
    setting.now_it(Database::IsAway);
    assert!(!setting.is_valid().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_valid_key_outlives_trouble_of_the_database_for_a_minute() {
    let setting = Setting::new(Database::Knows);
    assert!(setting.is_valid().await.unwrap());
    setting.now_it(Database::IsAway);
    advance(Duration::from_millis(59_999)).await;
    assert!(setting.is_valid().await.unwrap());
    advance(Duration::from_millis(1)).await;
    assert_eq!(setting.is_valid().await, Err(LookupFailed));
    setting.now_it(Database::Knows);
    assert!(setting.is_valid().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_key_never_seen_is_refused_as_trouble_not_as_unknown_while_the_database_is_away() {
    let setting = Setting::new(Database::IsAway);
    assert_eq!(setting.is_valid().await, Err(LookupFailed));
    setting.now_it(Database::Knows);
    assert!(setting.is_valid().await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_use_is_told_of_once_in_half_a_minute() {
    let setting = Setting::new(Database::Knows);
    for _ in 0..29 {
        setting.is_used().await;
        advance(Duration::from_secs(1)).await;
    }
    assert_eq!(setting.noted.load(Ordering::SeqCst), 1);
    advance(Duration::from_secs(1)).await;
    setting.is_used().await;
    assert_eq!(setting.noted.load(Ordering::SeqCst), 2);
    let noted = FoundKey {
        is_use_noted: true,
        ..found()
    };
    setting.cache.note_use(id(2), &noted);
    assert_eq!(setting.noted.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_remembered_key_works_no_longer_when_its_time_is_over() {
    let lookup = |_| -> Looking {
        let found = FoundKey {
            valid_for: Some(Duration::from_secs(2)),
            ..found()
        };
        Box::pin(async move { Ok(Some(found)) })
    };
    let cache = KeyCache::new(Pepper::new([0; 32]), lookup, |_| Box::pin(async {}));
    assert!(cache.find(id(1)).await.unwrap().is_some());
    advance(Duration::from_millis(1_999)).await;
    assert!(cache.find(id(1)).await.unwrap().is_some());
    advance(Duration::from_millis(1)).await;
    assert!(cache.find(id(1)).await.unwrap().is_none());
}

#[test]
fn no_more_keys_are_kept_than_allowed_and_the_oldest_go_first() {
    let (keep, now) = (Duration::from_secs(60), Instant::now());
    let mut recent = Recent::new(keep, 3);
    for number in 0..5 {
        recent.insert(
            id(number),
            number,
            now + Duration::from_millis(u64::try_from(number).unwrap()),
        );
    }
    let kept: Vec<bool> = (0..5)
        .map(|number| recent.younger_than(keep, id(number), now).is_some())
        .collect();
    assert_eq!(kept, [false, false, true, true, true]);
}
