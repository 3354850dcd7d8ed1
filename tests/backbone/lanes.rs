//! A member state whose registry hangs delays no other, and no state is asked more things at once than it has lanes.
//!
//! Two deployments work a thousand checks each, at the same time: in one every registry is as it should be, in the
//! other one hangs. Whatever else this machine does, it does to both, so that only the hanging state tells them apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Stopwatch};

use blackbox::{Crew, Direct, Queue};
use domain::{BuyerId, CheckId, Instant};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use simulators::Vies;
use simulators::vies::{COUNTRIES, magic_variant};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::ground::{Ground, Promised};
use crate::time;

const CHECKS: usize = 1_000;
/// The member states, without Northern Ireland.
const STATES: usize = 27;
const HANGING: &str = "FR";
/// More than may ask at once, so that it is the groups that keep the rest waiting.
const POLLERS: usize = 64;
/// An answer of VIES takes that long: what a check waits for is then the others of its lane, and not this machine.
const ANSWER: Duration = Duration::from_secs(1);
/// How long the checks of all states that answer may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// How many checks may have been left for later without an attempt, in percent.
const MOST_LEFT: usize = 2;
/// How long a check may wait because another state hangs, in percent of what it waits otherwise.
const LATER: i64 = 120;

/// A deployment with a VIES of its own and a thousand checks to be made.
struct Flow {
    vies: Vies,
    ground: Ground,
    queue: Queue,
    lanes: usize,
    /// Of all states but that which hangs in one of the flows.
    wanted: Vec<Promised>,
}

/// How a flow went.
struct Flowed {
    /// From the beginning to each verdict, in milliseconds; sorted.
    waited: Vec<i64>,
    /// The most questions at once, by state.
    most: BTreeMap<String, usize>,
    lanes: usize,
}

impl Flowed {
    fn percentile(&self, percent: usize) -> i64 {
        percentile(&self.waited, percent)
    }
}

