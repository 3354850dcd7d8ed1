//! Nothing true stays unsent: events leave the table, at once or later, once or again, under one id.

use blackbox::{Draft, World, buyer_body, event_file, fresh_vat_number, until};
use domain::{Actor, Buyer, Cause, Effect, Event, EventId, EventType, RequestId, SellerId, Source};
use serde_json::{Value, json};
use storage::{Answer, Change, Decision, Modified};

/// A tick, and what it says it did.
pub(crate) async fn run_due(world: &World) -> Value {
    let answer = world.behind.invoke("run-due", &event_file("run-due", &[])).await;
    assert_eq!(answer.function_error, None, "{}", answer.log_tail);
    answer.payload
}

/// Creates a buyer over HTTP and reads it back as our own code sees it.
pub(crate) async fn new_buyer(world: &World) -> Buyer {
    let api = world.organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    assert_eq!(created.status, 201, "{created:?}");
    let seller: SellerId = api.seller.parse().unwrap();
    let id = created.json["uuid"].as_str().unwrap().parse().unwrap();
    world.table().read_buyers().get(seller, id).await.unwrap().unwrap()
}

/// Commits a revision with an event, as the VIES worker will; answers the event.
pub(crate) async fn report(world: &World, buyer: &Buyer) -> Event {
    let at = storage::now();
    let event = Event {
        id: EventId::of(buyer.uuid, buyer.seq + 1, EventType::ViesCheckFailed.name()),
        kind: EventType::ViesCheckFailed,
        schema_version: 1,
        source: Source::System,
        created_at: at,
        partner_uuid: buyer.seller,
        data: json!({"buyerUuid": buyer.uuid, "seq": buyer.seq + 1, "buyerVersion": buyer.version}),
    };
    let actor = Actor::System { function: "test".to_owned() };
    let cause = Cause { actor, source: Source::System, request_id: RequestId::fresh(), at };
    let effect = Effect::Event(event.clone());
    let report = |now: &Buyer| Decision::<()>::Change(Box::new(Change::report(now, effect.clone())));
    let buyers = world.table().modify_buyers();
    let done = |_: &Buyer| Answer::empty(204);
    let modified = buyers.modify((buyer.seller, buyer.uuid), &cause, None, report, done).await.unwrap();
    assert!(matches!(modified, Modified::Done(_)));
    event
}

/// The same, ten minutes ago: overdue, if nobody has sent it.
pub(crate) async fn report_long_ago(world: &World, buyer: &Buyer) -> Event {
    let event = report(world, buyer).await;
    for mut waiting in due(world, buyer).await {
        waiting["dueAt"]["N"] = json!(storage::now().plus_seconds(-480).millis().to_string());
        world.behind.overwrite(&waiting).await;
    }
    event
}

/// The events with that id which came out of the bus, waiting for at least so many.
async fn published(world: &World, id: &EventId, at_least: usize) -> Vec<Value> {
    let mut events = Vec::new();
    until(&format!("{at_least} times {id}"), async || {
        let drained = world.behind.drain_events().await;
        events.extend(drained.into_iter().filter(|message| message["detail"]["id"] == json!(id)));
        events.len() >= at_least
    })
    .await;
    events
}

/// The buyer's revisions whose effect still waits to be sent.
pub(crate) async fn due(world: &World, buyer: &Buyer) -> Vec<Value> {
    let items = world.behind.items(&format!("BUYER#{}", buyer.uuid)).await;
    items.into_iter().filter(|item| item.get("dueAt").is_some()).collect()
}

/// The event of the table's stream for that image of a new item.
pub(crate) fn stream_record(sequence_number: &str, image: &Value) -> Value {
    let mut record = event_file("relay-outbox", &[])["Records"][0].clone();
    record["dynamodb"]["SequenceNumber"] = json!(sequence_number);
    record["dynamodb"]["NewImage"] = image.clone();
    record
}

