//! A delivery whose message was handed out is over, or due again, or its message comes again, whatever goes wrong; what
//! follows for its endpoint follows once.

use std::sync::Arc;

use blackbox::{Crew, World};
use domain::webhook::Delivery;
use domain::{DeliverWebhook, Instant, Lane};
use serde_json::{Value, json};
use simulators::fault_proxy::Call;

use crate::delivery_ends::{SCENARIOS, Scenario};
use crate::delivery_ground::{
    Ended, Hook, Owner, assert_whole, is_put_off, message, sent, still, text, work_amid, work_in_peace,
};
use crate::struck::{Struck, all_of};
use crate::together;

const FUNCTION: &str = "deliver-webhook";

/// A delivery that is due, and all that may change with it.
struct Due {
    owner: Owner,
    hook: Hook,
    /// Asks for what happens to the first.
    other: Hook,
    delivery: Delivery,
    message: Value,
    scenario: &'static Scenario,
}

/// All that is stored of it.
#[derive(Debug, PartialEq)]
struct Stored {
    delivery: Value,
    endpoint: Value,
    /// What the system itself changed of the endpoint.
    changes: Vec<String>,
    /// Templates of the mails that were ordered.
    mails: Vec<String>,
    /// Types of the events that the other endpoint is told.
    told: Vec<String>,
}

impl Due {
    async fn of(crew: &Crew, scenario: &'static Scenario, name: &str) -> Self {
        let world = crew.world();
        let owner = Owner::of(world, name).await;
        let hook = owner.hook(crew, &["kyc.*"]).await;
        let other = owner.hook(crew, &["webhook.*"]).await;
        hook.answers(world, scenario.answer).await;
        if scenario.failures > 0 {
            hook.failing(world, scenario.failures).await;
        }
        let delivery = hook.record(world, 0).await;
        if scenario.set != "ACTIVE" {
            owner.set(crew, &hook, scenario.set).await;
        }
        let message = message(FUNCTION, &json!(DeliverWebhook { lane: scenario.lane, ..delivery.command() }));
        Self { owner, hook, other, delivery, message, scenario }
    }

    async fn stored(&self, world: &World) -> Stored {
        let (name, mut deliveries) = (&self.owner.name, self.hook.deliveries(world).await);
        assert_eq!(deliveries.len(), 1, "{name}: {deliveries:?}");
        let delivery = deliveries.remove(0);
        assert_whole(&delivery, name);
        let told = self.other.deliveries(world).await;
        for told in &told {
            assert_whole(told, name);
        }
        let errands = self.owner.errands(world).await;
        let changes = self.hook.log(world).await;
        let by_itself = changes.iter().map(|change| text(change, "kind")).filter(|kind| kind.starts_with("AUTO_"));
        Stored {
            changes: by_itself.map(str::to_owned).collect(),
            mails: errands.iter().map(|errand| errand["command"].to_string()).collect(),
            told: told.iter().map(|told| text(told, "eventType").to_owned()).collect(),
            endpoint: self.hook.item(world).await,
            delivery,
        }
    }

    /// What the receiver got: the same each time.
    async fn received(&self, world: &World) -> usize {
        let received = self.hook.received(world).await;
        for one in &received {
            let id = one.headers["x-novatrade-delivery-id"].clone();
            assert_eq!((&one.body, id), (&self.delivery.payload, self.delivery.id.to_string()), "{}", self.owner.name);
        }
        received.len()
    }

    /// Whether it ended as it had to.
    fn judge(&self, stored: &Stored, state: &str, when: &str) {
        let Scenario { end, failures, answer, .. } = self.scenario;
        let (name, Stored { delivery, endpoint, .. }) = (format!("{}, {when}", self.owner.name), stored);
        assert_eq!(text(delivery, "state"), state, "{name}: {delivery}");
        assert_eq!(text(delivery, "reason"), end.reason, "{name}: {delivery}");
        assert_eq!(text(delivery, "attempts"), if end.tried { "1" } else { "0" }, "{name}: {delivery}");
        let failed = end.tried && *answer != 200;
        let counted = if failed {
            failures + 1
        } else if end.tried {
            0
        } else {
            *failures
        };
        assert_eq!(text(endpoint, "failures").parse().unwrap_or(0), counted, "{name}: {endpoint}");
        assert_eq!(text(endpoint, "status"), end.status, "{name}: {endpoint}");
        assert_eq!(stored.changes, end.changes, "{name}");
        assert_eq!(stored.told, end.told, "{name}");
        assert_eq!(stored.mails.len(), usize::from(end.mail.is_some()), "{name}: {:?}", stored.mails);
        let is_right = |mail: &String| end.mail.is_some_and(|template| mail.contains(template));
        assert!(stored.mails.iter().all(is_right), "{name}: {:?}", stored.mails);
        if text(delivery, "state") == "PENDING" && failed {
            let at = |member| text(delivery, member).parse::<Instant>().expect("a time").millis();
            let wait = at("nextAttemptAt") - at("firstAttemptAt");
            assert!((60_000..=66_000).contains(&wait), "{name}: again after {wait} ms");
        }
    }
}

