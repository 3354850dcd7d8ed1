//! What must be true of deliveries in the end, read off the table, the queues and the receivers.

use std::collections::{BTreeMap, BTreeSet};

use domain::{DeliverWebhook, DeliveryId, Event, Lane};
use serde_json::{Value, json};
use simulators::WebhookSink;
use simulators::webhook_sink::Received;

use crate::cast::{Cast, Manner, Member};
use crate::ground::Ground;
use crate::{receivers, time};

const TERMINAL: &str = "webhook.delivery_failed_terminal";
const PAUSED: &str = "webhook.endpoint_auto_paused";
/// From the first attempt of a delivery to its last retry, by the published schedule; a little less by other clocks.
const RETRIED_FOR_MILLIS: i64 = 48 * 3_600_000 - 5_000;
const EMPTY: [&str; 11] = [
    "FanOutEventQueue",
    "FanOutEventDlq",
    "DeliverableEventsDlq",
    "DeliverWebhookQueue",
    "RetryWebhookQueue",
    "DeliverWebhookDlq",
    "ReleaseDeliveriesQueue",
    "ReleaseDeliveriesDlq",
    "CheckViesQueue",
    "UnmatchedEventsQueue",
    "UnmatchedEventsDlq",
];

/// Every dead letter is a command about a delivery that was tried as often as the template says, and goes back to where it
/// came from.
pub(crate) async fn redrive(ground: &Ground) {
    let behind = &ground.world().behind;
    let (dead, fast) = (behind.queue_of("DeliverWebhookDlq"), behind.queue_of("DeliverWebhookQueue"));
    let (slow, most) = (behind.queue_of("RetryWebhookQueue"), fast.most_receives().await);
    assert_eq!(slow.most_receives().await, most);
    let mut moved = 0;
    while let Some(letter) = dead.receive().await {
        let command: DeliverWebhook = serde_json::from_str(letter.body()).expect("a dead letter is a command");
        assert!(letter.receives() > most, "it was given up after fewer than {most} times: {letter:?}");
        let source = if command.lane == Lane::Fast { &fast } else { &slow };
        source.send(letter.body()).await;
        dead.delete(&letter).await;
        moved += 1;
    }
    println!("{moved} dead letters went back");
}

/// What became of an endpoint's deliveries.
struct Read<'c> {
    member: &'c Member,
    /// By id.
    deliveries: BTreeMap<String, Value>,
    received: Vec<Received>,
}

impl Read<'_> {
    /// Its deliveries of what happened to buyers, or of what happened to other endpoints.
    fn of(&self, about_webhooks: bool) -> impl Iterator<Item = (&String, &Value)> {
        let is = move |item: &Value| item["eventType"]["S"].as_str().is_some_and(|it| it.starts_with("webhook."));
        self.deliveries.iter().filter(move |(_, item)| is(item) == about_webhooks)
    }

    fn count(&self, state: &str, reason: Option<&str>) -> usize {
        let is = |item: &&Value| item["state"]["S"] == state && item["reason"]["S"].as_str() == reason;
        self.deliveries.values().filter(is).count()
    }
}

