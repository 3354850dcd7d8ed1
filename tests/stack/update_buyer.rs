//! `PATCH …/buyers/{buyerId}`

use blackbox::{Api, Draft, Reply, World, buyer_body, fresh_vat_number, send};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

async fn patch_with_key(api: &Api, path: &str, key: &str, version: &str, body: &Value) -> Reply {
    let request = api.request(Method::PATCH, path).header("idempotency-key", key).header("if-match", version);
    send(request.header("content-type", "application/merge-patch+json").body(body.to_string())).await
}

async fn patch(api: &Api, path: &str, version: &str, body: &Value) -> Reply {
    patch_with_key(api, path, &Uuid::new_v4().to_string(), version, body).await
}

async fn new_buyer(api: &Api, kyc_mode: &str) -> (String, Value) {
    let mut body = buyer_body(&fresh_vat_number());
    body["kycMode"] = json!(kyc_mode);
    let created = api.upsert(&body).await;
    (created.header("location").unwrap().to_owned(), created.json)
}

#[tokio::test]
async fn a_patch_of_the_current_version_is_200_and_counts_the_version_up() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let (path, before) = new_buyer(&api, "NT24_LED").await;
    let reply = patch(&api, &path, "\"0\"", &json!({"companyName": "Neu GmbH", "address": {"city": "Bremen"}})).await;
    assert_eq!((reply.status, reply.header("etag")), (200, Some("\"1\"")), "{reply:?}");
    let mut expected = before.clone();
    expected["companyName"] = json!("Neu GmbH");
    expected["address"]["city"] = json!("Bremen");
    expected["version"] = json!(1);
    expected["updatedAt"] = reply.json["updatedAt"].clone();
    assert_eq!(reply.json, expected);
    assert!(reply.json["updatedAt"].as_str() > before["updatedAt"].as_str());
    assert_eq!(api.get(&path).await.json, expected);

    let items = world.behind.items(&format!("BUYER#{}", before["uuid"].as_str().unwrap())).await;
    let revision: Value = serde_json::from_str(items[2]["content"]["S"].as_str().unwrap()).unwrap();
    assert_eq!(revision["kind"], "UPDATED");
    assert_eq!(
        revision["changes"],
        json!([
            {"field": "companyName", "before": "Muster Fahrzeughandel GmbH", "after": "Neu GmbH"},
            {"field": "address.city", "before": "Hamburg", "after": "Bremen"}
        ])
    );
}

#[tokio::test]
async fn a_patch_of_an_older_version_is_409_and_shows_the_current_buyer() {
    let api = World::shared().organisation(Draft::new()).await;
    let (path, _) = new_buyer(&api, "NT24_LED").await;
    let current = patch(&api, &path, "\"0\"", &json!({"companyName": "Erste GmbH"})).await;
    let reply = patch(&api, &path, "\"0\"", &json!({"companyName": "Zweite GmbH"})).await;
    assert_eq!((reply.status, reply.problem()), (409, "version-mismatch"));
    assert_eq!(reply.json["currentResource"], current.json);
    assert_eq!(reply.header("etag"), Some("\"1\""));
}

#[tokio::test]
async fn what_changes_nothing_is_200_and_leaves_the_version() {
    let api = World::shared().organisation(Draft::new()).await;
    let (path, before) = new_buyer(&api, "NT24_LED").await;
    let same = json!({"companyName": before["companyName"], "vatNumber": before["vatNumber"], "kycMode": "NT24_LED"});
    for body in [json!({}), same, json!({"aNewerMember": 1})] {
        let reply = patch(&api, &path, "\"0\"", &body).await;
        assert_eq!((reply.status, reply.header("etag")), (200, Some("\"0\"")), "{body}");
        assert_eq!(reply.json, before);
    }
}

#[tokio::test]
async fn if_match_is_one_quoted_version() {
    let api = World::shared().organisation(Draft::new()).await;
    let (path, _) = new_buyer(&api, "NT24_LED").await;
    for unusable in ["*", "W/\"0\"", "0", "\"0\", \"1\"", "\"x\"", "\"-1\"", "\"\"", ""] {
        let reply = patch(&api, &path, unusable, &json!({})).await;
        assert_eq!((reply.status, reply.problem()), (400, "malformed-request"), "{unusable}");
        assert!(reply.json["detail"].as_str().unwrap().contains("If-Match"), "{unusable}");
    }
    let without = api.request(Method::PATCH, &path).header("idempotency-key", "x").json(&json!({}));
    assert_eq!(send(without).await.status, 400);
}

