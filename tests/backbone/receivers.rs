//! Webhook endpoints with their receivers, and events about buyers for them.

use std::collections::BTreeMap;

use blackbox::{Request, signed_at};
use domain::{
    Actor, BuyerId, Cause, ClientId, Effect, Event, EventId, EventType, OrganisationId, RequestId, Source, WebhookId,
};
use serde_json::{Value, json};
use simulators::WebhookSink;
use simulators::webhook_sink::Received;
use storage::{Answer, Change, Decision, Modified};
use uuid::Uuid;

use crate::ground::Ground;

/// An endpoint, and where its receiver takes what comes.
pub(crate) struct Hook {
    pub(crate) id: WebhookId,
    pub(crate) organisation: OrganisationId,
    client: ClientId,
    secret: String,
    /// `/hooks/…`
    pub(crate) path: String,
}

impl Hook {
    /// Registers one that asks for these events, at that base URL.
    pub(crate) async fn register(ground: &Ground, base: &str, mut body: Value) -> Self {
        let path = format!("/hooks/{}", Uuid::new_v4());
        body["url"] = json!(format!("{base}{path}"));
        let (organisation, client) = (ground.organisation, ground.client.clone());
        let request = Request::new("register-webhook", &ground.token().await).key(Uuid::new_v4()).json(body);
        let reply = ground.crew.send(&request).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let id = serde_json::from_value(reply.json["id"].clone()).expect("an id");
        let secret = reply.json["secret"].as_str().expect("a secret").to_owned();
        Self { id, organisation, client, secret, path }
    }

    /// Has the receiver answer so; then 200 again.
    pub(crate) async fn answers(&self, sink: &WebhookSink, answers: &Value) {
        let orders = json!({ "path": self.path, "answers": answers });
        let told = reqwest::Client::new().post(sink.url() + "/_simulator/answers").json(&orders).send().await;
        assert_eq!(told.expect("the sink answers").status(), 204);
    }

    /// Its client pauses or resumes it.
    pub(crate) async fn becomes(&self, ground: &Ground, status: &str) {
        let token = ground.world().forge(&json!({ "clientId": self.client })).await;
        let request = Request::new("update-webhook", &token).of("webhookId", &self.id).key(Uuid::new_v4());
        let body = json!({ "status": status });
        let reply = ground.crew.send(&request.json(body)).await;
        assert_eq!((reply.status, &reply.json["status"]), (200, &json!(status)), "{reply:?}");
    }

    /// Its client resumes it, if it is paused.
    pub(crate) async fn resume(&self, ground: &Ground) {
        if self.is_paused(ground).await {
            self.becomes(ground, "ACTIVE").await;
        }
    }

    pub(crate) async fn is_paused(&self, ground: &Ground) -> bool {
        let items = ground.world().behind.items(&format!("WEBHOOKS#{}", self.organisation)).await;
        let item = items.iter().find(|item| item["sk"]["S"] == format!("WEBHOOK#{}", self.id)).expect("it is there");
        item["status"]["S"] == "PAUSED"
    }

    /// Signed with its secret, and before now.
    pub(crate) fn assert_signed(&self, received: &Received) {
        assert!(signed_at(received, &self.secret) <= storage::now().seconds(), "{received:?}");
    }
}

impl Ground {
    /// Commits a revision with an event about the buyer, as workers do.
    pub(crate) async fn report(&self, buyer: BuyerId, kind: EventType) -> Event {
        let (buyers, at) = (self.world().table(), storage::now());
        let now = buyers.read_buyers().get(self.seller, buyer).await.expect("a table").expect("a buyer");
        let event = Event {
            id: EventId::of(buyer, now.seq + 1, kind.name()),
            kind,
            schema_version: 1,
            source: Source::System,
            created_at: at,
            partner_uuid: self.seller,
            data: json!({ "buyerUuid": buyer, "seq": now.seq + 1, "buyerVersion": now.version }),
        };
        let actor = Actor::System { function: "test".to_owned() };
        let cause = Cause { actor, source: Source::System, request_id: RequestId::fresh(), at };
        let effect = Effect::Event(event.clone());
        let report = |now: &domain::Buyer| Decision::<()>::Change(Box::new(Change::report(now, effect.clone())));
        let done = |_: &domain::Buyer| Answer::empty(204);
        let modified = buyers.modify_buyers().modify((self.seller, buyer), &cause, None, report, done).await;
        assert!(matches!(modified, Ok(Modified::Done(_))), "nobody else changes this buyer");
        event
    }
}

/// What a sink received, by path.
pub(crate) fn by_path(sink: &WebhookSink) -> BTreeMap<String, Vec<Received>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for received in sink.received() {
        found.entry(received.path.clone()).or_default().push(received);
    }
    found
}