/// All of it.
pub(crate) async fn verdict(ground: &Ground, cast: &Cast, sink: &WebhookSink, happened: &[Event]) {
    let (mut received, mut all) = (receivers::by_path(sink), Vec::new());
    for member in &cast.members {
        let items = ground.world().behind.items(&format!("DELIVERY#{}", member.hook.id)).await;
        let id = |item: &Value| item["sk"]["S"].as_str().expect("a key").to_owned();
        let deliveries = items.into_iter().map(|item| (id(&item), item)).collect();
        all.push(Read { member, deliveries, received: received.remove(&member.hook.path).unwrap_or_default() });
    }
    assert!(received.is_empty(), "sent to nobody's endpoint: {received:?}");
    for read in &all {
        let [delivered, exhausted, gone, nowhere] = [
            read.count("DELIVERED", None),
            read.count("FAILED", Some("EXHAUSTED")),
            read.count("FAILED", Some("GONE")),
            read.count("FAILED", Some("NO_ENDPOINT")),
        ];
        let Member { manner, asks, client, .. } = read.member;
        println!(
            "{manner:?} {asks:?}, its client {client:?}: {delivered} delivered, {exhausted} exhausted, {gone} gone, \
             {nowhere} nowhere, {} received",
            read.received.len()
        );
        is_recorded_as_asked(read, happened);
        for (id, item) in &read.deliveries {
            is_over(read, id, item);
        }
        is_received_as_recorded(read);
        match manner {
            Manner::Takes => assert_eq!(delivered, read.deliveries.len(), "whatever is sent to it arrives"),
            Manner::MostlyFails => assert!(delivered > 0 && exhausted > 0, "both happens"),
            Manner::Fails => assert!(delivered > 0, "once it was repaired and resumed"),
            // Whose 410 came to an attempt beside one that was taken, is gone without a delivery that says so.
            Manner::Leaves => assert!(delivered > 0 && gone + nowhere > 0, "both happens"),
        }
    }
    is_told(ground, &all).await;
    let left = time::due(ground).await;
    assert!(left.is_empty(), "nobody has done it: {left:?}");
    for queue in EMPTY {
        assert_eq!(ground.world().behind.queue_of(queue).messages().await, 0, "{queue}");
    }
}

/// One delivery of each event that it asks for, under the id that follows from both; of what happened to buyers no other.
fn is_recorded_as_asked(read: &Read<'_>, happened: &[Event]) {
    let Member { hook, manner, asks, .. } = read.member;
    let asked = happened.iter().filter(|event| asks.contains(&event.kind));
    let asked: BTreeMap<_, _> =
        asked.map(|event| (DeliveryId::of(&event.id, &hook.id).to_string(), event.id.as_str())).collect();
    for (id, item) in read.of(false) {
        assert_eq!(item["eventId"]["S"].as_str(), asked.get(id).copied(), "{} did not ask for {item}", hook.id);
    }
    // Those who are gone are sent nothing more.
    let recorded: BTreeSet<_> = read.of(false).map(|(id, _)| id).collect();
    let missing: Vec<_> = asked.keys().filter(|id| !recorded.contains(*id)).collect();
    assert!(
        missing.is_empty() || *manner == Manner::Leaves,
        "{} of {} that it asked for were never recorded: {missing:?}",
        missing.len(),
        asked.len()
    );
    assert!(read.member.watches || read.of(true).count() == 0, "{} watches no others", hook.id);
}

/// It came to an end that fits what its receiver answered.
fn is_over(read: &Read<'_>, id: &str, item: &Value) {
    let answered =
        || read.received.iter().filter(|it| it.headers["x-novatrade-delivery-id"] == *id).map(|it| it.status);
    let log = item["log"]["L"].as_array().map_or(&[][..], Vec::as_slice);
    let status = |attempt: &Value| attempt["M"]["status"]["N"].as_str().and_then(|it| it.parse::<u16>().ok());
    let (last, noted) = (log.last().and_then(status), log.iter().filter_map(status));
    let is_success = |status: &u16| (200..300).contains(status);
    assert!(item.get("dueAt").is_none(), "it is over, and due: {item}");
    for status in noted {
        assert!(answered().any(|answer| answer == status), "{status} was noted, and never answered: {item}");
    }
    match (item["state"]["S"].as_str(), item["reason"]["S"].as_str()) {
        (Some("DELIVERED"), None) => assert!(answered().any(|answer| is_success(&answer)), "never taken: {item}"),
        (Some("FAILED"), Some("EXHAUSTED")) => {
            assert!(last.is_none_or(|status| !is_success(&status)), "{item}");
            let millis = |text: &Value| text["S"].as_str().and_then(|at| at.parse().ok()).map(domain::Instant::millis);
            let tried = millis(&item["failedAt"]).zip(millis(&item["firstAttemptAt"]));
            let tried = tried.map(|(end, first)| end - first);
            assert!(tried >= Some(RETRIED_FOR_MILLIS), "given up too soon, after {tried:?} ms: {item}");
        }
        (Some("FAILED"), Some("GONE")) => assert!(answered().any(|answer| answer == 410), "never gone: {item}"),
        (Some("FAILED"), Some("NO_ENDPOINT")) => assert_eq!(read.member.manner, Manner::Leaves, "{item}"),
        _ => panic!("it has not come to its end: {item}"),
    }
}

