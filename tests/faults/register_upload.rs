//! Bytes that arrived become a document or are rejected, once, whatever goes wrong and however often they are told of.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use blackbox::{Crew, Direct, World, event_file, pdf};
use serde_json::{Value, json};
use simulators::fault_proxy::{Call, Fault, Trouble};
use tokio::sync::Notify;

use crate::arrivals::{Arrival, Becomes, arrivals};
use crate::document_rules::{Buckets, of_kind, text};
use crate::ground::{Ground, Stored};
use crate::struck::{Struck, all_of};
use crate::together;

/// Longer than a whole registration takes, shorter than any client of ours waits.
const A_WHILE: Duration = Duration::from_millis(700);

/// From a call's arrival at the proxy.
const TO_TAKE_EFFECT: Duration = Duration::from_millis(50);

const FUNCTION: &str = "register-upload";

/// A deployment whose own worker never hears of what arrives: those of the test are told.
struct Yard {
    crew: Crew,
    buckets: Buckets,
}

impl Yard {
    async fn open(name: &str) -> Arc<Self> {
        let world = World::beside(name, &[]).await;
        world.behind.put_object("IncomingBucket", "?notification", b"<NotificationConfiguration/>").await;
        let buckets = Buckets::of(&world);
        Arc::new(Self { crew: Crew::of(world), buckets })
    }

    fn world(&self) -> &World {
        self.crew.world()
    }
}

/// An upload whose bytes have arrived, and the message that tells of it.
struct Arrived {
    name: String,
    arrival: Arrival,
    ground: Ground,
    upload: String,
    event: Value,
    before: Stored,
}

impl Arrived {
    async fn at(yard: &Yard, arrival: Arrival, name: String) -> Self {
        let world = yard.world();
        let ground = Ground::new(world).await;
        for request in arrival.before {
            let reply = yard.crew.send(&request(&ground, &ground.stored(world).await)).await;
            assert!(reply.status < 300, "{name}, before: {reply:?}");
        }
        let announced = yard.crew.send(&arrival.announce(&ground)).await;
        assert_eq!(announced.status, 201, "{name}, before: {announced:?}");
        let upload = announced.json["uploadId"].as_str().expect("an id").to_owned();
        let event = event_file(FUNCTION, &[("BUYER", &ground.buyer.to_string()), ("UPLOAD", &upload)]);
        let before = ground.stored(world).await;
        let arrived = Self { name, arrival, ground, upload, event, before };
        arrived.put(yard).await;
        arrived
    }

    fn key(&self) -> String {
        format!("{}/{}", self.ground.buyer, self.upload)
    }

    /// Puts the bytes, as whoever has the address may again and again.
    async fn put(&self, yard: &Yard) {
        yard.world().behind.put_object("IncomingBucket", &self.key(), &pdf(self.arrival.sent)).await;
    }

    /// What the rules say, and that bytes which are gone are those of an upload that is over.
    async fn check(&self, yard: &Yard) -> (Stored, bool) {
        let stored = yard.buckets.check(yard.world(), &self.ground, &self.name).await;
        let waits = yard.buckets.has_arrived(&self.key()).await;
        let upload = of_kind(&stored, "UPLOAD#")[0];
        let state = text(upload, "uploadState");
        assert!(waits || state != "PENDING", "{}: bytes are gone and nothing came of them", self.name);
        if state == "REGISTERED" {
            let documents = of_kind(&stored, "DOC#");
            let document = documents.iter().find(|document| text(document, "uuid") == text(upload, "document"));
            assert!(document.is_some(), "{}: registered as no document: {upload}", self.name);
        }
        (stored, waits)
    }

    /// What it must have come to.
    async fn check_end(&self, yard: &Yard) -> Stored {
        let ((stored, waits), name) = (self.check(yard).await, &self.name);
        assert!(!waits, "{name}: the bytes still lie where they arrived");
        let added = usize::from(matches!(self.arrival.becomes, Becomes::New));
        for kind in ["DOC#", "REV#"] {
            assert_eq!(stored.count(kind), self.before.count(kind) + added, "{name}: {kind}");
        }
        assert_eq!(stored.count("UPLOAD#"), 1, "{name}");
        assert_eq!(stored.receipts, self.before.receipts, "{name}: a worker has no receipts");
        let upload = of_kind(&stored, "UPLOAD#")[0];
        let active = of_kind(&stored, "NOW#ACTIVE#").first().map(|pointer| text(pointer, "document").to_owned());
        match self.arrival.becomes {
            Becomes::New | Becomes::ActiveOne => {
                assert_eq!(text(upload, "uploadState"), "REGISTERED", "{name}");
                assert_eq!(Some(text(upload, "document")), active.as_deref(), "{name}");
            }
            Becomes::Rejected(problem) => {
                assert_eq!((text(upload, "uploadState"), text(upload, "problem")), ("REJECTED", problem), "{name}");
                assert!(text(upload, "detail").starts_with("The file must "), "{name}: {upload}");
            }
        }
        stored
    }

    /// Whether this answer says that the message is done with; else it names the message, so that it comes again.
    fn is_done(&self, answer: &Value) -> bool {
        let failures = answer["batchItemFailures"].as_array().unwrap_or_else(|| panic!("{}: {answer}", self.name));
        let message = &self.event["Records"][0]["messageId"];
        assert!(failures.is_empty() || *failures == [json!({"itemIdentifier": message})], "{}: {answer}", self.name);
        failures.is_empty()
    }

    /// The message in peace: it is done with, and the end is right.
    async fn deliver(&self, yard: &Yard, worker: &mut Direct) -> Stored {
        let answer = worker.invoke(&self.event).await.expect("nobody killed it");
        assert!(self.is_done(&answer), "{}: {answer}\n{}", self.name, worker.last_words());
        self.check_end(yard).await
    }
}

