//! Sending effects, and noting that they were sent.

use domain::{Command, Effect, Event};
use lambda_runtime::Error;
use messaging::{Bus, Order, Queues, Unsent};
use storage::{Outbox, Pending};
use tracing::field::display;
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
    /// the same id.
    pub(crate) async fn send(&self, pending: &[Pending]) -> Result<Vec<usize>, Error> {
        let events: Vec<(usize, &Event)> = chosen(pending, |effect| match effect {
            Effect::Event(event) => Some(event),
            Effect::Command(_) => None,
        });
        let commands: Vec<(usize, &Command)> = chosen(pending, |effect| match effect {
            Effect::Command(command) => Some(command),
            Effect::Event(_) => None,
        });
        let orders: Vec<_> =
            commands.iter().map(|(index, command)| Order { command, turn: &pending[*index].turn }).collect();
        let Unsent(events_unsent) =
            self.bus.publish(&events.iter().map(|(_, event)| *event).collect::<Vec<_>>()).await?;
        let Unsent(orders_unsent) = self.queues.send(&orders).await;
        let mut unsent: Vec<_> = events_unsent.into_iter().map(|index| events[index].0).collect();
        unsent.extend(orders_unsent.into_iter().map(|index| commands[index].0));
        unsent.sort_unstable();
        for (index, sent) in pending.iter().enumerate() {
            if unsent.binary_search(&index).is_ok() {
                continue;
            }
            let (buyer, seq, effect) = (sent.buyer.map(display), sent.seq, sent.effect.name());
            match self.outbox.settle(sent).await {
                Ok(()) => info!(buyer, seq, effect, "Sent {effect}"),
                Err(cause) => error!(buyer, seq, effect, %cause, "Sent {effect}, but could not note it"),
            }
        }
        Ok(unsent)
    }
}

/// What is chosen of the effects, with their indices.
fn chosen<'p, T>(pending: &'p [Pending], choose: impl Fn(&'p Effect) -> Option<&'p T>) -> Vec<(usize, &'p T)> {
    let chosen = pending.iter().enumerate().map(|(index, pending)| Some(index).zip(choose(&pending.effect)));
    chosen.flatten().collect()
}
