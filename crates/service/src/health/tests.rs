use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::advance;

use super::Readiness;

#[tokio::test(start_paused = true)]
async fn the_check_is_asked_once_a_second_at_most() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let readiness = Readiness::new(move || {
        let first = counter.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if first {
                Ok(())
            } else {
                Err("the database is away".to_owned())
            }
        }
    });
    assert!(readiness.is_ready().await);
    advance(Duration::from_millis(999)).await;
    assert!(readiness.is_ready().await);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    advance(Duration::from_millis(1)).await;
    assert!(!readiness.is_ready().await);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn who_is_about_to_stop_is_not_ready_at_once() {
    let readiness = Readiness::new(async || Ok(()));
    assert!(readiness.is_ready().await);
    readiness.drain();
    assert!(!readiness.is_ready().await);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_never_answers_means_not_ready() {
    let readiness = Readiness::new(std::future::pending);
    assert!(!readiness.is_ready().await);
}
