//! What follows for an endpoint from how its deliveries fare: a warning, a pause, and what becomes of what it missed.

use std::time::Duration;

use blackbox::{Draft, World, until};
use domain::Event;
use serde_json::json;

use crate::hook::{Hook, assert_signed, body, report_often, with_buyer};
use crate::outbox::{report, run_due};
use crate::webhooks::{fresh, patch};

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

#[tokio::test]
async fn a_resumed_endpoint_gets_at_once_what_waited_between_two_retries_and_while_paused_it_is_shown_as_held() {
    let world = World::beside("resume", &[]).await;
    let (api, _, buyer) = with_buyer(&world, Draft::new()).await;
    let hook = Hook::new(&world, &api, &["kyc.*"]).await;
    // Whose next turn is far away.
    hook.answers(&world, json!([{"status": 503, "times": 2, "retryAfter": "36000"}])).await;
    report_often(&world, &buyer, 2).await;
    let tried =
        async |attempts: &str| hook.stored(&world).await.iter().filter(|it| it["attempts"]["N"] == attempts).count();
    until("both failed", async || tried("1").await == 2).await;
    let listed = async || api.get(&format!("{}/deliveries", hook.path)).await.json["data"].clone();
    for delivery in listed().await.as_array().unwrap() {
        assert!(delivery["held"] == false && delivery["nextRetryAt"].is_string(), "{delivery}");
    }
    assert_eq!(patch(&api, &hook.path, &json!({"status": "PAUSED"})).await.status, 200);
    for delivery in listed().await.as_array().unwrap() {
        assert!(delivery["held"] == true && delivery["nextRetryAt"].is_null(), "{delivery}");
    }
    assert_eq!(patch(&api, &hook.path, &json!({"status": "ACTIVE"})).await.status, 200);
    // Nobody made them due.
    hook.receives(&world, 4).await;
    until("both delivered", async || hook.stored(&world).await.iter().all(|it| it["state"]["S"] == "DELIVERED")).await;
}

#[tokio::test]
async fn what_the_old_receiver_says_is_not_held_against_the_new_one() {
    let world = World::beside("led-elsewhere", &[]).await;
    let (api, organisation, buyer) = with_buyer(&world, Draft::new()).await;
    let old = Hook::new(&world, &api, &["kyc.*"]).await;
    old.answers(&world, json!([{"status": 500, "times": 1}, {"status": 410, "delayMs": 6000}])).await;
    report(&world, &buyer).await;
    old.delivery(&world, "PENDING", 1).await;
    assert_eq!(old.item(&world, &organisation).await["failures"]["N"], "1");
    old.make_due(&world).await;
    run_due(&world).await;
    until("it is asked again", async || old.received(&world).await.len() == 2).await;
    // While the old one takes its time to say 410.
    let new = format!("{}/hooks/{}", world.stack.webhook_sink_url, fresh());
    assert_eq!(patch(&api, &old.path, &json!({"url": new})).await.status, 200);
    let item = old.item(&world, &organisation).await;
    assert!(item.get("failures").is_none() && item.get("failingSince").is_none(), "another has not failed: {item}");
    old.delivery(&world, "PENDING", 2).await;
    let item = old.item(&world, &organisation).await;
    assert!(item.get("failures").is_none() && item.get("goneAt").is_none(), "{item}");
    assert_eq!(old.status(&api).await, "ACTIVE");
    // The new one has it at the next offset.
    old.make_due(&world).await;
    run_due(&world).await;
    old.delivery(&world, "DELIVERED", 3).await;
}
