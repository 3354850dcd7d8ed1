//! A webhook endpoint whose receiver is the sink.

use blackbox::{Api, Draft, World, send, signed_at, until};
use domain::{Buyer, Event, Organisation};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::webhook_sink::Received;

use crate::outbox::report;
use crate::webhooks::{HOOKS, fresh, register};

/// An endpoint whose receiver is the sink.
pub(crate) struct Hook {
    /// `/v1/webhooks/…`
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) secret: String,
    /// Where the sink takes its deliveries.
    pub(crate) at: String,
}

impl Hook {
    /// Asks for these events.
    pub(crate) async fn new(world: &World, api: &Api, events: &[&str]) -> Self {
        Self::with(world, api, json!({ "events": events })).await
    }

    /// With these members.
    pub(crate) async fn with(world: &World, api: &Api, mut body: Value) -> Self {
        let at = format!("/hooks/{}", fresh());
        body["url"] = json!(format!("{}{at}", world.stack.webhook_sink_url));
        let registered = register(api, &fresh(), &body).await;
        assert_eq!(registered.status, 201, "{registered:?}");
        let text = |member: &str| registered.json[member].as_str().expect("text").to_owned();
        Self { path: format!("{HOOKS}/{}", text("id")), id: text("id"), secret: text("secret"), at }
    }

    /// Has the receiver answer so; then 200 again.
    pub(crate) async fn answers(&self, world: &World, answers: Value) {
        let url = format!("{}/_simulator/answers", world.stack.webhook_sink_url);
        let orders = json!({ "path": self.at, "answers": answers });
        let told = reqwest::Client::new().post(url).json(&orders).send().await.expect("the sink answers");
        assert_eq!(told.status(), 204);
    }

    /// What the receiver got, oldest first.
    pub(crate) async fn received(&self, world: &World) -> Vec<Received> {
        let url = format!("{}/received?path={}", world.stack.webhook_sink_url, self.at);
        reqwest::get(url).await.expect("the sink answers").json().await.expect("what came")
    }

    /// The same, waiting for so many.
    pub(crate) async fn receives(&self, world: &World, count: usize) -> Vec<Received> {
        until(&format!("{count} deliveries"), async || self.received(world).await.len() >= count).await;
        let received = self.received(world).await;
        assert_eq!(received.len(), count, "{:?}", events(&received));
        received
    }

    /// Its deliveries as they are stored, oldest first.
    pub(crate) async fn stored(&self, world: &World) -> Vec<Value> {
        let mut items = world.behind.items(&format!("DELIVERY#{}", self.id)).await;
        items.sort_by_key(|item| (item["createdAt"]["S"].to_string(), item["sk"]["S"].to_string()));
        items
    }

    /// The only one, once it is in that state after so many attempts.
    pub(crate) async fn delivery(&self, world: &World, state: &str, attempts: u32) -> Value {
        let attempts_made = attempts.to_string();
        let is_so = |item: &Value| item["state"]["S"] == state && item["attempts"]["N"] == attempts_made;
        until(&format!("{state} after {attempts}"), async || self.stored(world).await.first().is_some_and(is_so)).await;
        let mut stored = self.stored(world).await;
        assert_eq!(stored.len(), 1, "{stored:?}");
        stored.remove(0)
    }

    /// Whatever waits for its next attempt is due at once.
    pub(crate) async fn make_due(&self, world: &World) {
        for mut item in self.stored(world).await {
            if item.get("dueAt").is_some() {
                item["dueAt"]["N"] = json!(storage::now().plus_seconds(-10).millis().to_string());
                item["nextAttemptAt"]["S"] = json!(storage::now().plus_seconds(-10).to_string());
                world.behind.overwrite(&item).await;
            }
        }
    }

    /// Its item.
    pub(crate) async fn item(&self, world: &World, organisation: &Organisation) -> Value {
        let items = world.behind.items(&format!("WEBHOOKS#{}", organisation.uuid)).await;
        items.into_iter().find(|item| item["sk"]["S"] == format!("WEBHOOK#{}", self.id)).expect("it is there")
    }

    pub(crate) async fn status(&self, api: &Api) -> Value {
        api.get(&self.path).await.json["status"].clone()
    }
}

/// The id of a delivery that was ordered as a test of that endpoint.
pub(crate) async fn fired(api: &Api, webhook: &str) -> String {
    fired_as(api, webhook, "kyc.verification_completed").await
}

/// The same, of that type.
pub(crate) async fn fired_as(api: &Api, webhook: &str, kind: &str) -> String {
    let body = json!({"eventType": kind, "data": {"outcome": "VERIFIED"}});
    let fired = send(api.write(Method::POST, &format!("{webhook}/test")).json(&body)).await;
    assert_eq!(fired.status, 202, "{fired:?}");
    fired.json["deliveryId"].as_str().expect("an id").to_owned()
}

/// Types of what was received, in order.
pub(crate) fn events(received: &[Received]) -> Vec<String> {
    received.iter().map(|request| request.headers["x-novatrade-event-type"].clone()).collect()
}

pub(crate) fn body(received: &Received) -> Value {
    serde_json::from_str(&received.body).expect("JSON")
}

/// An organisation with its client and a buyer of its seller.
pub(crate) async fn with_buyer(world: &World, draft: Draft) -> (Api, Organisation, Buyer) {
    let organisation = draft.organisation.clone();
    let api = world.organisation(draft).await;
    let created = api.upsert(&blackbox::buyer_body(&blackbox::fresh_vat_number())).await;
    let (seller, id) = (api.seller.parse().unwrap(), created.json["uuid"].as_str().unwrap().parse().unwrap());
    let buyer = world.table().read_buyers().get(seller, id).await.unwrap().unwrap();
    (api, organisation, buyer)
}

/// So many events about the buyer, one after the other.
pub(crate) async fn report_often(world: &World, buyer: &Buyer, count: usize) -> Vec<Event> {
    let mut reported = Vec::new();
    for _ in 0..count {
        let now = world.table().read_buyers().get(buyer.seller, buyer.uuid).await.unwrap().unwrap();
        reported.push(report(world, &now).await);
    }
    reported
}

/// Signed with that secret, a moment ago.
pub(crate) fn assert_signed(received: &Received, secret: &str) {
    let age = storage::now().seconds() - signed_at(received, secret);
    assert!((0..60).contains(&age), "signed {age} s ago");
}
