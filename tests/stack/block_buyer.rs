//! `POST …/buyers/{buyerId}/block` and `/unblock`

use blackbox::{Api, Draft, Reply, World, buyer_body, fresh_vat_number, send};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn post(api: &Api, path: &str, verb: &str, body: Option<&Value>) -> Reply {
    let request = api.request(Method::POST, &format!("{path}/{verb}"));
    let request = request.header("idempotency-key", Uuid::new_v4().to_string());
    send(if let Some(body) = body { request.json(body) } else { request }).await
}

#[tokio::test]
async fn blocking_and_unblocking_change_status_and_version_and_keep_the_reason() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    let path = created.header("location").unwrap();
    let blocked = post(&api, path, "block", Some(&json!({"reason": " Payment overdue "}))).await;
    assert_eq!((blocked.status, blocked.header("etag")), (200, Some("\"1\"")), "{blocked:?}");
    assert_eq!((&blocked.json["status"], &blocked.json["version"]), (&json!("BLOCKED"), &json!(1)));
    let again = post(&api, path, "block", None).await;
    assert_eq!((again.status, &again.json), (200, &blocked.json), "already blocked: nothing changes");
    assert_eq!(api.upsert(&buyer_body(created.json["vatNumber"].as_str().unwrap())).await.status, 200, "upserts go on");
    let unblocked = post(&api, path, "unblock", None).await;
    assert_eq!((&unblocked.json["status"], &unblocked.json["version"]), (&json!("ACTIVE"), &json!(2)));

    let items = world.behind.items(&format!("BUYER#{}", created.json["uuid"].as_str().unwrap())).await;
    let revision =
        |index: usize| -> Value { serde_json::from_str(items[index]["content"]["S"].as_str().unwrap()).unwrap() };
    assert_eq!((&revision(2)["kind"], &revision(2)["reason"]), (&json!("BLOCKED"), &json!("Payment overdue")));
    assert_eq!(revision(2)["changes"], json!([{"field": "status", "before": "ACTIVE", "after": "BLOCKED"}]));
    assert_eq!((&revision(3)["kind"], &revision(3)["reason"]), (&json!("UNBLOCKED"), &Value::Null));
    assert_eq!(items.len(), 4);
}

#[tokio::test]
async fn a_wrong_reason_is_422_and_an_absent_buyer_404() {
    let api = World::shared().organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    let path = created.header("location").unwrap();
    for reason in [json!(""), json!("x".repeat(501)), json!(5), json!("a\u{0}b")] {
        let reply = post(&api, path, "block", Some(&json!({"reason": reason}))).await;
        assert_eq!((reply.status, reply.json["errors"][0]["field"].as_str()), (422, Some("reason")), "{reason}");
    }
    assert_eq!(api.get(path).await.json["status"], "ACTIVE");
    let absent = format!("{}/00000000-0000-4000-8000-000000000000", api.buyers());
    assert_eq!(post(&api, &absent, "block", None).await.status, 404);
}
