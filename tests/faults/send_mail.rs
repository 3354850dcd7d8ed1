//! A mail that was ordered is sent, whatever goes wrong: once where that can be known, and never not at all.

use std::cmp::Ordering;

use blackbox::{Crew, Direct, Draft, World, event_file};
use serde_json::{Value, json};
use simulators::fault_proxy::Call;
use uuid::Uuid;

use crate::faults::{FAULTS, NamedFault};
use crate::together;

const FUNCTION: &str = "send-mail";
/// Claim, recipient, the mail itself, its record.
const THE_MAIL: usize = 2;
const CALLS: [&str; 4] = ["PutItem", "GetItem", "POST /v2/email/outbound-emails", "PutItem"];

/// An organisation of its own, and the message that orders a mail to its admin.
struct Ordered {
    name: String,
    address: String,
    partition: String,
    event: Value,
}

impl Ordered {
    async fn of(world: &World, name: String) -> Self {
        let mut organisation = Draft::new().organisation;
        let address = format!("admin@{}.example", organisation.uuid);
        organisation.admin_email = Some(address.clone());
        world.operator().put_organisation(&organisation).await.expect("an organisation");
        let uuid = organisation.uuid.to_string();
        let event = event_file(FUNCTION, &[("ORGANISATION", &uuid), ("SELLER", &Uuid::new_v4().to_string())]);
        Self { name, address, partition: format!("MAIL#{uuid}"), event }
    }

    /// What is known of the mail, if anything.
    async fn record(&self, world: &World) -> Option<Value> {
        let mut items = world.behind.items(&self.partition).await;
        assert!(items.len() <= 1, "{}: {items:?}", self.name);
        let record = items.pop();
        assert!(!format!("{record:?}").contains(&self.address), "{}: {record:?}", self.name);
        record
    }

    async fn sent(&self, world: &World) -> usize {
        world.inbox(&self.address).await.len()
    }

    /// Whether this answer says that the message is done with.
    fn is_done(&self, answer: &Value) -> bool {
        let message = &self.event["Records"][0]["messageId"];
        let again = json!([{"itemIdentifier": message}]);
        let failures = &answer["batchItemFailures"];
        assert!(*failures == json!([]) || *failures == again, "{}: {answer}", self.name);
        *failures == json!([])
    }

    /// The message again, when any lease is over, in peace: it is done with and the mail is on record.
    async fn deliver_later(&self, world: &World, worker: &mut Direct) {
        if let Some(mut record) = self.record(world).await.filter(|record| record["mailState"]["S"] == "SENDING") {
            record["leaseUntil"]["N"] = json!("1");
            world.behind.overwrite(&record).await;
        }
        let answer = worker.invoke(&self.event).await.expect("nobody killed it");
        assert!(self.is_done(&answer), "{}: {answer}\n{}", self.name, worker.last_words());
        let record = self.record(world).await.expect("a record");
        assert_eq!(record["mailState"]["S"], "SENT", "{}: {record}", self.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_whichever_call_an_ordered_mail_is_sent() {
    let crew = Crew::of(World::beside("mail-faults", &[]).await);
    let calls = calls_of(&crew).await;
    assert_eq!(calls.iter().map(Call::operation).collect::<Vec<_>>(), CALLS);
    let mut cases = Vec::new();
    for fault in FAULTS.iter().filter(|fault| calls.iter().any(|call| fault.of.includes(call))) {
        for index in 0..calls.len() {
            for lasting in [true, false].into_iter().filter(|lasting| !lasting || !fault.kills()) {
                let length = if lasting { "and all after it" } else { "once" };
                let name = format!("{} at call {index} {length}", fault.name);
                let (crew, calls, case) = (crew.clone(), calls.clone(), name.clone());
                cases.push((name, async move { troubled(&crew, case, (fault, index, lasting), &calls).await }));
            }
        }
    }
    assert!(cases.len() > 80, "{} cases", cases.len());
    together::run(cases).await;
}

/// What sending a mail asks of AWS when nothing goes wrong.
async fn calls_of(crew: &Crew) -> Vec<Call> {
    let ordered = Ordered::of(crew.world(), "in peace".to_owned()).await;
    let mut worker = crew.lend(FUNCTION).await;
    let _ = worker.proxy.take_calls();
    ordered.deliver_later(crew.world(), &mut worker).await;
    assert_eq!(ordered.sent(crew.world()).await, 1);
    worker.proxy.take_calls()
}

async fn troubled(crew: &Crew, name: String, (fault, index, lasting): (&NamedFault, usize, bool), calls: &[Call]) {
    let world = crew.world();
    let ordered = Ordered::of(world, name).await;
    let (name, mut worker) = (&ordered.name, crew.lend(FUNCTION).await);
    let trouble = fault.at(index, calls, &worker);
    worker.proxy.order(if lasting { trouble.lasting() } else { trouble });
    let first = worker.invoke(&ordered.event).await;
    assert!(worker.proxy.struck() > 0, "{name}: nothing went wrong");
    worker.proxy.calm();
    assert_eq!(first.is_none(), fault.kills(), "{name}: {first:?}\n{}", worker.last_words());
    if first.is_some_and(|answer| ordered.is_done(&answer)) {
        assert!(ordered.sent(world).await >= 1, "{name}: done with, and not sent");
    }
    if fault.kills() {
        worker.restart().await;
    }
    ordered.deliver_later(world, &mut worker).await;
    let sent = ordered.sent(world).await;
    // Only what is lost with the mail's answer, or never gets on record, may cost a second one.
    let once = match index.cmp(&THE_MAIL) {
        Ordering::Less => !lasting || fault.name != "sent twice",
        Ordering::Equal => false,
        Ordering::Greater => !lasting && !fault.kills(),
    };
    let most = if once { 1 } else { 3 };
    assert!((1..=most).contains(&sent), "{name}: sent {sent} times");
    ordered.deliver_later(world, &mut worker).await;
    assert_eq!(ordered.sent(world).await, sent, "{name}: the message once more had an effect");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_order_at_the_same_instant_is_one_mail() {
    let crew = Crew::of(World::beside("mail-at-once", &[]).await);
    let cases = (0..12).map(|round| {
        let (name, crew) = (format!("round {round}"), crew.clone());
        let case = name.clone();
        (name, async move { at_once(&crew, case).await })
    });
    together::run(cases.collect::<Vec<_>>()).await;
}

async fn at_once(crew: &Crew, name: String) {
    let world = crew.world();
    let ordered = Ordered::of(world, name).await;
    let (mut one, mut other) = (crew.lend(FUNCTION).await, crew.lend(FUNCTION).await);
    let (first, second) = tokio::join!(one.invoke(&ordered.event), other.invoke(&ordered.event));
    let done = [first, second].map(|answer| ordered.is_done(&answer.expect("nobody killed it")));
    assert!(done.contains(&true), "{}: each was in the other's way", ordered.name);
    assert_eq!(ordered.sent(world).await, 1, "{}", ordered.name);
}
