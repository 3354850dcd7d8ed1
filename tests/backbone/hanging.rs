//! Endpoints that are dead or hang do not delay those that answer.
//!
//! Two deployments deliver the same number of events to forty endpoints that answer, at the same time. In one there are five
//! more whose receiver is dead, and five whose receiver takes longer than it may. Whatever else this machine does, it does to
//! both, so that only the sick ones tell them apart.
//!
//! What stands for what:
//!
//! - A poller, with a process of its own, is a place that the template gives a queue (`MaximumConcurrency`): of all places of
//!   either queue so many percent ([`PLACES`]), so that their proportion is the template's. A poller takes one message at a
//!   time, as a batch has one there.
//! - A receiver that answers takes its time ([`ANSWER`]): what a delivery waits for is then a place, and not this machine.
//! - An event that comes while nobody knows who is sick takes a place for the whole time limit from each receiver that hangs:
//!   here five of thirty-two, on AWS five of two hundred. That leaves enough for those that answer, and is measured by itself,
//!   some times (it is forgotten in between who is sick). More events within those ten seconds would take more: here seven
//!   of them all places, on AWS forty.
//! - Further events, several at once, come when it is known, and the sick ones get nothing by the fast queue any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Stopwatch};

use blackbox::{Direct, Queue, event_file};
use domain::{DeliverWebhook, Event, EventId, EventType, Instant, Source, WebhookId};
use futures_util::{StreamExt, stream};
use serde_json::json;
use simulators::WebhookSink;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::ground::Ground;
use crate::lanes::percentile;
use crate::receivers::{self, Hook};
use crate::time;

const HEALTHY: usize = 40;
const DEAD: usize = 5;
const HANGING: usize = 5;
/// Pollers, in percent of the places that the template gives each queue.
const PLACES: u64 = 16;
const FAST: (&str, &str) = ("DeliverWebhookQueue", "Fast");
const SLOW: (&str, &str) = ("RetryWebhookQueue", "Slow");
/// A receiver that answers does after that time.
const ANSWER: Duration = Duration::from_secs(2);
/// One that hangs does after that time, which is longer than it may take.
const TOO_LONG: Duration = Duration::from_secs(20);
/// So often an event comes while nobody knows who is sick.
const UNKNOWN: usize = 3;
/// Once it is known, so many events come at once: were the sick ones among the others, they would take all places.
const AT_ONCE: usize = 8;
/// How long a delivery may wait because others are sick, in percent of what it waits otherwise.
const LATER: i64 = 150;
/// Longest time for whatever is waited for.
const PATIENCE: Duration = Duration::from_mins(6);

/// A deployment with its endpoints and pollers.
struct Flow {
    ground: Ground,
    simulator: WebhookSink,
    healthy: Vec<Hook>,
    sick: Vec<Hook>,
    fan_out: Direct,
    pollers: JoinSet<()>,
    taken: Taken,
    stop: watch::Sender<bool>,
}

/// Whom the fast queue's messages were about.
#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<WebhookId>>>);

impl Taken {
    fn note(&self, webhook: WebhookId) {
        self.0.lock().expect("no poller panics with it").push(webhook);
    }