/// Of sorted numbers.
pub(crate) fn percentile(sorted: &[i64], percent: usize) -> i64 {
    sorted[sorted.len() * percent / 100]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_hangs_delays_no_other_and_none_is_asked_more_at_once_than_it_has_lanes() {
    let _alone = crate::alone().await;
    let (peaceful, troubled) = tokio::join!(Flow::prepare("peaceful"), Flow::prepare("troubled"));
    troubled.vies.hang(HANGING);
    let (peaceful, troubled) = tokio::join!(Box::pin(peaceful.run()), Box::pin(troubled.run()));
    for (flow, name) in [(&peaceful, "without"), (&troubled, "with")] {
        println!("{name} a hanging state: p50 {} ms, p95 {} ms", flow.percentile(50), flow.percentile(95));
    }
    let percent = troubled.percentile(95) * 100 / peaceful.percentile(95);
    println!("p95 of the other states, with to without: {percent} %");
    for Flowed { most, lanes, .. } in [&peaceful, &troubled] {
        assert_eq!(most.len(), STATES, "{most:?}");
        let other: BTreeMap<_, _> = most.iter().filter(|(_, most)| *most != lanes).collect();
        assert!(other.is_empty(), "not {lanes} questions at once: {other:?}");
    }
    assert!(percent <= LATER, "the checks of other states take {percent} % of the time");
}

impl Flow {
    /// Everything up to the queue: buyers, requests, relay.
    async fn prepare(name: &str) -> Self {
        let vies = Vies::start(0).await.expect("a free port");
        vies.take(ANSWER);
        let ground = Ground::new(name, &[("ViesUrl", &vies.url())]).await;
        let behind = &ground.world().behind;
        let relay = behind.deployment.configuration_of("relay-outbox").await.expect("it is deployed");
        let lanes = relay.environment["VIES_LANES"].parse().expect("a number");
        assert!(POLLERS > STATES * lanes, "{POLLERS} pollers are no more than the {lanes} lanes of each state");
        let queue = behind.queue_of("CheckViesQueue");
        assert_is_as_the_template_says(&queue).await;
        let buyers = buyers(&ground).await;
        let checks = ground.check(&buyers.iter().map(|(buyer, _)| *buyer).collect::<Vec<_>>()).await;
        assert!(checks.iter().all(|check| check.opened));
        let records = behind.stream().await.next().await;
        assert_eq!(records.len(), CHECKS);
        send(&ground.crew, &records).await;
        assert_eq!(queue.messages().await, CHECKS);
        let wanted = checks.into_iter().zip(buyers).filter(|(_, (_, state))| *state != HANGING);
        let wanted = wanted.map(|(check, _)| check).collect();
        Self { vies, ground, queue, lanes, wanted }
    }

    /// Has all pollers work until the checks of all states that answer are over.
    async fn run(self) -> Flowed {
        let Self { vies, ground, queue, lanes, wanted } = self;
        let workers = stream::iter(0..POLLERS).map(|_| Direct::start(ground.world(), "check-vies"));
        let workers: Vec<_> = workers.buffered(8).collect().await;
        let waiting: BTreeSet<_> = wanted.iter().map(|check| check.check).collect();
        let waiting = Arc::new(Mutex::new(waiting));
        let (stop, stopped) = watch::channel(false);
        let (begun, stopwatch) = (storage::now(), Stopwatch::now());
        let mut pollers = JoinSet::new();
        for worker in workers {
            pollers.spawn(poll(worker, queue.clone(), Arc::clone(&waiting), stopped.clone()));
        }
        loop {
            let left = waiting.lock().expect("no poller panics").len();
            if left == 0 {
                break;
            }
            assert!(stopwatch.elapsed() < PATIENCE, "{left} checks of states that answer still wait");
            time::fail_with(&mut pollers);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let most = vies.take_most_at_once();
        stop.send(true).expect("pollers listen");
        pollers.join_all().await;
        let stored = ground.stored(&wanted).await;
        // What a worker could not read in time, on a machine as busy as this, it left to the index: nobody looks there here.
        let (left, ended): (Vec<_>, Vec<_>) = stored.into_iter().partition(|stored| stored["attempts"]["N"] == "0");
        assert!(left.len() * 100 <= wanted.len() * MOST_LEFT, "{} of {} were left", left.len(), wanted.len());
        let waited = ended.into_iter().map(|stored| {
            assert_eq!(stored["result"]["S"], "VALID", "{stored}");
            let checked_at: Instant = stored["checkedAt"]["S"].as_str().expect("a time").parse().expect("an instant");
            checked_at.millis() - begun.millis()
        });
        let mut waited: Vec<_> = waited.collect();
        waited.sort_unstable();
        Flowed { waited, most, lanes }
    }
}

/// Nothing is overridden: what is worked here is what is deployed.
async fn assert_is_as_the_template_says(queue: &Queue) {
    let template: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(include_str!("../../infra/template.yaml")).expect("the template is YAML");
    let said = &template["Resources"]["CheckViesQueue"]["Properties"];
    let attributes = queue.attributes().await;
    for name in ["FifoQueue", "DeduplicationScope", "FifoThroughputLimit", "VisibilityTimeout"] {
        let said = &said[name];
        let text = said.as_str().map(str::to_owned).or_else(|| said.as_u64().map(|number| number.to_string()));
        let text = text.or_else(|| said.as_bool().map(|yes| yes.to_string()));
        assert!(text.is_some() && attributes[name].as_str() == text.as_deref(), "{name}: {said:?}, {attributes}");
    }
}

/// As many buyers as checks, the same number of each state or one more; their states.
async fn buyers(ground: &Ground) -> Vec<(BuyerId, &'static str)> {
    let states: Vec<_> = COUNTRIES.into_iter().filter(|state| *state != "XI").collect();
    assert_eq!(states.len(), STATES);
    let of = |n: usize| states[n % STATES];
    let numbers: Vec<_> = (0..CHECKS).map(|n| magic_variant(of(n), "100", n / STATES)).collect();
    let buyers = ground.buyers(&numbers).await;
    buyers.into_iter().enumerate().map(|(n, buyer)| (buyer, of(n))).collect()
}

/// Has relays send what these records cause.
async fn send(crew: &Crew, records: &[Value]) {
    let sends = stream::iter(records.chunks(25)).map(|batch| async move {
        let mut relay = crew.lend("relay-outbox").await;
        let answer = relay.invoke(&json!({ "Records": batch })).await.expect("nobody killed it");
        assert_eq!(answer, json!({ "batchItemFailures": [] }), "{}", relay.last_words());
    });
    sends.buffer_unordered(4).collect::<()>().await;
}

/// Works the queue as Lambda does, one message at a time, until it is told to stop.
async fn poll(
    mut worker: Direct,
    queue: Queue,
    waiting: Arc<Mutex<BTreeSet<CheckId>>>,
    mut stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        let Some(message) = queue.receive().await else {
            tokio::time::sleep(Duration::from_millis(500)).await;
            continue;
        };
        let event = message.event("check-vies");
        let answer = tokio::select! {
            answer = worker.invoke(&event) => answer.expect("nobody killed it"),
            _ = stopped.changed() => return,
        };
        assert_eq!(answer, json!({ "batchItemFailures": [] }), "{}", worker.last_words());
        assert!(queue.delete(&message).await, "nobody else has received it");
        let body: Value = serde_json::from_str(message.body()).expect("a command is JSON");
        let check = body["checkId"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        waiting.lock().expect("no poller panics").remove(&check);
        let _ = worker.proxy.take_calls();
    }
}
