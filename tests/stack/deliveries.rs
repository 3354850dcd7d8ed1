//! Deliveries end to end: an event reaches each endpoint that asks for it, once recorded, signed, tried again, and told when
//! it cannot be brought.

use std::time::Duration;

use blackbox::{Api, Draft, World, event_file, send, signed_at, until};
use domain::{Buyer, Event, Organisation, SellerId};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::vies::magic_number;
use simulators::webhook_sink::Received;

use crate::outbox::report;
use crate::vies_checks::{checked, kyc_of};
use crate::webhooks::{HOOKS, fresh, patch, register};

/// An endpoint whose receiver is the sink.
struct Hook {
    /// `/v1/webhooks/…`
    path: String,
    id: String,
    secret: String,
    /// Where the sink takes its deliveries.
    at: String,
}

impl Hook {
    /// Asks for these events.
    async fn new(world: &World, api: &Api, events: &[&str]) -> Self {
        Self::with(world, api, json!({ "events": events })).await
    }

    /// With these members.
    async fn with(world: &World, api: &Api, mut body: Value) -> Self {
        let at = format!("/hooks/{}", fresh());
        body["url"] = json!(format!("{}{at}", world.stack.webhook_sink_url));
        let registered = register(api, &fresh(), &body).await;
        assert_eq!(registered.status, 201, "{registered:?}");
        let text = |member: &str| registered.json[member].as_str().expect("text").to_owned();
        Self { path: format!("{HOOKS}/{}", text("id")), id: text("id"), secret: text("secret"), at }
    }

    /// Has the receiver answer so; then 200 again.
    async fn answers(&self, world: &World, answers: Value) {
        let url = format!("{}/_simulator/answers", world.stack.webhook_sink_url);
        let orders = json!({ "path": self.at, "answers": answers });
        let told = reqwest::Client::new().post(url).json(&orders).send().await.expect("the sink answers");
        assert_eq!(told.status(), 204);
    }

    /// What the receiver got, oldest first.
    async fn received(&self, world: &World) -> Vec<Received> {
        let url = format!("{}/received?path={}", world.stack.webhook_sink_url, self.at);
        reqwest::get(url).await.expect("the sink answers").json().await.expect("what came")
    }

    /// The same, waiting for so many.
    async fn receives(&self, world: &World, count: usize) -> Vec<Received> {
        until(&format!("{count} deliveries"), async || self.received(world).await.len() >= count).await;
        let received = self.received(world).await;
        assert_eq!(received.len(), count, "{:?}", events(&received));
        received
    }

    /// Its deliveries as they are stored, oldest first.
    async fn stored(&self, world: &World) -> Vec<Value> {
        let mut items = world.behind.items(&format!("DELIVERY#{}", self.id)).await;
        items.sort_by_key(|item| (item["createdAt"]["S"].to_string(), item["sk"]["S"].to_string()));
        items
    }

    /// The only one, once it is in that state after so many attempts.
    async fn delivery(&self, world: &World, state: &str, attempts: u32) -> Value {
        let attempts_made = attempts.to_string();
        let is_so = |item: &Value| item["state"]["S"] == state && item["attempts"]["N"] == attempts_made;
        until(&format!("{state} after {attempts}"), async || self.stored(world).await.first().is_some_and(is_so)).await;
        let mut stored = self.stored(world).await;
        assert_eq!(stored.len(), 1, "{stored:?}");
        stored.remove(0)
    }

    /// Whatever waits for its next attempt is due at once.
    async fn make_due(&self, world: &World) {
        for mut item in self.stored(world).await {
            if item.get("dueAt").is_some() {
                item["dueAt"]["N"] = json!(storage::now().plus_seconds(-10).millis().to_string());
                item["nextAttemptAt"]["S"] = json!(storage::now().plus_seconds(-10).to_string());
                world.behind.overwrite(&item).await;
            }
        }
    }

    /// Its item.
    async fn item(&self, world: &World, organisation: &Organisation) -> Value {
        let items = world.behind.items(&format!("WEBHOOKS#{}", organisation.uuid)).await;
        items.into_iter().find(|item| item["sk"]["S"] == format!("WEBHOOK#{}", self.id)).expect("it is there")
    }

