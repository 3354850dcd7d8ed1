//! The ways between the functions, on which things get lost, come twice, late, or out of order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use blackbox::{Queue, event_file};
use serde_json::{Value, json};

use crate::chaos::{Chaos, Dice, Mortal};
use crate::ground::Ground;

/// As long as a way has nothing on it.
const PAUSE: Duration = Duration::from_millis(50);
/// How often the relay gets a batch that it did not send; then Lambda gives it up.
const TRIES: usize = 4;

/// Events for a worker that it gets later than others, or once more.
#[derive(Clone, Default)]
struct Late(Arc<Mutex<Vec<Value>>>);

impl Late {
    fn push(&self, event: Value) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    fn take(&self, dice: &mut Dice) -> Option<Value> {
        let mut events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = dice.below(events.len().max(1));
        (!events.is_empty()).then(|| events.swap_remove(at))
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// From the table's stream to the relay.
pub(crate) async fn stream_to_relay(ground: Ground, mut relay: Mortal, chaos: Arc<Chaos>) {
    let mut stream = ground.world().behind.stream().await;
    let mut late = Vec::new();
    loop {
        let mut records = Vec::new();
        for record in stream.next().await {
            match relay.dice.below(100) {
                0..12 if !chaos.is_calm() => chaos.note("stream record lost"),
                12..20 => {
                    chaos.note("stream record twice");
                    late.push(record.clone());
                    records.push(record);
                }
                20..28 => {
                    chaos.note("stream record late");
                    late.push(record);
                }
                _ => records.push(record),
            }
        }
        if !late.is_empty() && (chaos.is_calm() || relay.dice.percent(30)) {
            let at = relay.dice.below(late.len());
            records.push(late.swap_remove(at));
        }
        if records.len() > 1 && relay.dice.percent(50) {
            chaos.note("stream records out of order");
            relay.dice.shuffle(&mut records);
        }
        for batch in records.chunks(8) {
            hand_over(&mut relay, batch, &chaos).await;
        }
        if records.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// A batch until all of it was sent: what the relay names, and whatever comes after it, comes again.
async fn hand_over(relay: &mut Mortal, batch: &[Value], chaos: &Chaos) {
    let mut rest = batch;
    for _ in 0..TRIES {
        let Some(answer) = relay.invoke(&json!({ "Records": rest })).await else {
            // Whatever a relay left half done must not need the next one to be found.
            if !chaos.is_calm() && relay.dice.percent(40) {
                break;
            }
            continue;
        };
        let failures = answer["batchItemFailures"].as_array().expect("a batch's answer");
        let failed = |record: &Value| {
            failures.iter().any(|failure| failure["itemIdentifier"] == record["dynamodb"]["SequenceNumber"])
        };
        match rest.iter().position(failed) {
            Some(first) => rest = &rest[first..],
            None => return,
        }
    }
    chaos.note("batch of stream records given up");
}

/// A queue on the way to a worker.
#[derive(Clone)]
pub(crate) struct Way {
    queue: Queue,
    late: Late,
    /// Whether its messages may get lost: what they ask for comes up in the index then. SQS loses none, but an operator may
    /// empty a queue.
    can_be_lost: bool,
}

impl Way {
    pub(crate) fn new(ground: &Ground, queue: &str, can_be_lost: bool) -> Self {
        Self { queue: ground.world().behind.queue_of(queue), late: Late::default(), can_be_lost }
    }

    /// How much is on it.
    pub(crate) async fn messages(&self) -> usize {
        self.queue.messages().await + self.late.len()
    }
}

/// From the queue to two workers, which mostly take turns.
pub(crate) async fn queue_to_worker(way: Way, [mut worker, mut twin]: [Mortal; 2], chaos: Arc<Chaos>) {
    let Way { queue, late, can_be_lost } = way;
    let is_done = |answer: &Value| answer["batchItemFailures"] == json!([]);
    loop {
        if (chaos.is_calm() || worker.dice.percent(25))
            && let Some(event) = late.take(&mut worker.dice)
        {
            let answer = worker.invoke(&event).await;
            if !can_be_lost && !answer.is_some_and(|answer| is_done(&answer)) {
                late.push(event);
            }
            continue;
        }
        let Some(message) = queue.receive().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let event = message.event(worker.name());
        let answer = match worker.dice.below(100) {
            0..6 if can_be_lost && !chaos.is_calm() => {
                chaos.note("message lost");
                queue.delete(&message).await;
                continue;
            }
            6..12 if !chaos.is_calm() => {
                chaos.note("message late");
                late.push(event);
                queue.delete(&message).await;
                continue;
            }
            12..18 => {
                chaos.note("message twice");
                late.push(event.clone());
                worker.invoke(&event).await
            }
            18..28 => {
                chaos.note("message twice at once");
                let (one, other) = tokio::join!(worker.invoke(&event), twin.invoke(&event));
                one.or(other)
            }
            28..50 => twin.invoke(&event).await,
            _ => worker.invoke(&event).await,
        };
        // A message whose worker died or named it comes again after its visibility timeout.
        if answer.is_some_and(|answer| is_done(&answer)) {
            queue.delete(&message).await;
        } else {
            chaos.note("message comes again");
        }
    }
}

/// From the clock to run-due: many ticks, each of which is a minute's.
pub(crate) async fn clock_to_run_due(mut run_due: Mortal) {
    let tick = event_file("run-due", &[]);
    loop {
        run_due.invoke(&tick).await;
        tokio::time::sleep(PAUSE).await;
    }
}
