//! Keys, clients and organisations change; functions notice soon, and do not depend on the issuer to be up.

use std::time::{Duration, Instant};

use blackbox::{Draft, World, buyer_body, fresh_vat_number};
use serde_json::json;
use simulators::IdentityProvider;

#[tokio::test]
async fn a_revoked_client_is_out_within_60_seconds() {
    let world = World::shared();
    let draft = Draft::new();
    let client = draft.client();
    let api = world.organisation(draft).await;
    assert_eq!(api.get("/v1/me").await.status, 200);
    world.operator().revoke_client(&client).await.unwrap();
    let revoked = Instant::now();
    let mut reply = api.get("/v1/me").await;
    while reply.status == 200 {
        assert!(revoked.elapsed() < Duration::from_mins(1), "still in after {:?}", revoked.elapsed());
        tokio::time::sleep(Duration::from_millis(500)).await;
        reply = api.get("/v1/me").await;
    }
    assert_eq!((reply.status, reply.problem()), (401, "unauthorized"));
}

/// Makes the copy of the issuer's keys an hour older, so that whoever starts with it asks the issuer first.
async fn age_the_copy(world: &World) {
    let scan = json!({
        "TableName": world.behind.deployment.table_name(),
        "FilterExpression": "begins_with(pk, :issuer)",
        "ExpressionAttributeValues": {":issuer": {"S": "ISSUER#"}},
        "ConsistentRead": true
    });
    let mut found = world.behind.aws("dynamodb", "DynamoDB_20120810.Scan", &scan).await;
    assert_eq!(found["Count"], 1, "{found}");
    let copy = &mut found["Items"][0];
    let fetched_at: domain::Instant = copy["fetchedAt"]["S"].as_str().unwrap().parse().unwrap();
    copy["fetchedAt"]["S"] = json!(fetched_at.plus_seconds(-3600));
    world.behind.overwrite(copy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_issuer_down_cold_functions_still_know_its_keys() {
    let issuer = IdentityProvider::start(0).await.unwrap();
    let world = World::beside("issuer-down", &[("Issuer", issuer.issuer())]).await;
    let draft = Draft::new();
    let client = draft.client();
    let api = world.organisation(draft).await;
    // One function learns the keys from the issuer and leaves a copy in the table.
    assert_eq!(api.get("/v1/me").await.status, 200);
    assert_eq!(issuer.jwks_requests(), 1);
    age_the_copy(&world).await;
    issuer.set_down(true);
    // These have never run: their first breath finds old keys, and the issuer gone.
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    assert_eq!(created.status, 201, "{created:?}");
    // A key that is not in the copy cannot be judged now: that is no fault of the token, whether the issuer is
    // asked for it or was asked a moment ago, and no reason to refuse a token that can be judged.
    issuer.rotate_keys(simulators::identity_provider::Algorithm::ES256, true).await;
    let unknown = api.with_token(&world.forge(&json!({"clientId": client})).await);
    let buyer = created.header("location").unwrap();
    for _ in 0..2 {
        let reply = unknown.get(buyer).await;
        assert_eq!((reply.status, reply.problem()), (503, "service-unavailable"));
        let reply = unknown.upsert(&buyer_body(&fresh_vat_number())).await;
        assert_eq!((reply.status, reply.problem()), (503, "service-unavailable"));
        assert_eq!(api.get(buyer).await.status, 200);
    }
    assert_eq!(issuer.jwks_requests(), 1, "down is down");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_works_at_once_and_the_warm_path_asks_nobody() {
    use simulators::identity_provider::Algorithm;
    let issuer = IdentityProvider::start(0).await.unwrap();
    let world = World::beside("rotation", &[("Issuer", issuer.issuer())]).await;
    let draft = Draft::new();
    let client = draft.client();
    let api = world.organisation(draft).await;
    for _ in 0..5 {
        assert_eq!(api.get("/v1/me").await.status, 200);
    }
    assert_eq!(issuer.jwks_requests(), 1, "the keys are fetched once, not per request");

    // Another function, whose memory holds the old keys only from the copy, meets the new key first.
    issuer.rotate_keys(Algorithm::ES256, true).await;
    let token = world.forge(&json!({"clientId": client})).await;
    let rotated = api.with_token(&token);
    assert_eq!(rotated.upsert(&buyer_body(&fresh_vat_number())).await.status, 201, "ES256, by a key new to everyone");
    assert_eq!(api.upsert(&buyer_body(&fresh_vat_number())).await.status, 201, "the old key is still published");
    assert_eq!(issuer.jwks_requests(), 2);
}