    /// Those among these endpoints, since the last time this was asked.
    fn take(&self, hooks: &[Hook]) -> BTreeSet<WebhookId> {
        let taken = std::mem::take(&mut *self.0.lock().expect("no poller panics with it"));
        taken.into_iter().filter(|id| hooks.iter().any(|hook| hook.id == *id)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_that_are_dead_or_hang_do_not_delay_those_that_answer() {
    let _alone = crate::alone().await;
    let (alone, beside) = tokio::join!(Flow::prepare("healthy", false), Flow::prepare("sick", true));
    let (mut alone, mut beside) = (alone, beside);

    let mut unknown = Vec::new();
    for _ in 0..UNKNOWN {
        beside.forget_who_is_sick().await;
        let (before, then) = tokio::join!(alone.deliver(1), beside.deliver(1));
        unknown.push(compare("before it is known who is sick", (before, then)));
        beside.until_all_sick_failed().await;
        assert_eq!(beside.taken.take(&beside.sick).len(), DEAD + HANGING, "each takes a place");
    }
    // The middle one: each is about few deliveries.
    unknown.sort_unstable();
    let unknown = unknown[UNKNOWN / 2];

    let known = compare("once it is known", tokio::join!(alone.deliver(AT_ONCE), beside.deliver(AT_ONCE)));
    let taken = beside.taken.take(&beside.sick);
    for flow in [alone, beside] {
        flow.stop.send(true).expect("pollers listen");
        flow.pollers.join_all().await;
    }
    for (percent, when) in [(unknown, "before it is known who is sick"), (known, "once it is known")] {
        assert!(percent <= LATER, "beside sick ones, others wait {percent} % of the time, {when}");
    }
    assert!(taken.is_empty(), "known to be sick, they take places from those that answer: {taken:?}");
}

/// The p95 of the second in percent of that of the first.
fn compare(when: &str, (mut alone, mut beside): (Vec<i64>, Vec<i64>)) -> i64 {
    for (waited, name) in [(&mut alone, "alone"), (&mut beside, "beside sick ones")] {
        waited.sort_unstable();
        println!("{when}, {name}: p50 {} ms, p95 {} ms", percentile(waited, 50), percentile(waited, 95));
    }
    let percent = percentile(&beside, 95) * 100 / percentile(&alone, 95);
    println!("p95 with sick ones to without, {when}: {percent} %");
    percent
}

impl Flow {
    /// Everything up to the first event.
    async fn prepare(name: &str, with_sick: bool) -> Self {
        let ground = Ground::new(name, &[]).await;
        let simulator = WebhookSink::start(0).await.expect("a free port");
        let register = |base: String| {
            let ground = &ground;
            async move { Hook::register(ground, &base, json!({ "events": ["kyc.*"] })).await }
        };
        let (dead, hanging) = if with_sick { (DEAD, HANGING) } else { (0, 0) };
        let bases = std::iter::repeat_n("http://localhost:1".to_owned(), dead);
        let bases = bases.chain(std::iter::repeat_n(simulator.url(), hanging + HEALTHY));
        let mut all: Vec<_> = stream::iter(bases).map(register).buffered(8).collect().await;
        let (healthy, sick) = (all.split_off(dead + hanging), all);
        for (hooks, time) in [(&sick, TOO_LONG), (&healthy, ANSWER)] {
            for hook in hooks {
                hook.answers(&simulator, &json!([{ "delayMs": time.as_millis() }])).await;
            }
        }
        let fan_out = Direct::start(ground.world(), "fan-out-event").await;
        let (taken, (stop, stopped), mut pollers) = (Taken::default(), watch::channel(false), JoinSet::new());
        for (queue, source) in [FAST, SLOW] {
            let workers = stream::iter(0..pollers_of(source)).map(|_| Direct::start(ground.world(), "deliver-webhook"));
            let workers: Vec<_> = workers.buffered(8).collect().await;
            for worker in workers {
                let (queue, taken) = (ground.world().behind.queue_of(queue), (source == FAST.1).then(|| taken.clone()));
                pollers.spawn(poll(worker, queue, taken, stopped.clone()));
            }
        }
        Self { ground, simulator, healthy, sick, fan_out, pollers, taken, stop }
    }

    /// Has so many events come, and waits until those that answer have them: how long each waited, in milliseconds.
    async fn deliver(&mut self, count: usize) -> Vec<i64> {
        let events: BTreeMap<_, _> = (0..count).map(|_| self.event()).map(|it| (it.id.to_string(), it)).collect();
        let mut put = event_file("fan-out-event", &[("SELLER", ""), ("BUYER", "")]);
        let record = put["Records"][0].take();
        let records = events.values().map(|event| {
            let mut record = record.clone();
            record["body"] = json!(json!({ "detail": event }).to_string());
            record
        });
        put["Records"] = records.collect();
        let answer = self.fan_out.invoke(&put).await.expect("nobody killed it");
        assert_eq!(answer, json!({ "batchItemFailures": [] }), "{}", self.fan_out.last_words());
        let begun = Stopwatch::now();
        loop {
            time::fail_with(&mut self.pollers);
            let waited = self.waited(&events);
            if waited.len() == count * HEALTHY {
                return waited.into_values().collect();
            }
            assert!(begun.elapsed() < PATIENCE, "{} of {} came to those that answer", waited.len(), count * HEALTHY);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// How long each of these events took to come to each of those that answer, the first time, in milliseconds.
    fn waited(&self, events: &BTreeMap<String, Event>) -> BTreeMap<(usize, String), i64> {
        let (received, mut waited) = (receivers::by_path(&self.simulator), BTreeMap::new());
        for (n, hook) in self.healthy.iter().enumerate() {
            for received in received.get(&hook.path).into_iter().flatten() {
                let id = &received.headers["x-novatrade-event-id"];
                if let Some(event) = events.get(id) {
                    let at: Instant = received.received_at.parse().expect("an instant");
                    waited.entry((n, id.clone())).or_insert(at.millis() - event.created_at.millis());
                }
            }
        }
        waited
    }

    fn event(&self) -> Event {
        let kind = EventType::ViesCheckFailed;
        let buyer = domain::BuyerId(Uuid::new_v4());
        let (id, created_at) = (EventId::of(buyer, 1, kind.name()), storage::now());
        let (source, partner_uuid, data) = (Source::System, self.ground.seller, json!({ "buyerUuid": buyer }));
        Event { id, kind, schema_version: 1, source, created_at, partner_uuid, data }
    }

    /// As if none had failed yet.
    async fn forget_who_is_sick(&self) {
        let behind = &self.ground.world().behind;
        for hook in &self.sick {
            let update = json!({
                "TableName": behind.deployment.table_name(),
                "Key": {
                    "pk": { "S": format!("WEBHOOKS#{}", hook.organisation) },
                    "sk": { "S": format!("WEBHOOK#{}", hook.id) }
                },
                "UpdateExpression": "REMOVE failures, failingSince, lastFailedAt"
            });
            behind.aws("dynamodb", "DynamoDB_20120810.UpdateItem", &update).await;
        }
    }

    async fn until_all_sick_failed(&mut self) {
        let begun = Stopwatch::now();
        let mut failed = 0;
        while failed < self.sick.len() {
            time::fail_with(&mut self.pollers);
            assert!(begun.elapsed() < PATIENCE, "{failed} of {} failed", self.sick.len());
            tokio::time::sleep(Duration::from_millis(200)).await;
            let items = self.ground.world().behind.items(&format!("WEBHOOKS#{}", self.ground.organisation)).await;
            failed = items.iter().filter(|item| item.get("failures").is_some()).count();
        }
        assert_eq!(failed, self.sick.len(), "nobody else fails");
    }
}

/// How many pollers stand for the places that the template gives a queue.
fn pollers_of(source: &str) -> u64 {
    let template: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(include_str!("../../infra/template.yaml")).expect("the template is YAML");
    let said = &template["Resources"]["DeliverWebhook"]["Properties"]["Events"][source]["Properties"];
    assert_eq!(said["BatchSize"].as_u64(), Some(1), "a poller takes one at a time");
    let places = said["ScalingConfig"]["MaximumConcurrency"].as_u64().expect("a number of places");
    assert_eq!(places * PLACES % 100, 0, "{places} places cannot be shown by so many percent");
    places * PLACES / 100
}

/// Works a queue as Lambda does, one message at a time, until it is told to stop.
async fn poll(mut worker: Direct, queue: Queue, taken: Option<Taken>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let Some(message) = queue.receive().await else {
            tokio::time::sleep(Duration::from_millis(300)).await;
            continue;
        };
        let order: DeliverWebhook = serde_json::from_str(message.body()).expect("a command is JSON");
        if let Some(taken) = &taken {
            taken.note(order.webhook);
        }
        let event = message.event("deliver-webhook");
        let answer = tokio::select! {
            answer = worker.invoke(&event) => answer.expect("nobody killed it"),
            _ = stopped.changed() => return,
        };
        assert_eq!(answer, json!({ "batchItemFailures": [] }), "{}", worker.last_words());
        assert!(queue.delete(&message).await, "nobody else has received it");
        let _ = worker.proxy.take_calls();
    }
}
