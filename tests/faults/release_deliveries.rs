//! What waits for an endpoint is begun again once when it is resumed or recovered, oldest first, whatever goes wrong.

use std::sync::Arc;

use blackbox::{Crew, World};
use domain::ReleaseDeliveries;
use domain::webhook::Delivery;
use serde_json::{Value, json};
use simulators::fault_proxy::Call;

use crate::delivery_ground::{Ended, Hook, Owner, assert_whole, message, sent, still, text, work_amid, work_in_peace};
use crate::struck::{Struck, all_of};
use crate::together;

const FUNCTION: &str = "release-deliveries";
/// Endpoint, what waits, and each of that: read, begun again, sent.
const CALLS: [&str; 8] = ["GetItem", "Query", "GetItem", "PutItem", "SendMessage", "GetItem", "PutItem", "SendMessage"];
/// Where the second begins.
const SECOND: usize = 5;

/// Why something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// The endpoint was PAUSED.
    Held,
    /// It was DISABLED, and what was on its way failed.
    Failed,
}

/// Two deliveries that wait, and the message that releases them.
struct Released {
    name: String,
    hook: Hook,
    /// Oldest first.
    deliveries: Vec<Delivery>,
    message: Value,
}

impl Released {
    async fn of(crew: &Crew, waiting: Waiting, name: &str) -> Self {
        let world = crew.world();
        let owner = Owner::of(world, name).await;
        let hook = owner.hook(crew, &["kyc.*"]).await;
        if waiting == Waiting::Held {
            owner.set(crew, &hook, "PAUSED").await;
        }
        let mut deliveries = Vec::new();
        // The newest is recorded first: what counts is when it happened.
        for number in [2, 1] {
            deliveries.insert(0, hook.record(world, number).await);
        }
        if waiting == Waiting::Failed {
            owner.set(crew, &hook, "DISABLED").await;
            for delivery in &deliveries {
                let order = message("deliver-webhook", &json!(delivery.command()));
                work_in_peace(&mut *crew.lend("deliver-webhook").await, &order, name).await;
            }
        }
        owner.set(crew, &hook, "ACTIVE").await;
        let failed_since = (waiting == Waiting::Failed).then(|| storage::now().plus_seconds(-3_600));
        let (organisation, webhook) = (owner.organisation, hook.id.clone());
        let order = ReleaseDeliveries { organisation, webhook, failed_since, resumed_at: None };
        Self { name: name.to_owned(), hook, deliveries, message: message(FUNCTION, &json!(order)) }
    }

    /// As they are stored, oldest first, and whether each was begun again.
    async fn stored(&self, world: &World, waiting: Waiting) -> Vec<(Value, bool)> {
        let (name, stored) = (&self.name, self.hook.deliveries(world).await);
        assert_eq!(stored.len(), self.deliveries.len(), "{name}: {stored:?}");
        let of = |delivery: &Delivery| stored.iter().find(|item| text(item, "id") == delivery.id.to_string());
        let mut found = Vec::new();
        for item in self.deliveries.iter().map(|delivery| of(delivery).expect("it is kept")) {
            assert_whole(item, name);
            let (was, seq) = if waiting == Waiting::Held { ("HELD", 0) } else { ("FAILED", 1) };
            let is_begun = text(item, "state") == "PENDING";
            assert!(is_begun || text(item, "state") == was, "{name}: {item}");
            assert_eq!(text(item, "seq"), (seq + u32::from(is_begun)).to_string(), "{name}: begun again once: {item}");
            found.push((item.clone(), is_begun));
        }
        found
    }

    fn orders(&self) -> Vec<Value> {
        self.deliveries.iter().map(|delivery| json!(delivery.command())).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_whichever_call_what_waits_is_begun_again_once() {
    let crew = Crew::of(still("release-faults").await);
    let mut cases = Vec::new();
    for waiting in [Waiting::Held, Waiting::Failed] {
        let calls = Arc::new(calls_of(&crew, waiting).await);
        let mut struck = all_of(&calls, 0, false);
        // The second that waits goes the way of the first, and what failed that of what is held.
        struck.retain(|struck| {
            let stops = struck.fault.kills() || struck.fault.name == "refused";
            stops || waiting == Waiting::Held && struck.index < SECOND
        });
        for struck in struck {
            let name = format!("{waiting:?}: {}", struck.name(&calls));
            let (crew, calls, case) = (crew.clone(), calls.clone(), name.clone());
            cases.push((name, async move { troubled(&crew, waiting, (struck, &calls), &case).await }));
        }
    }
    assert!(cases.len() > 90, "{} cases", cases.len());
    together::run(cases).await;
}

/// What a release asks of AWS when nothing goes wrong.
async fn calls_of(crew: &Crew, waiting: Waiting) -> Vec<Call> {
    let name = format!("{waiting:?} in peace");
    let released = Released::of(crew, waiting, &name).await;
    let mut worker = crew.lend(FUNCTION).await;
    let _ = worker.proxy.take_calls();
    work_in_peace(&mut worker, &released.message, &name).await;
    let calls = worker.proxy.take_calls();
    assert_eq!(calls.iter().map(Call::operation).collect::<Vec<_>>(), CALLS, "{name}");
    assert_eq!(sent(crew.world(), &calls, "DeliverWebhookQueue"), released.orders(), "{name}: oldest first");
    calls
}

async fn troubled(crew: &Crew, waiting: Waiting, trouble: (Struck, &[Call]), name: &str) {
    let (world, released) = (crew.world(), Released::of(crew, waiting, name).await);
    let mut worker = crew.lend(FUNCTION).await;
    let ended = work_amid(&mut worker, &released.message, trouble, name).await;
    let first = released.stored(world, waiting).await;
    assert!(first[0].1 || !first[1].1, "{name}: the oldest waits on: {first:?}");
    if ended == Ended::Done {
        assert!(first.iter().all(|(_, is_begun)| *is_begun), "{name}: done with, and something waits: {first:?}");
    }
    let _ = worker.proxy.take_calls();
    work_in_peace(&mut worker, &released.message, name).await;
    // What was begun before has its place in the index; the rest is sent now.
    let rest: Vec<_> =
        first.iter().zip(released.orders()).filter(|((_, is_begun), _)| !is_begun).map(|(_, order)| order).collect();
    assert_eq!(sent(world, &worker.proxy.take_calls(), "DeliverWebhookQueue"), rest, "{name}: sent when it came again");
    let then = released.stored(world, waiting).await;
    assert!(then.iter().all(|(_, is_begun)| *is_begun), "{name}: came again, and something waits: {then:?}");
    work_in_peace(&mut worker, &released.message, name).await;
    assert_eq!(released.stored(world, waiting).await, then, "{name}: the message once more had an effect");
    assert_eq!(sent(world, &worker.proxy.take_calls(), "DeliverWebhookQueue"), Vec::<Value>::new(), "{name}");
}
