//! Sending effects, and noting that they were sent.

use domain::{Effect, Event};
use lambda_runtime::Error;
use messaging::{Bus, Unsent};
use storage::{Outbox, Pending};
use tracing::{error, info};

/// Sends effects of the outbox.
pub(crate) struct Sender {
    pub(crate) outbox: Outbox,
    pub(crate) bus: Bus,
}

impl Sender {
    /// Sends these effects and settles what was confirmed; answers the indices of those that were not sent.
    ///
    /// An effect that was sent but could not be settled counts as sent: `run-due` sends it once more, with
    /// the same id.
    pub(crate) async fn send(&self, pending: &[Pending]) -> Result<Vec<usize>, Error> {
        let events: Vec<&Event> = pending.iter().map(|Pending { effect: Effect::Event(event), .. }| event).collect();
        let Unsent(unsent) = self.bus.publish(&events).await?;
        for (index, sent) in pending.iter().enumerate() {
            if unsent.contains(&index) {
                continue;
            }
            let (buyer, seq, effect) = (sent.buyer, sent.seq, sent.effect.name());
            match self.outbox.settle(sent).await {
                Ok(()) => info!(%buyer, seq, effect, "Sent {effect} of revision {seq}"),
                Err(cause) => error!(%buyer, seq, effect, %cause, "Sent {effect}, but could not note it"),
            }
        }
        Ok(unsent)
    }
}
