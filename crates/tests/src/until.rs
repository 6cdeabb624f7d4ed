//! Waiting for a condition, with a deadline: tests never sleep for a guessed time.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// Looks again and again until there is an answer; panics after the deadline.
pub async fn until<T>(
    deadline: Duration,
    what: &str,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = look().await {
            return answer;
        }
        assert!(began.elapsed() < deadline, "waited {deadline:?} for {what}");
        sleep(LOOK_PAUSE).await;
    }
}
