//! Deliveries end to end: an event reaches each endpoint that asks for it, once recorded, signed, and tried again.

use std::time::Duration;

use blackbox::{Draft, World, event_file};
use domain::{Event, SellerId};
use serde_json::{Value, json};
use simulators::vies::magic_number;

use crate::hook::{Hook, assert_signed, body, fired_as, report_often, with_buyer};
use crate::outbox::{report, run_due};
use crate::vies_checks::{checked, kyc_of};
use crate::webhooks::patch;

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
    let earlier = Hook::new(&world, &api, &["kyc.*"]).await;
    let event = report(&world, &buyer).await;
    // Else it may be on its way still when the other one is made to look old.
    earlier.receives(&world, 1).await;
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