/// Whatever it received was recorded, and is the same each time, and signed by its secret.
fn is_received_as_recorded(read: &Read<'_>) {
    for received in &read.received {
        let id = &received.headers["x-novatrade-delivery-id"];
        let item = read.deliveries.get(id).unwrap_or_else(|| panic!("received, and never recorded: {received:?}"));
        assert_eq!(item["payload"]["S"], json!(received.body), "{id}");
        let body: Value = serde_json::from_str(&received.body).expect("JSON");
        for event_id in [&received.headers["webhook-id"], &received.headers["x-novatrade-event-id"]] {
            assert_eq!((&item["eventId"]["S"], &body["id"]), (&json!(event_id), &json!(event_id)), "{id}");
        }
        read.member.hook.assert_signed(received);
    }
}

/// Those who watch were told once of every delivery that failed for good, and of every pause by the service; and each pause
/// and each end ordered its mail.
async fn is_told(ground: &Ground, all: &[Read<'_>]) {
    let mut mails = BTreeMap::<_, BTreeSet<_>>::new();
    for order in ground.world().behind.drain_queue("SendMailQueue").await {
        let kind = order["notice"]["kind"].as_str().expect("an order has a notice").to_owned();
        mails.entry(kind).or_default().insert(order["id"].to_string());
    }
    let mailed = |kind: &str| mails.get(kind).map_or(0, BTreeSet::len);
    let mut stopped = BTreeMap::<String, usize>::new();
    for organisation in all.iter().map(|read| read.member.hook.organisation).collect::<BTreeSet<_>>() {
        let of_it: Vec<_> = all.iter().filter(|read| read.member.hook.organisation == organisation).collect();
        let items = ground.world().behind.items(&format!("WEBHOOKS#{organisation}")).await;
        let logged = items.iter().filter(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("LOG#")));
        let mut pauses = 0;
        for kind in logged.filter_map(|item| item["kind"]["S"].as_str()) {
            pauses += usize::from(kind == "AUTO_PAUSED");
            *stopped.entry(kind.to_owned()).or_default() += 1;
        }
        let failed = of_it
            .iter()
            .flat_map(|read| read.of(false))
            .filter(|(_, item)| ["EXHAUSTED", "GONE"].iter().any(|reason| item["reason"]["S"] == *reason));
        let failed: BTreeSet<_> = failed.map(|(id, _)| id.clone()).collect();
        for watching in of_it.iter().filter(|read| read.member.watches) {
            let told = |kind: &'static str| watching.of(true).filter(move |(_, item)| item["eventType"]["S"] == kind);
            let about = told(TERMINAL).map(|(_, item)| {
                let payload: Value = serde_json::from_str(item["payload"]["S"].as_str().expect("text")).expect("JSON");
                payload["data"]["deliveryId"].as_str().expect("an id").to_owned()
            });
            let about: Vec<_> = about.collect();
            let once: BTreeSet<_> = about.iter().cloned().collect();
            assert_eq!(about.len(), once.len(), "told more than once: {about:?}");
            assert!(once.is_superset(&failed), "not told of {:?}", failed.difference(&once));
            assert_eq!(told(PAUSED).count(), pauses, "pauses by the service");
        }
        println!("{} failed for good, {pauses} pauses by the service", failed.len());
    }
    let of = |kind: &str| stopped.get(kind).copied().unwrap_or_default();
    assert!(of("AUTO_PAUSED") > 0 && of("AUTO_DISABLED") == 1, "{stopped:?}");
    assert_eq!((mailed("webhookPaused"), mailed("webhookDisabled")), (of("AUTO_PAUSED"), of("AUTO_DISABLED")));
}
