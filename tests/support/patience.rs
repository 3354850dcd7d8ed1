//! Waiting for what happens by itself.

use std::time::{Duration, Instant};

/// As long as a test waits for something before it fails. No rule of the service: long enough for a machine that is busy
/// with everything else, and only a test that is about to fail waits that long.
const PATIENCE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(100);

/// Asks until it is so.
///
/// # Panics
/// When it never is.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    found(what, async || is_so().await.then_some(())).await;
}

/// Looks for it until it is there.
///
/// # Panics
/// When it never is.
pub async fn found<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "not after {PATIENCE:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
