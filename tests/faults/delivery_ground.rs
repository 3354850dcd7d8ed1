//! What the cases of the delivery workers stand on: an organisation, its endpoints, and a deployment in which nothing is
//! worked but what a test hands out itself.

use blackbox::{Api, Crew, Direct, Draft, Request, World, event_file};
use domain::webhook::{Delivery, Endpoint, Envelope};
use domain::{EventId, EventType, Instant, OrganisationId, SellerId, WebhookId};
use serde_json::{Value, json};
use simulators::fault_proxy::Call;
use simulators::webhook_sink::Received;
use uuid::Uuid;

use crate::struck::Struck;

/// A deployment of its own.
pub(crate) async fn still(name: &str) -> World {
    let world = World::beside(name, &[]).await;
    world.behind.leave_alone().await;
    world
}

/// An organisation of a case's own.
pub(crate) struct Owner {
    /// Of the case.
    pub(crate) name: String,
    pub(crate) organisation: OrganisationId,
    token: String,
}

/// An endpoint whose receiver is the sink.
pub(crate) struct Hook {
    pub(crate) id: WebhookId,
    organisation: OrganisationId,
    /// Where the sink takes its deliveries.
    at: String,
}

impl Owner {
    /// Acts for a seller of its own.
    pub(crate) async fn of(world: &World, name: &str) -> Self {
        Self::acting_for(world, name, SellerId(Uuid::new_v4())).await
    }

    /// Acts for that seller.
    pub(crate) async fn acting_for(world: &World, name: &str, seller: SellerId) -> Self {
        let mut draft = Draft::new().acting_for(&[seller]);
        let organisation = draft.organisation.uuid;
        draft.organisation.admin_email = Some(format!("admin@{organisation}.example"));
        let Api { token, .. } = world.organisation(draft).await;
        Self { name: name.to_owned(), organisation, token }
    }

    /// An endpoint that asks for these events.
    pub(crate) async fn hook(&self, crew: &Crew, events: &[&str]) -> Hook {
        let at = format!("/hooks/{}", Uuid::new_v4());
        let url = format!("{}{at}", crew.world().stack.webhook_sink_url);
        let request = Request::new("register-webhook", &self.token).key(&at);
        let registered = crew.send(&request.json(json!({ "url": url, "events": events }))).await;
        let id = registered.json["id"].as_str().unwrap_or_else(|| panic!("{}, before: {registered:?}", self.name));
        Hook { id: id.parse().expect("an id"), organisation: self.organisation, at }
    }

    /// The client sets an endpoint's status.
    pub(crate) async fn set(&self, crew: &Crew, hook: &Hook, status: &str) {
        let request = Request::new("update-webhook", &self.token).key(Uuid::new_v4().to_string());
        let request = request.of("webhookId", &hook.id).json(json!({ "status": status }));
        let updated = crew.send(&request).await;
        assert_eq!(updated.status, 200, "{}, before: {updated:?}", self.name);
    }

    /// Mails and other work that were ordered and wait for the relay.
    pub(crate) async fn errands(&self, world: &World) -> Vec<Value> {
        world.behind.items(&format!("ERRAND#{}", self.organisation)).await
    }
}

impl Hook {
    /// Its item.
    pub(crate) async fn item(&self, world: &World) -> Value {
        self.items(world, "WEBHOOK#").await.pop().expect("an endpoint")
    }

    /// What ever changed of it.
    pub(crate) async fn log(&self, world: &World) -> Vec<Value> {
        self.items(world, "LOG#").await
    }

    async fn items(&self, world: &World, prefix: &str) -> Vec<Value> {
        let mut items = world.behind.items(&format!("WEBHOOKS#{}", self.organisation)).await;
        let prefix = format!("{prefix}{}", self.id);
        items.retain(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with(&prefix)));
        items
    }

    /// As a worker reads it.
    pub(crate) async fn endpoint(&self, world: &World) -> Endpoint {
        let found = world.table().read_webhooks().get(self.organisation, &self.id).await;
        found.expect("the table answers").expect("an endpoint")
    }

    /// It failed so often, for an hour, as if deliveries had.
    pub(crate) async fn failing(&self, world: &World, failures: u32) {
        let mut item = self.item(world).await;
        item["failures"] = json!({ "N": failures.to_string() });
        item["failingSince"] = json!({ "S": storage::now().plus_seconds(-3_600) });
        item["lastFailedAt"] = json!({ "S": storage::now() });
        world.behind.overwrite(&item).await;
    }

    /// What was put off comes up: as if its time had come.
    pub(crate) async fn comes_up(&self, world: &World) {
        for mut delivery in self.deliveries(world).await {
            let at = storage::now().plus_seconds(-10);
            delivery["nextAttemptAt"]["S"] = json!(at);
            delivery["dueAt"]["N"] = json!(at.millis().to_string());
            world.behind.overwrite(&delivery).await;
        }
    }

    /// Has the receiver answer so, for good.
    pub(crate) async fn answers(&self, world: &World, status: u16) {
        let url = format!("{}/_simulator/answers", world.stack.webhook_sink_url);
        let orders = json!({ "path": self.at, "answers": [{ "status": status }] });
        let told = reqwest::Client::new().post(url).json(&orders).send().await.expect("the sink answers");
        assert_eq!(told.status(), 204);
    }

    /// What the receiver got.
    pub(crate) async fn received(&self, world: &World) -> Vec<Received> {
        let url = format!("{}/received?path={}", world.stack.webhook_sink_url, self.at);
        reqwest::get(url).await.expect("the sink answers").json().await.expect("what came")
    }

    /// Its deliveries, as they are stored.
    pub(crate) async fn deliveries(&self, world: &World) -> Vec<Value> {
        world.behind.items(&format!("DELIVERY#{}", self.id)).await
    }

    /// An event of that number for it: recorded, and sent by nobody.
    pub(crate) async fn record(&self, world: &World, number: usize) -> Delivery {
        let (kind, endpoint) = (EventType::ViesCheckFailed, self.endpoint(world).await);
        let event = EventId::of_webhook(&self.id, &number.to_string(), kind.name());
        let data = json!({ "number": number });
        let happened = storage::now().plus_seconds(60 * i64::try_from(number).expect("a few") - 3_600);
        let envelope = Envelope::of_webhooks(event, kind, self.organisation, data, happened);
        let delivery = Delivery::of_event(&envelope, &endpoint, storage::now());
        let recorded = world.table().record_deliveries().record(&delivery, &endpoint).await;
        assert_eq!(recorded.expect("the table answers"), storage::Recorded::New);
        delivery
    }
}

