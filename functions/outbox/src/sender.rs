//! Sending effects, and noting that they were sent.

use domain::{Command, Effect, Event};
use lambda_runtime::Error;
use messaging::{Bus, Order, Queues, Unsent};
use storage::{Outbox, Pending};
use tracing::{error, info};

/// Sends effects of the outbox.
pub(crate) struct Sender {
    pub(crate) outbox: Outbox,
    pub(crate) bus: Bus,
    pub(crate) queues: Queues,
}

impl Sender {
    /// Sends these effects and settles what was confirmed; answers the indices of those that were not sent.
    ///
    /// An effect that was sent but could not be settled counts as sent: `run-due` sends it once more, with
    /// the same id. Events are settled before commands are sent, so that a queue that hangs repeats no event.
    pub(crate) async fn send(&self, pending: &[Pending]) -> Result<Vec<usize>, Error> {
        let events: Vec<(usize, &Event)> = chosen(pending, |effect| match effect {
            Effect::Event(event) => Some(event),
            Effect::Command(_) => None,
        });
        let commands: Vec<(usize, &Command)> = chosen(pending, |effect| match effect {
            Effect::Command(command) => Some(command),
            Effect::Event(_) => None,
        });
        let Unsent(unsent) = self.bus.publish(&events.iter().map(|(_, event)| *event).collect::<Vec<_>>()).await?;
        let mut left = self.settle(pending, &events, &unsent).await;
        let orders: Vec<_> =
            commands.iter().map(|(index, command)| Order { command, turn: &pending[*index].turn }).collect();
        let Unsent(unsent) = self.queues.send(&orders).await;
        left.extend(self.settle(pending, &commands, &unsent).await);
        left.sort_unstable();
        Ok(left)
    }

    /// Settles those of the chosen that were sent; the indices of the others among all.
    async fn settle<T>(&self, pending: &[Pending], chosen: &[(usize, T)], unsent: &[usize]) -> Vec<usize> {
        let mut left = Vec::new();
        for (place, (index, _)) in chosen.iter().enumerate() {
            if unsent.contains(&place) {
                left.push(*index);
                continue;
            }
            let sent = &pending[*index];
            let (buyer, seq, effect) = (sent.buyer, sent.seq, sent.effect.name());
            match self.outbox.settle(sent, storage::now()).await {
                Ok(()) => info!(%buyer, seq, effect, "Sent {effect}"),
                Err(cause) => error!(%buyer, seq, effect, %cause, "Sent {effect}, but could not note it"),
            }
        }
        left
    }
}

/// What is chosen of the effects, with their indices.
fn chosen<'p, T>(pending: &'p [Pending], choose: impl Fn(&'p Effect) -> Option<&'p T>) -> Vec<(usize, &'p T)> {
    let chosen = pending.iter().enumerate().map(|(index, pending)| Some(index).zip(choose(&pending.effect)));
    chosen.flatten().collect()
}
