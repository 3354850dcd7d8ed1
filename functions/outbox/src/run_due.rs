//! Every minute: what should have been sent by now, and was not.

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use storage::now;
use tracing::{Instrument, info, info_span};

use crate::sender::Sender;

/// Effects claimed at a time; a claim is a lease, so few are left waiting should this process die.
const BATCH: usize = 50;
/// Left over at the end of an invocation.
const RESERVE: Duration = Duration::from_secs(15);

/// Sends due effects until none is left or time is nearly up. What cannot be sent stays leased and comes
/// up again when its lease ends.
pub(crate) async fn run_due(event: LambdaEvent<Value>, sender: &Sender) -> Result<Value, Error> {
    let span = info_span!("tick", invocation = event.context.request_id, function = "run-due");
    let deadline = event.context.deadline().checked_sub(RESERVE);
    drain(sender, || deadline.is_some_and(|deadline| std::time::SystemTime::now() < deadline)).instrument(span).await
}

async fn drain(sender: &Sender, time_is_left: impl Fn() -> bool) -> Result<Value, Error> {
    let (mut sent, mut unsent) = (0, 0);
    loop {
        let claimed = sender.outbox.claim_due(now(), BATCH).await?;
        let failed = sender.send(&claimed.effects).await?.len();
        (sent, unsent) = (sent + claimed.effects.len() - failed, unsent + failed);
        // A whole batch of which nothing could be claimed would be listed again and again.
        let more = claimed.listed >= BATCH && !claimed.effects.is_empty();
        if !more || !time_is_left() {
            break;
        }
    }
    if sent + unsent > 0 {
        info!(sent, unsent, "Looked after {} overdue effects", sent + unsent);
    }
    Ok(serde_json::json!({ "sent": sent, "unsent": unsent }))
}