/// A member of an item that is a text or a number.
pub(crate) fn text<'i>(item: &'i Value, member: &str) -> &'i str {
    let value = &item[member];
    value["S"].as_str().or_else(|| value["N"].as_str()).unwrap_or_default()
}

/// A delivery is over, or waits for its client, or has its place in the index and comes up again: nothing in between.
pub(crate) fn assert_whole(delivery: &Value, name: &str) {
    let is_pending = text(delivery, "state") == "PENDING";
    assert_eq!(delivery.get("dueAt").is_some(), is_pending, "{name}: over, or due again: {delivery}");
}

/// Whether it was to be held, in a case of that name, and comes up again for that: others held the endpoint's item all
/// the time.
pub(crate) fn is_put_off(delivery: &Value, name: &str) -> bool {
    let at = delivery.get("nextAttemptAt").map(|_| text(delivery, "nextAttemptAt").parse::<Instant>().expect("a time"));
    let waits = at.is_some_and(|at| (5 * 60..=15 * 60).contains(&(at.seconds() - storage::now().seconds())));
    name.contains("TransactionConflict") && waits
}

/// What a queue hands that function.
pub(crate) fn message(function: &str, order: &Value) -> Value {
    let any = [("ORGANISATION", "-"), ("WEBHOOK", "-"), ("SELLER", "-"), ("BUYER", "-")];
    let mut event = event_file(function, &any);
    event["Records"][0]["body"] = json!(order.to_string());
    event
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Nothing is left to do.
    Done,
    /// It is named as failed.
    Named,
    /// Whoever worked it was killed, or ran out of time.
    Gone,
}

/// Works a message.
pub(crate) async fn work(worker: &mut Direct, message: &Value, name: &str) -> Ended {
    let Ok(answer) = worker.attempt(message).await else { return Ended::Gone };
    let id = &message["Records"][0]["messageId"];
    let failures = &answer["batchItemFailures"];
    if *failures == json!([]) {
        return Ended::Done;
    }
    assert_eq!(*failures, json!([{ "itemIdentifier": id }]), "{name}");
    Ended::Named
}

/// Works a message in peace.
pub(crate) async fn work_in_peace(worker: &mut Direct, message: &Value, name: &str) {
    let ended = work(worker, message, name).await;
    assert_eq!(ended, Ended::Done, "{name}: {}", worker.last_words());
}

/// Works a message amid that trouble; after it there is peace, and whoever died is replaced.
pub(crate) async fn work_amid(
    worker: &mut Direct,
    message: &Value,
    (struck, calls): (Struck, &[Call]),
    name: &str,
) -> Ended {
    struck.order(calls, worker);
    let ended = work(worker, message, name).await;
    assert!(worker.proxy.struck() > 0, "{name}: nothing went wrong");
    worker.proxy.calm();
    // A transaction that is slow each time takes longer than Lambda waits.
    let may_run_out = struck.lasting && struck.fault.name == "slow";
    let is_gone = ended == Ended::Gone;
    assert!(is_gone == struck.fault.kills() || is_gone && may_run_out, "{name}: {}", worker.last_words());
    if is_gone {
        worker.restart().await;
    }
    ended
}

/// The orders that were put into that queue (by logical id).
pub(crate) fn sent(world: &World, calls: &[Call], queue: &str) -> Vec<Value> {
    let queue = json!(world.behind.deployment.queues[queue]);
    let sends = calls.iter().filter(|call| call.operation() == "SendMessage").map(Call::json);
    let sends = sends.filter(|send| send["QueueUrl"] == queue);
    sends.map(|send| serde_json::from_str(send["MessageBody"].as_str().expect("a body")).expect("an order")).collect()
}