#[tokio::test]
async fn a_committed_event_reaches_the_bus_through_the_stream_and_is_settled() {
    let world = World::beside("relay", &[]).await;
    world.behind.tap_events().await;
    let buyer = new_buyer(&world).await;
    let event = report(&world, &buyer).await;
    let found = published(&world, &event.id, 1).await;
    assert_eq!(found.len(), 1, "exactly once when nothing goes wrong");
    let message = &found[0];
    assert_eq!(message["source"], "novatrade24.onboarding");
    assert_eq!(message["detail-type"], "kyc.vies_check_failed");
    assert_eq!(message["detail"], serde_json::to_value(&event).unwrap());
    until("the sent effect is settled", async || due(&world, &buyer).await.is_empty()).await;
    let id = buyer.uuid;
    assert_eq!(world.operator().verify_history(id).await.unwrap(), Ok(2), "settling does not touch what is hashed");
}

#[tokio::test]
async fn what_the_relay_could_not_send_run_due_sends_under_the_same_id() {
    let world = World::beside("straggler", &[]).await;
    world.behind.tap_events().await;
    let buyer = new_buyer(&world).await;
    world.behind.without_statement("relay-outbox", "SendEvents").await;

    // Not due yet: run-due leaves the relay its two minutes.
    let event = report(&world, &buyer).await;
    let idle = world.behind.invoke("run-due", &json!({})).await;
    assert_eq!(idle.payload, json!({"sent": 0, "unsent": 0, "checks": 0}), "{}", idle.log_tail);
    assert_eq!(published(&world, &event.id, 0).await, Vec::<Value>::new());
    assert_eq!(due(&world, &buyer).await.len(), 1);

    // Ten minutes old: overdue, and the relay never managed.
    let buyer = new_buyer(&world).await;
    let event = report_long_ago(&world, &buyer).await;
    let swept = world.behind.invoke("run-due", &json!({})).await;
    assert_eq!(swept.payload, json!({"sent": 1, "unsent": 0, "checks": 0}), "{}", swept.log_tail);
    let found = published(&world, &event.id, 1).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["detail"], serde_json::to_value(&event).unwrap());
    assert!(due(&world, &buyer).await.is_empty());
    let again = world.behind.invoke("run-due", &json!({})).await;
    assert_eq!(again.payload, json!({"sent": 0, "unsent": 0, "checks": 0}));
}

#[tokio::test]
async fn what_run_due_cannot_send_stays_leased_and_due() {
    let world = World::beside("lease", &[]).await;
    world.behind.tap_events().await;
    let buyer = new_buyer(&world).await;
    for function in ["relay-outbox", "run-due"] {
        world.behind.without_statement(function, "SendEvents").await;
    }
    let event = report_long_ago(&world, &buyer).await;
    let swept = world.behind.invoke("run-due", &json!({})).await;
    assert_eq!(swept.payload, json!({"sent": 0, "unsent": 1, "checks": 0}), "{}", swept.log_tail);
    assert!(swept.lines().any(|line| line["unsent"] == 1), "what an alarm counts: {}", swept.log_tail);
    assert_eq!(published(&world, &event.id, 0).await, Vec::<Value>::new());
    let waiting = due(&world, &buyer).await;
    let due_at: i64 = waiting[0]["dueAt"]["N"].as_str().unwrap().parse().unwrap();
    let lease = due_at - storage::now().millis();
    assert!((60_000..=120_000).contains(&lease), "leased for {lease} ms");
}

#[tokio::test]
async fn a_poisoned_record_does_not_hold_up_the_good_ones() {
    let world = World::beside("poison", &[]).await;
    world.behind.tap_events().await;
    let buyer = new_buyer(&world).await;
    let event = report(&world, &buyer).await;
    published(&world, &event.id, 1).await;
    let items = world.behind.items(&format!("BUYER#{}", buyer.uuid)).await;
    let revision = items.iter().find(|item| item.get("effect").is_some()).unwrap();
    let mut poisoned = revision.clone();
    poisoned["content"]["S"] = json!("{");
    let records = json!({"Records": [stream_record("1", &poisoned), stream_record("2", revision)]});
    let answer = world.behind.invoke("relay-outbox", &records).await;
    assert_eq!(answer.payload, json!({"batchItemFailures": [{"itemIdentifier": "1"}]}), "{}", answer.log_tail);
    let again = published(&world, &event.id, 1).await;
    assert_eq!(again.len(), 1, "sent once more, under the same id");
}