    async fn status(&self, api: &Api) -> Value {
        api.get(&self.path).await.json["status"].clone()
    }
}

/// The id of a delivery that was ordered as a test of that endpoint.
pub(crate) async fn fired(api: &Api, webhook: &str) -> String {
    fired_as(api, webhook, "kyc.verification_completed").await
}

/// The same, of that type.
async fn fired_as(api: &Api, webhook: &str, kind: &str) -> String {
    let body = json!({"eventType": kind, "data": {"outcome": "VERIFIED"}});
    let fired = send(api.write(Method::POST, &format!("{webhook}/test")).json(&body)).await;
    assert_eq!(fired.status, 202, "{fired:?}");
    fired.json["deliveryId"].as_str().expect("an id").to_owned()
}

/// Types of what was received, in order.
fn events(received: &[Received]) -> Vec<String> {
    received.iter().map(|request| request.headers["x-novatrade-event-type"].clone()).collect()
}

fn body(received: &Received) -> Value {
    serde_json::from_str(&received.body).expect("JSON")
}

async fn run_due(world: &World) -> Value {
    let answer = world.behind.invoke("run-due", &event_file("run-due", &[])).await;
    assert_eq!(answer.function_error, None, "{}", answer.log_tail);
    answer.payload
}

/// An organisation with its client and a buyer of its seller.
async fn with_buyer(world: &World, draft: Draft) -> (Api, Organisation, Buyer) {
    let organisation = draft.organisation.clone();
    let api = world.organisation(draft).await;
    let created = api.upsert(&blackbox::buyer_body(&blackbox::fresh_vat_number())).await;
    let (seller, id) = (api.seller.parse().unwrap(), created.json["uuid"].as_str().unwrap().parse().unwrap());
    let buyer = world.table().read_buyers().get(seller, id).await.unwrap().unwrap();
    (api, organisation, buyer)
}

/// So many events about the buyer, one after the other.
async fn report_often(world: &World, buyer: &Buyer, count: usize) -> Vec<Event> {
    let mut reported = Vec::new();
    for _ in 0..count {
        let now = world.table().read_buyers().get(buyer.seller, buyer.uuid).await.unwrap().unwrap();
        reported.push(report(world, &now).await);
    }
    reported
}

/// Signed with that secret, a moment ago.
fn assert_signed(received: &Received, secret: &str) {
    let age = storage::now().seconds() - signed_at(received, secret);
    assert!((0..60).contains(&age), "signed {age} s ago");
}

#[tokio::test]
async fn an_invalid_vat_number_reaches_the_receiver_signed_in_the_published_envelope() {
    let world = World::shared();
    let draft = Draft::new();
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let hook = Hook::new(&world, &api, &["kyc.*"]).await;
    let kyc = kyc_of(&api, &magic_number("HR", "200"), "MARKETPLACE_LED").await;
    assert_eq!(checked(&api, &kyc).await["result"], "INVALID");
    let received = hook.receives(&world, 1).await.remove(0);
    assert_signed(&received, &hook.secret);
    let sent = body(&received);
    assert_eq!(sent["type"], "kyc.vies_check_failed");
    assert_eq!((&sent["organizationUuid"], &sent["partnerUuid"]), (&json!(organisation), &json!(api.seller)));
    assert_eq!((&sent["schemaVersion"], &sent["source"]), (&json!(1), &json!("SYSTEM")));
    assert_eq!(
        (&sent["data"]["vatNumber"], &sent["data"]["currentResult"]),
        (&json!(magic_number("HR", "200")), &json!("INVALID"))
    );
    let headers = &received.headers;
    assert_eq!(headers["x-novatrade-event-id"], sent["id"].as_str().unwrap());
    assert_eq!(
        (headers["x-novatrade-event-type"].as_str(), headers["x-novatrade-attempt"].as_str()),
        ("kyc.vies_check_failed", "1")
    );
    let stored = hook.delivery(&world, "DELIVERED", 1).await;
    assert_eq!(stored["sk"]["S"], headers["x-novatrade-delivery-id"]);
    assert!(stored.get("dueAt").is_none(), "nothing is left to do");
    let days = (stored["expiresAt"]["N"].as_str().unwrap().parse::<i64>().unwrap() - storage::now().seconds()) / 86_400;
    assert!((29..=30).contains(&days), "kept for {days} days");
}