#[tokio::test]
async fn required_fields_cannot_be_taken_away_and_the_vat_number_cannot_change() {
    let api = World::shared().organisation(Draft::new()).await;
    let (path, _) = new_buyer(&api, "NT24_LED").await;
    for (body, field) in [
        (json!({"companyName": null}), "companyName"),
        (json!({"address": null}), "address"),
        (json!({"address": {"city": null}}), "address.city"),
        (json!({"address": {"country": "XX"}}), "address.country"),
        (json!({"kycMode": null}), "kycMode"),
        (json!({"vatNumber": fresh_vat_number()}), "vatNumber"),
    ] {
        let reply = patch(&api, &path, "\"0\"", &body).await;
        assert_eq!((reply.status, reply.problem()), (422, "validation-error"), "{body}");
        assert_eq!(reply.json["errors"][0]["field"], field, "{body}");
    }
}

#[tokio::test]
async fn the_kyc_mode_is_upgraded_never_downgraded_and_not_while_blocked() {
    let api = World::shared().organisation(Draft::new()).await;
    let (path, _) = new_buyer(&api, "MARKETPLACE_LED").await;
    let block = |verb| api.request(Method::POST, &format!("{path}/{verb}")).header("idempotency-key", verb);
    assert_eq!(send(block("block")).await.json["version"], 1);
    let refused = patch(&api, &path, "\"1\"", &json!({"kycMode": "NT24_LED"})).await;
    assert_eq!((refused.status, refused.problem()), (409, "buyer-blocked"));
    let renamed = patch(&api, &path, "\"1\"", &json!({"companyName": "Neu GmbH"})).await;
    assert_eq!(renamed.status, 200, "business data of a blocked buyer goes on");
    assert_eq!(send(block("unblock")).await.json["version"], 3);
    let upgraded = patch(&api, &path, "\"3\"", &json!({"kycMode": "NT24_LED"})).await;
    assert_eq!((upgraded.status, &upgraded.json["kycMode"]), (200, &json!("NT24_LED")));
    let back = patch(&api, &path, "\"4\"", &json!({"kycMode": "MARKETPLACE_LED"})).await;
    assert_eq!((back.status, back.problem()), (409, "kyc-mode-downgrade"));
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_another_if_match_is_another_request() {
    let api = World::shared().organisation(Draft::new()).await;
    let (path, _) = new_buyer(&api, "NT24_LED").await;
    let body = json!({"companyName": "Neu GmbH"});
    let first = patch_with_key(&api, &path, "patch-1", "\"0\"", &body).await;
    let again = patch_with_key(&api, &path, "patch-1", "\"0\"", &body).await;
    assert_eq!((first.status, again.status, &again.text), (200, 200, &first.text));
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = patch_with_key(&api, &path, "patch-1", "\"1\"", &body).await;
    assert_eq!((other.status, other.problem()), (422, "idempotency-key-reused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_20_concurrent_patches_of_one_version_one_is_applied() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let (path, before) = new_buyer(&api, "NT24_LED").await;
    let mut calls = JoinSet::new();
    for number in 0..20 {
        let (api, path) = (api.clone(), path.clone());
        calls
            .spawn(async move { patch(&api, &path, "\"0\"", &json!({"companyName": format!("{number} GmbH")})).await });
    }
    let replies = calls.join_all().await;
    let count = |status| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((count(200), count(409)), (1, 19));
    let winner = &replies.iter().find(|reply| reply.status == 200).unwrap().json;
    assert!(replies.iter().filter(|r| r.status == 409).all(|r| r.json["currentResource"] == *winner));
    let buyer = before["uuid"].as_str().unwrap().parse().unwrap();
    assert_eq!(world.operator().verify_history(buyer).await.unwrap(), Ok(2));
}

#[tokio::test]
async fn an_absent_or_foreign_buyer_is_404() {
    let world = World::shared();
    let (mine, other) = (world.organisation(Draft::new()).await, world.organisation(Draft::new()).await);
    let (theirs, _) = new_buyer(&other, "NT24_LED").await;
    let foreign = theirs.replace(&other.seller, &mine.seller);
    for path in [foreign, format!("{}/00000000-0000-4000-8000-000000000000", mine.buyers())] {
        let reply = patch(&mine, &path, "\"0\"", &json!({"companyName": "X"})).await;
        assert_eq!((reply.status, reply.problem()), (404, "not-found"));
    }
}
