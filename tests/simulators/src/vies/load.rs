//! How a running VIES is made to feel the load: how long its answers take, whose registry hangs, and how many were asked
//! at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Vies;

/// Questions being answered, by state.
#[derive(Default)]
pub(super) struct Load(Mutex<State>);

#[derive(Default)]
struct State {
    time: Duration,
    hanging: BTreeSet<String>,
    now: BTreeMap<String, usize>,
    most: BTreeMap<String, usize>,
}

/// A question that is being answered, until this is dropped: when the answer was made, or the asker has gone.
pub(super) struct Question {
    load: Arc<Load>,
    state: String,
}

impl Vies {
    /// From now on an answer takes that long.
    pub fn take(&self, time: Duration) {
        self.load.state().time = time;
    }

    /// From now on the registry of that state hangs: it answers nothing, as long as one may wait.
    pub fn hang(&self, state: &str) {
        self.load.state().hanging.insert(state.to_owned());
    }

    /// From now on it answers again; whoever waits is left to wait.
    pub fn recover(&self, state: &str) {
        self.load.state().hanging.remove(state);
    }

    /// The most questions about numbers of a state that waited for their answers at once, by state, since the last time
    /// this was asked.
    #[must_use]
    pub fn take_most_at_once(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.load.state().most)
    }
}

impl Load {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a question in.
    pub(super) fn question(self: &Arc<Self>, state: &str) -> Question {
        let mut counts = self.state();
        let now = counts.now.entry(state.to_owned()).or_default();
        *now += 1;
        let now = *now;
        let most = counts.most.entry(state.to_owned()).or_default();
        *most = now.max(*most);
        drop(counts);
        Question { load: Arc::clone(self), state: state.to_owned() }
    }
}

impl Question {
    /// Waits as long as the answer takes, which may be for ever.
    pub(super) async fn wait(&self) {
        let (time, hangs) = {
            let state = self.load.state();
            (state.time, state.hanging.contains(&self.state))
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(time).await;
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        if let Some(now) = self.load.state().now.get_mut(&self.state) {
            *now -= 1;
        }
    }
}