/// What a registration asks of AWS when nothing goes wrong.
async fn calls_of(yard: &Yard, arrival: Arrival) -> Arc<Vec<Call>> {
    let arrived = Arrived::at(yard, arrival, arrival.case.to_owned()).await;
    let mut worker = yard.crew.lend(FUNCTION).await;
    let _ = worker.proxy.take_calls();
    arrived.deliver(yard, &mut worker).await;
    Arc::new(worker.proxy.take_calls())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_whichever_call_bytes_that_arrived_become_one_document_or_are_rejected() {
    let yard = Yard::open("faults").await;
    let mut cases = Vec::new();
    for arrival in arrivals() {
        let calls = calls_of(&yard, arrival).await;
        for struck in all_of(&calls, 0, arrival.case == "superseding") {
            let name = format!("{}: {}", arrival.case, struck.name(&calls));
            let (yard, calls) = (yard.clone(), calls.clone());
            let case = async move { troubled(&yard, Arrived::at(&yard, arrival, name).await, struck, &calls).await };
            cases.push((struck.lasting, format!("{}: {}", arrival.case, struck.fault.name), case));
        }
    }
    assert!(cases.len() > 200, "{} cases", cases.len());
    cases.sort_by_key(|(lasting, ..)| !lasting);
    together::run(cases.into_iter().map(|(_, name, case)| (name, case))).await;
}

/// One fault with one call; then the message comes again, is done with, and comes once more all the same.
async fn troubled(yard: &Yard, arrived: Arrived, Struck { fault, index, lasting }: Struck, calls: &[Call]) {
    let name = &arrived.name;
    let mut worker = yard.crew.lend(FUNCTION).await;
    let trouble = fault.at(index, calls, &worker);
    worker.proxy.order(if lasting { trouble.lasting() } else { trouble });
    let first = worker.invoke(&arrived.event).await;
    assert!(worker.proxy.struck() > 0, "{name}: nothing went wrong");
    worker.proxy.calm();
    assert_eq!(first.is_none(), fault.kills(), "{name}: {first:?}\n{}", worker.last_words());
    arrived.check(yard).await;
    if first.is_some_and(|answer| arrived.is_done(&answer)) {
        arrived.check_end(yard).await;
    }
    if fault.kills() {
        worker.restart().await;
    }
    let ended = arrived.deliver(yard, &mut worker).await;
    assert_eq!(arrived.deliver(yard, &mut worker).await, ended, "{name}: the message once more had an effect");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_worked_on_twice_at_once_has_one_effect_wherever_the_first_one_pauses() {
    let yard = Yard::open("twice").await;
    let mut cases = Vec::new();
    for arrival in arrivals() {
        let calls = calls_of(&yard, arrival).await;
        for index in 0..calls.len() {
            let (name, yard) = (format!("{}, pausing after call {index}", arrival.case), yard.clone());
            let case = {
                let name = name.clone();
                async move { overtaken(&yard, Arrived::at(&yard, arrival, name).await, index).await }
            };
            cases.push((name, case));
        }
    }
    together::run(cases).await;
}

/// One worker pauses between a call's effect and its answer, and another one does it all meanwhile.
async fn overtaken(yard: &Yard, arrived: Arrived, index: usize) {
    let (mut slow, mut quick) = (yard.crew.lend(FUNCTION).await, yard.crew.lend(FUNCTION).await);
    let (count, reached) = (AtomicUsize::new(0), Arc::new(Notify::new()));
    let tell = reached.clone();
    let pause = Trouble::new(Fault::Slow(A_WHILE)).at(index).of(move |_| {
        if count.fetch_add(1, Ordering::Relaxed) == index {
            tell.notify_one();
        }
        true
    });
    slow.proxy.order(pause);
    let meanwhile = async {
        reached.notified().await;
        tokio::time::sleep(TO_TAKE_EFFECT).await;
        arrived.deliver(yard, &mut quick).await
    };
    let (answer, ended) = tokio::join!(slow.invoke(&arrived.event), meanwhile);
    arrived.is_done(&answer.expect("nobody killed it"));
    assert_eq!(arrived.check_end(yard).await, ended, "{}: the slower one had an effect", arrived.name);
    assert_eq!(arrived.deliver(yard, &mut slow).await, ended, "{}", arrived.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_at_the_same_instant_and_bytes_that_arrive_again_later_change_nothing() {
    let yard = Yard::open("again").await;
    let rounds = (0..6).flat_map(|round| arrivals().into_iter().map(move |arrival| (round, arrival)));
    let cases = rounds.map(|(round, arrival)| {
        let (name, yard) = (format!("{}, round {round}", arrival.case), yard.clone());
        let case = {
            let name = name.clone();
            async move { at_once(&yard, Arrived::at(&yard, arrival, name).await).await }
        };
        (name, case)
    });
    together::run(cases.collect::<Vec<_>>()).await;
}

async fn at_once(yard: &Yard, arrived: Arrived) {
    let (mut one, mut other) = (yard.crew.lend(FUNCTION).await, yard.crew.lend(FUNCTION).await);
    let (first, second) = tokio::join!(one.invoke(&arrived.event), other.invoke(&arrived.event));
    let done: BTreeSet<_> = [first, second].map(|answer| arrived.is_done(&answer.expect("nobody killed it"))).into();
    assert!(done.contains(&true), "{}: each was in the other's way", arrived.name);
    let ended = arrived.check_end(yard).await;
    arrived.put(yard).await;
    assert_eq!(arrived.deliver(yard, &mut one).await, ended, "{}: the same bytes once more", arrived.name);
}
