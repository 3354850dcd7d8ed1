//! `GET …/buyers/{buyerId}/history`, and the buyer as it was.

use std::time::Duration;

use blackbox::{Api, Draft, Reply, World, buyer_body, fresh_vat_number, send};
use domain::SellerId;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn post(api: &Api, path: &str, body: &Value) -> Reply {
    send(api.request(Method::POST, path).header("idempotency-key", Uuid::new_v4().to_string()).json(body)).await
}

async fn rename(api: &Api, path: &str, version: u64, name: &str) -> Reply {
    let request = api.request(Method::PATCH, path).header("idempotency-key", Uuid::new_v4().to_string());
    send(request.header("if-match", format!("\"{version}\"")).json(&json!({"companyName": name}))).await
}

#[tokio::test]
async fn history_shows_every_change_with_who_why_and_what() {
    let world = World::shared();
    let seller = SellerId(Uuid::new_v4());
    let (mine, theirs) = (Draft::new().acting_for(&[seller]), Draft::new().acting_for(&[seller]));
    let (me, client) = (mine.organisation.uuid, mine.client());
    let them = theirs.organisation.uuid;
    let (api, partner) = (world.organisation(mine).await, world.organisation(theirs).await);
    let mut body = buyer_body(&fresh_vat_number());
    body["contacts"] = json!([{"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"}]);
    let created = api.upsert(&body).await;
    let path = created.header("location").unwrap();
    let renamed = rename(&api, path, 0, "Neu GmbH").await;
    let blocked = post(&partner, &format!("{path}/block"), &json!({"reason": "Payment overdue"})).await;
    assert_eq!((renamed.status, blocked.status), (200, 200));

    let reply = api.get(&format!("{path}/history")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json["pagination"], json!({"size": 20}));
    let data = reply.json["data"].as_array().unwrap();
    let summary: Vec<_> = data.iter().map(|r| (r["seq"].as_u64(), r["version"].as_u64(), r["kind"].as_str())).collect();
    let expected = [("CREATED", 0), ("UPDATED", 1), ("BLOCKED", 2)];
    assert_eq!(summary, expected.map(|(kind, number)| (Some(number), Some(number), Some(kind))));
    assert_eq!(
        data[1],
        json!({
            "seq": 1, "version": 1, "kind": "UPDATED",
            "actor": {"type": "CLIENT", "organizationUuid": me, "clientId": client},
            "source": "API", "at": renamed.json["updatedAt"], "requestId": renamed.header("x-request-id"),
            "changes": [{"field": "companyName", "before": "Muster Fahrzeughandel GmbH", "after": "Neu GmbH"}]
        })
    );
    assert_eq!(
        data[2]["actor"],
        json!({"type": "CLIENT", "organizationUuid": them}),
        "another organisation's client is not shown"
    );
    assert_eq!(data[2]["reason"], "Payment overdue");
    assert!(!reply.text.contains("Erika") && !reply.text.contains("sealed"), "{}", reply.text);
    let changed = data[0]["changes"].as_array().unwrap();
    assert!(changed.iter().any(|c| c["field"].as_str().unwrap().starts_with("contacts[") && c.get("after").is_none()));
}

#[tokio::test]
async fn history_walks_page_by_page_and_ends() {
    let api = World::shared().organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    let path = created.header("location").unwrap();
    for version in 0..6 {
        assert_eq!(rename(&api, path, version, &format!("{version} GmbH")).await.status, 200);
    }
    let (mut seen, mut query) = (Vec::new(), "size=3".to_owned());
    loop {
        let page = api.get(&format!("{path}/history?{query}")).await;
        seen.extend(page.json["data"].as_array().unwrap().iter().map(|revision| revision["seq"].as_u64().unwrap()));
        match page.json["pagination"]["nextCursor"].as_str() {
            Some(next) => query = format!("size=3&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (0..=6).collect::<Vec<_>>());
    for wrong in ["cursor=x", "cursor=-1", "size=0"] {
        assert_eq!(api.get(&format!("{path}/history?{wrong}")).await.status, 422, "{wrong}");
    }
}

#[tokio::test]
async fn a_foreign_history_is_404_with_any_cursor() {
    let world = World::shared();
    let (mine, other) = (world.organisation(Draft::new()).await, world.organisation(Draft::new()).await);
    let theirs = other.upsert(&buyer_body(&fresh_vat_number())).await;
    let uuid = theirs.json["uuid"].as_str().unwrap();
    rename(&other, theirs.header("location").unwrap(), 0, "Neu GmbH").await;
    let absent = "00000000-0000-4000-8000-000000000000";
    for query in ["", "?cursor=0", "?cursor=1", "?cursor=999", "?version=0", "?at=2099-01-01T00:00:00Z"] {
        let path = if query.starts_with("?v") || query.starts_with("?a") { "" } else { "/history" };
        for buyer in [uuid, absent] {
            let reply = mine.get(&format!("{}/{buyer}{path}{query}", mine.buyers())).await;
            assert_eq!((reply.status, reply.problem()), (404, "not-found"), "{buyer}{query}: no oracle");
        }
    }
}

#[tokio::test]
async fn a_buyer_is_shown_as_it_was_by_version_and_by_instant() {
    let api = World::shared().organisation(Draft::new()).await;
    let first = api.upsert(&buyer_body(&fresh_vat_number())).await;
    let path = first.header("location").unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let second = rename(&api, path, 0, "Neu GmbH").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let third = post(&api, &format!("{path}/block"), &json!({})).await;
    for (version, expected) in [(0, &first), (1, &second), (2, &third)] {
        let reply = api.get(&format!("{path}?version={version}")).await;
        assert_eq!((reply.status, &reply.json), (200, &expected.json), "version {version}");
        assert_eq!(reply.header("etag"), Some(format!("\"{version}\"").as_str()));
    }
    for expected in [&first, &second, &third] {
        let at = expected.json["updatedAt"].as_str().unwrap();
        assert_eq!(api.get(&format!("{path}?at={at}")).await.json, expected.json, "at {at}");
    }
    assert_eq!(api.get(&format!("{path}?at=2099-01-01T00:00:00%2B02:00")).await.json, third.json);
    for absent in ["version=3", "at=2000-01-01T00:00:00Z"] {
        assert_eq!(api.get(&format!("{path}?{absent}")).await.status, 404, "{absent}");
    }
    for (wrong, field) in [
        ("version=x", "version"),
        ("version=-1", "version"),
        ("at=yesterday", "at"),
        ("version=0&at=2099-01-01T00:00:00Z", "at"),
    ] {
        let reply = api.get(&format!("{path}?{wrong}")).await;
        assert_eq!((reply.status, reply.json["errors"][0]["field"].as_str()), (422, Some(field)), "{wrong}");
    }
}