#[tokio::test]
async fn a_test_names_the_endpoints_seller_as_events_do_unless_it_is_about_webhooks() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let hook = Hook::with(&world, &api, json!({"events": ["kyc.*"], "partnerIds": [api.seller]})).await;
    let kinds = [("kyc.verification_completed", Some(json!(api.seller))), ("webhook.endpoint_auto_paused", None)];
    for (before, (kind, partner)) in kinds.into_iter().enumerate() {
        let delivery = fired_as(&api, &hook.path, kind).await;
        let received = hook.receives(&world, before + 1).await.remove(before);
        assert_signed(&received, &hook.secret);
        assert_eq!(received.headers["x-novatrade-delivery-id"], delivery);
        let sent = body(&received);
        assert_eq!((&sent["type"], &sent["data"]), (&json!(kind), &json!({"outcome": "VERIFIED"})));
        assert_eq!((&sent["source"], sent.get("partnerUuid")), (&json!("API"), partner.as_ref()));
    }
}

#[tokio::test]
async fn an_event_goes_to_whom_it_concerns_and_asks_for_it_and_to_nobody_else() {
    let world = World::shared();
    let (api, _, buyer) = with_buyer(&world, Draft::new()).await;
    let seller = buyer.seller;
    let partner = world.organisation(Draft::new().acting_for(&[seller])).await;
    let stranger = world.organisation(Draft::new()).await;
    let exact = Hook::new(&world, &api, &["kyc.vies_check_failed"]).await;
    let wildcard = Hook::new(&world, &partner, &["webhook.*", "kyc.*"]).await;
    let filtered = Hook::with(&world, &api, json!({"events": ["kyc.*"], "partnerIds": [seller]})).await;
    let other_type = Hook::new(&world, &api, &["kyc.verification_completed", "self_service_invitation.*"]).await;
    let disabled = Hook::new(&world, &api, &["kyc.*"]).await;
    assert_eq!(patch(&api, &disabled.path, &json!({"status": "DISABLED"})).await.status, 200);
    let strange = Hook::new(&world, &stranger, &["kyc.*"]).await;
    let both = Draft::new();
    let both = Draft { sellers: vec![both.sellers[0], seller], ..both };
    let of_both = SellerId(both.sellers[0].0);
    let both = world.organisation(both).await;
    let other_seller = Hook::with(&world, &both, json!({"events": ["kyc.*"], "partnerIds": [of_both]})).await;

    let event = report(&world, &buyer).await;
    for hook in [&exact, &wildcard, &filtered] {
        let received = hook.receives(&world, 1).await.remove(0);
        assert_eq!(body(&received)["id"], json!(event.id), "the same event under the same id");
    }
    let organisations: Vec<_> = [&exact, &wildcard].map(|hook| hook.received(&world)).into_iter().collect();
    let organisations = futures_util::future::join_all(organisations).await;
    assert_ne!(body(&organisations[0][0])["organizationUuid"], body(&organisations[1][0])["organizationUuid"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for hook in [&other_type, &disabled, &strange, &other_seller] {
        assert_eq!(hook.received(&world).await.len() + hook.stored(&world).await.len(), 0, "{}", hook.id);
    }
}

#[tokio::test]
async fn an_event_that_comes_twice_is_recorded_once_and_delivered_once() {
    let world = World::shared();
    let (api, _, buyer) = with_buyer(&world, Draft::new()).await;
    let hook = Hook::new(&world, &api, &["kyc.*"]).await;
    let event = report(&world, &buyer).await;
    hook.receives(&world, 1).await;
    let done = hook.delivery(&world, "DELIVERED", 1).await;
    let mut again = event_file("fan-out-event", &[("SELLER", "-"), ("BUYER", "-")]);
    let mut put: Value = serde_json::from_str(again["Records"][0]["body"].as_str().unwrap()).unwrap();
    put["detail"] = serde_json::to_value(&event).unwrap();
    again["Records"][0]["body"] = json!(put.to_string());
    for _ in 0..2 {
        let answer = world.behind.invoke("fan-out-event", &again).await;
        assert_eq!(answer.payload, json!({"batchItemFailures": []}), "{}", answer.log_tail);
    }
    // The worker's message, too.
    let message = json!({"organisation": done["organisation"]["S"], "webhook": hook.id, "delivery": done["sk"]["S"], "lane": "FAST"});
    let mut order = event_file("deliver-webhook", &[("ORGANISATION", "-"), ("WEBHOOK", "-")]);
    order["Records"][0]["body"] = json!(message.to_string());
    let answer = world.behind.invoke("deliver-webhook", &order).await;
    assert_eq!(answer.payload, json!({"batchItemFailures": []}), "{}", answer.log_tail);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(hook.received(&world).await.len(), 1);
    assert_eq!(hook.stored(&world).await, [done]);
}

#[tokio::test]
async fn a_replay_of_the_archive_reaches_nobody_who_asked_later_and_nothing_older_than_30_days() {
    let world = World::shared();
    let (api, organisation, buyer) = with_buyer(&world, Draft::new()).await;
    let event = report(&world, &buyer).await;
    let hook = Hook::new(&world, &api, &["kyc.*"]).await;
    let replay = async |event: &Event| {
        let mut message = event_file("fan-out-event", &[("SELLER", "-"), ("BUYER", "-")]);
        message["Records"][0]["body"] = json!(json!({ "detail": event }).to_string());
        let answer = world.behind.invoke("fan-out-event", &message).await;
        assert_eq!(answer.payload, json!({"batchItemFailures": []}), "{}", answer.log_tail);
    };
    replay(&event).await;
    let mut endpoint = hook.item(&world, &organisation).await;
    let long_ago = storage::now().plus_seconds(-31 * 24 * 3_600);
    endpoint["createdAt"]["S"] = json!(long_ago.to_string());
    world.behind.overwrite(&endpoint).await;
    replay(&Event { created_at: long_ago, ..event.clone() }).await;
    assert_eq!(hook.stored(&world).await, Vec::<Value>::new());
    replay(&event).await;
    hook.receives(&world, 1).await;
}

#[tokio::test]
async fn what_was_recorded_and_never_sent_is_sent_by_run_due_or_when_the_event_comes_again() {
    let world = World::beside("unsent", &[]).await;
    let (api, _, buyer) = with_buyer(&world, Draft::new()).await;
    let hook = Hook::new(&world, &api, &["kyc.*"]).await;
    let taken = world.behind.without_statement("fan-out-event", "SendDeliveries").await;
    let event = report(&world, &buyer).await;
    hook.delivery(&world, "PENDING", 0).await;
    assert_eq!(run_due(&world).await["sent"], 0, "it is left to whoever recorded it for a while");
    assert_eq!(hook.received(&world).await.len(), 0);
    world.behind.put_back(taken).await;
    let mut again = event_file("fan-out-event", &[("SELLER", "-"), ("BUYER", "-")]);
    again["Records"][0]["body"] = json!(json!({ "detail": event }).to_string());
    world.behind.invoke("fan-out-event", &again).await;
    hook.receives(&world, 1).await;
    hook.delivery(&world, "DELIVERED", 1).await;

    world.behind.without_statement("fan-out-event", "SendDeliveries").await;
    let late = Hook::new(&world, &api, &["kyc.*"]).await;
    report_often(&world, &buyer, 1).await;
    late.delivery(&world, "PENDING", 0).await;
    late.make_due(&world).await;
    assert!(run_due(&world).await["sent"].as_u64() >= Some(1));
    late.delivery(&world, "DELIVERED", 1).await;
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_when_its_time_has_come_with_a_fresh_signature() {
    let world = World::beside("retry", &[]).await;
    let (api, organisation, buyer) = with_buyer(&world, Draft::new()).await;
    let hook = Hook::new(&world, &api, &["kyc.*"]).await;
    let secret = format!("token={} Bearer abc.def", hook.secret);
    hook.answers(
        &world,
        json!([
            {"status": 500, "times": 1, "body": secret}, {"status": 503, "times": 1, "retryAfter": "3600"},
            {"status": 302, "times": 1},
        ]),
    )
    .await;
    report(&world, &buyer).await;
    let failed = hook.delivery(&world, "PENDING", 1).await;
    let wait = |item: &Value| {
        let next: domain::Instant = item["nextAttemptAt"]["S"].as_str().unwrap().parse().unwrap();
        assert_eq!(item["dueAt"]["N"], next.millis().to_string(), "it has its place in the index");
        let first: domain::Instant = item["firstAttemptAt"]["S"].as_str().unwrap().parse().unwrap();
        (next.millis() - first.millis()) / 1000
    };
    assert!((60..=66).contains(&wait(&failed)), "{} s", wait(&failed));
    assert_eq!(failed["log"]["L"][0]["M"]["excerpt"]["S"], "token=*** Bearer ***");
    assert_eq!(hook.item(&world, &organisation).await["failures"]["N"], "1");
    assert_eq!(run_due(&world).await["sent"], 0, "not yet");

    hook.make_due(&world).await;
    assert_eq!(run_due(&world).await["sent"], 1);
    let asked = hook.delivery(&world, "PENDING", 2).await;
    assert!((3_590..=3_610).contains(&wait(&asked)), "the receiver asked for an hour: {} s", wait(&asked));
    for (attempts, state) in [(3, "PENDING"), (4, "DELIVERED")] {
        hook.make_due(&world).await;
        assert_eq!(run_due(&world).await["sent"], 1);
        hook.delivery(&world, state, attempts).await;
    }
    let received = hook.receives(&world, 4).await;
    for (attempt, request) in received.iter().enumerate() {
        assert_signed(request, &hook.secret);
        assert_eq!(request.headers["x-novatrade-attempt"], (attempt + 1).to_string());
        assert_eq!(
            (&request.body, &request.headers["webhook-id"]),
            (&received[0].body, &received[0].headers["webhook-id"])
        );
    }
    let item = hook.item(&world, &organisation).await;
    assert!(item.get("failures").is_none() && item.get("failingSince").is_none(), "a success ends the row: {item}");
    assert_eq!(hook.status(&api).await, "ACTIVE");
}

#[tokio::test]
async fn a_receiver_that_says_410_is_disabled_and_the_others_are_told_of_the_delivery() {
    let world = World::beside("gone", &[]).await;
    let (api, _, buyer) = with_buyer(&world, Draft::new()).await;
    let gone = Hook::new(&world, &api, &["kyc.*", "webhook.*"]).await;
    let other = Hook::new(&world, &api, &["webhook.*"]).await;
    gone.answers(&world, json!([{"status": 410}])).await;
    report(&world, &buyer).await;
    let failed = gone.delivery(&world, "FAILED", 1).await;
    assert_eq!((&failed["reason"]["S"], failed.get("dueAt")), (&json!("GONE"), None));
    until("disabled", async || gone.status(&api).await == "DISABLED").await;
    run_due(&world).await;
    let told = other.receives(&world, 1).await.remove(0);
    assert_signed(&told, &other.secret);
    let told = body(&told);
    assert_eq!(told["type"], "webhook.delivery_failed_terminal");
    assert_eq!((&told["data"]["deliveryId"], &told["data"]["lastHttpStatus"]), (&failed["sk"]["S"], &json!(410)));
    assert_eq!((&told["data"]["reason"], told.get("partnerUuid")), (&json!("GONE"), None));
    report_often(&world, &buyer, 1).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(gone.stored(&world).await.len(), 1, "nothing is recorded for a disabled endpoint");
    assert_eq!(patch(&api, &gone.path, &json!({"status": "ACTIVE"})).await.json["status"], "ACTIVE");
    gone.answers(&world, json!([])).await;
    report_often(&world, &buyer, 1).await;
    gone.receives(&world, 2).await;
    assert_eq!(gone.status(&api).await, "ACTIVE", "the 410 of before is forgotten");
}

#[tokio::test]
async fn twenty_failures_in_a_row_pause_the_endpoint_warn_before_and_tell_admin_and_endpoints() {
    let world = World::beside("pause", &[]).await;
    let admin = format!("admin-{}@pause.example", fresh());
    let draft = Draft::new().with(|organisation| organisation.admin_email = Some(admin.clone()));
    let (api, organisation, buyer) = with_buyer(&world, draft).await;
    let sick = Hook::new(&world, &api, &["kyc.*", "webhook.*"]).await;
    let other = Hook::new(&world, &api, &["webhook.endpoint_auto_paused"]).await;
    sick.answers(&world, json!([{"status": 500}])).await;
    let subjects = async || {
        let mails = world.inbox(&admin).await;
        mails.iter().map(|mail| mail["Subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    report_often(&world, &buyer, 12).await;
    until("12 failures", async || sick.item(&world, &organisation).await["failures"]["N"] == "12").await;
    until("a warning", async || subjects().await.len() == 1).await;
    assert_eq!(subjects().await, [format!("Your webhook endpoint {} does not take its deliveries", sick.id)]);
    assert_eq!(sick.status(&api).await, "ACTIVE");

    report_often(&world, &buyer, 8).await;
    until("paused", async || sick.status(&api).await == "PAUSED").await;
    until("a mail", async || subjects().await.len() == 2).await;
    assert_eq!(subjects().await[1], format!("Your webhook endpoint {} is paused", sick.id));
    run_due(&world).await;
    let told = body(&other.receives(&world, 1).await[0]);
    assert_eq!(told["type"], "webhook.endpoint_auto_paused");
    assert_eq!(
        (&told["data"]["webhookId"], &told["data"]["reason"]),
        (&json!(sick.id), &json!("CONSECUTIVE_FAILURES"))
    );
    assert_eq!(sick.item(&world, &organisation).await["pausedReason"]["S"], "CONSECUTIVE_FAILURES");

    // What comes now is held, and what was to be tried again is, too.
    let held = report_often(&world, &buyer, 3).await;
    sick.make_due(&world).await;
    run_due(&world).await;
    let states = async || {
        let stored = sick.stored(&world).await;
        stored.iter().filter(|item| item["state"]["S"] == "HELD").count()
    };
    until("all held", async || states().await == 23).await;
    let received = sick.received(&world).await.len();
    assert_eq!(received, 20);
    assert_eq!(told["id"], body(&other.receives(&world, 1).await[0])["id"], "told once");

    // Resumed: all of it, the oldest first.
    sick.answers(&world, json!([])).await;
    assert_eq!(patch(&api, &sick.path, &json!({"status": "ACTIVE"})).await.status, 200);
    let received = sick.receives(&world, 43).await;
    until("all delivered", async || sick.stored(&world).await.iter().all(|item| item["state"]["S"] == "DELIVERED"))
        .await;
    let place = |event: &Event| received[20..].iter().position(|it| body(it)["id"] == json!(event.id)).unwrap();
    // Five workers at a time take a queue in its order: the three newest come among the last.
    assert!(held.iter().all(|event| place(event) >= 12), "{:?}", held.iter().map(place).collect::<Vec<_>>());
    assert!(sick.item(&world, &organisation).await.get("failures").is_none());
    assert_eq!(subjects().await.len(), 2);
}

#[tokio::test]
async fn an_endpoint_that_failed_for_72_hours_is_paused_however_seldom_it_was_tried() {
    let world = World::beside("pause-time", &[]).await;
    let admin = format!("admin-{}@pause.example", fresh());
    let draft = Draft::new().with(|organisation| organisation.admin_email = Some(admin.clone()));
    let (api, organisation, buyer) = with_buyer(&world, draft).await;
    let sick = Hook::new(&world, &api, &["kyc.*"]).await;
    let other = Hook::new(&world, &api, &["webhook.endpoint_auto_paused"]).await;
    sick.answers(&world, json!([{"status": 500}])).await;
    report(&world, &buyer).await;
    sick.delivery(&world, "PENDING", 1).await;
    // As if the first failure had been so long ago; a failure more does not change that.
    let failed_for = async |seconds: i64| {
        let mut item = sick.item(&world, &organisation).await;
        let since = storage::now().plus_seconds(-seconds).to_string();
        item["failingSince"]["S"] = json!(since);
        world.behind.overwrite(&item).await;
        let attempts = item["failures"]["N"].as_str().unwrap().parse::<u32>().unwrap() + 1;
        sick.make_due(&world).await;
        run_due(&world).await;
        sick.delivery(&world, "PENDING", attempts).await;
        since
    };
    // What was recorded a month ago stays until it is over.
    let mut old = sick.delivery(&world, "PENDING", 1).await;
    old["createdAt"]["S"] = json!(storage::now().plus_seconds(-30 * 86_400).to_string());
    world.behind.overwrite(&old).await;
    let since = failed_for(71 * 3_600).await;
    let expires_at = sick.delivery(&world, "PENDING", 2).await["expiresAt"]["N"].as_str().unwrap().parse::<i64>();
    assert!(expires_at.unwrap() > storage::now().plus_seconds(3 * 86_400).seconds());
    assert_eq!(sick.item(&world, &organisation).await["failingSince"]["S"], since.as_str());
    assert_eq!(sick.status(&api).await, "ACTIVE", "an hour is left");
    failed_for(72 * 3_600 + 1).await;
    until("paused", async || sick.status(&api).await == "PAUSED").await;
    let item = sick.item(&world, &organisation).await;
    assert_eq!((&item["pausedReason"]["S"], &item["failures"]["N"]), (&json!("FAILING_TOO_LONG"), &json!("3")));
    run_due(&world).await;
    assert_eq!(body(&other.receives(&world, 1).await[0])["data"]["reason"], "FAILING_TOO_LONG");
    let subjects = async || world.inbox(&admin).await.iter().map(|mail| mail["Subject"].clone()).collect::<Vec<_>>();
    until("a mail", async || subjects().await.contains(&json!(format!("Your webhook endpoint {} is paused", sick.id))))
        .await;
}

/// As if the first attempt had been 48 hours ago.
async fn last(world: &World, hook: &Hook) {
    let mut item = hook.delivery(world, "PENDING", 1).await;
    item["firstAttemptAt"]["S"] = json!(storage::now().plus_seconds(-48 * 3_600).to_string());
    world.behind.overwrite(&item).await;
    hook.make_due(world).await;
    run_due(world).await;
    assert_eq!(hook.delivery(world, "FAILED", 2).await["reason"]["S"], "EXHAUSTED");
}

#[tokio::test]
async fn a_delivery_that_fails_for_the_last_time_is_told_and_what_is_about_webhooks_never_is() {
    let world = World::beside("terminal", &[]).await;
    let (api, organisation, buyer) = with_buyer(&world, Draft::new()).await;
    let sick = Hook::new(&world, &api, &["kyc.*"]).await;
    let other = Hook::new(&world, &api, &["webhook.*"]).await;
    for hook in [&sick, &other] {
        hook.answers(&world, json!([{"status": 500}])).await;
    }
    report(&world, &buyer).await;
    last(&world, &sick).await;
    run_due(&world).await;
    let told = body(&other.receives(&world, 1).await[0]);
    assert_eq!((&told["type"], &told["data"]["attempts"]), (&json!("webhook.delivery_failed_terminal"), &json!(2)));
    last(&world, &other).await;
    run_due(&world).await;
    assert_eq!((sick.stored(&world).await.len(), other.stored(&world).await.len()), (1, 1), "no news about news");
    assert!(other.item(&world, &organisation).await.get("failures").is_none(), "nor do they count");
}