/// A call is broken in one scenario of those that come to it in the same way, and in all the words there are for a refusal
/// once for each operation.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_whichever_call_a_delivery_is_over_or_due_or_comes_again() {
    let crew = Crew::of(still("deliver-faults").await);
    let mut cases = Vec::new();
    for scenario in &SCENARIOS {
        let calls = Arc::new(calls_of(&crew, scenario).await);
        for struck in all_of(&calls, scenario.from, scenario.in_all_words) {
            let name = format!("{}: {}", scenario.name, struck.name(&calls));
            let (crew, calls, case) = (crew.clone(), calls.clone(), name.clone());
            cases.push((struck, (name, async move { troubled(&crew, scenario, (struck, &calls), &case).await })));
        }
    }
    assert!(cases.len() > 320, "{} cases", cases.len());
    cases.sort_by_key(|(struck, _)| struck.patience());
    together::run(cases.into_iter().map(|(_, case)| case)).await;
}

/// What a delivery asks of AWS when nothing goes wrong.
async fn calls_of(crew: &Crew, scenario: &'static Scenario) -> Vec<Call> {
    let due = Due::of(crew, scenario, scenario.name).await;
    let mut worker = crew.lend(FUNCTION).await;
    let _ = worker.proxy.take_calls();
    work_in_peace(&mut worker, &due.message, scenario.name).await;
    let calls = worker.proxy.take_calls();
    assert_eq!(calls.iter().map(Call::operation).collect::<Vec<_>>(), scenario.calls, "{}", scenario.name);
    due.judge(&due.stored(crew.world()).await, scenario.end.state, "in peace");
    assert_eq!(due.received(crew.world()).await, usize::from(scenario.end.tried), "{}", scenario.name);
    calls
}

async fn troubled(crew: &Crew, scenario: &'static Scenario, trouble: (Struck, &[Call]), name: &str) {
    let (world, due) = (crew.world(), Due::of(crew, scenario, name).await);
    let mut worker = crew.lend(FUNCTION).await;
    let ended = work_amid(&mut worker, &due.message, trouble, name).await;
    let (mut first, got) = (due.stored(world).await, due.received(world).await);
    if scenario.end.state == "HELD" && is_put_off(&first.delivery, name) {
        due.hook.comes_up(world).await;
        work_in_peace(&mut worker, &due.message, name).await;
        first = due.stored(world).await;
    }
    let noted: usize = text(&first.delivery, "attempts").parse().expect("a number");
    assert!(noted <= got, "{name}: {noted} attempts noted, {got} made");
    if ended == Ended::Done {
        due.judge(&first, scenario.end.state, "and done with");
        assert_eq!(got, usize::from(scenario.end.tried), "{name}: received");
    }
    // An attempt that was noted is not made again.
    let most = if noted > 0 { got } else { got + usize::from(scenario.end.tried) };

    let _ = worker.proxy.take_calls();
    work_in_peace(&mut worker, &due.message, name).await;
    let moved = sent(world, &worker.proxy.take_calls(), "RetryWebhookQueue");
    let slow = json!(DeliverWebhook { lane: Lane::Slow, ..due.delivery.command() });
    assert_eq!(moved, if scenario.end.moved { vec![slow] } else { Vec::new() }, "{name}: to the slow queue");
    // A pause that only follows now is seen by the next.
    work_in_peace(&mut worker, &due.message, name).await;
    let settled = due.stored(world).await;
    due.judge(&settled, scenario.end.settled, "and again");
    assert_eq!(due.received(world).await, most, "{name}: received");
    work_in_peace(&mut worker, &due.message, name).await;
    assert_eq!(due.stored(world).await, settled, "{name}: the message once more had an effect");
    assert_eq!(due.received(world).await, most, "{name}: the message once more was an attempt");
}
