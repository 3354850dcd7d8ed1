//! Many cases at the same time.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Cases at the same time. Most of their time they wait for a pause to end.
const AT_ONCE: usize = 32;

/// Runs all cases, each with its name; one that fails does not hide the others.
///
/// # Panics
/// When some failed, with the names of all that did.
pub(crate) async fn run<F: Future<Output = ()> + Send + 'static>(cases: impl IntoIterator<Item = (String, F)>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (name, case) in cases {
        let places = places.clone();
        running.spawn(async move {
            let _place = places.acquire_owned().await;
            tokio::spawn(case).await.err().map(|_| name)
        });
    }
    let failed: Vec<_> = running.join_all().await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "{} cases failed, see above:\n{}", failed.len(), failed.join("\n"));
}
