//! The data processing agreement, sellers, capabilities, and the order in which things are checked.

use blackbox::{Draft, World, buyer_body, fresh_vat_number, send};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn the_data_processing_agreement_gates_everything_but_me() {
    let world = World::shared();
    let now = storage::now();
    let cases = [
        ("missing", None, None, 403),
        ("outdated, in grace", Some("2025-01"), Some(now.plus_seconds(3600)), 201),
        ("outdated", Some("2025-01"), Some(now.plus_seconds(-1)), 403),
        ("outdated without grace", Some("2025-01"), None, 403),
        ("accepted", Some("2026-01"), None, 201),
    ];
    for (case, version, grace, status) in cases {
        let draft = Draft::new().with(|organisation| {
            organisation.dpa_version = version.map(str::to_owned);
            organisation.dpa_grace_until = grace;
        });
        let api = world.organisation(draft).await;
        let reply = api.upsert(&buyer_body(&fresh_vat_number())).await;
        assert_eq!(reply.status, status, "{case}: {reply:?}");
        if status == 403 {
            assert_eq!(reply.problem(), "dpa-not-accepted", "{case}");
            assert!(reply.json["detail"].as_str().unwrap().contains("2026-01"), "{case}: names the version");
        }
        let me = api.get("/v1/me").await;
        assert_eq!((me.status, me.json["dpaVersion"].as_str()), (200, version), "{case}: he can see why");
    }
}

#[tokio::test]
async fn a_seller_that_is_foreign_unknown_or_no_id_is_403() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let other = world.organisation(Draft::new()).await;
    for seller in [other.seller.as_str(), "00000000-0000-4000-8000-000000000000", "not-an-id", "%20"] {
        let api = api.for_seller(seller);
        let reply = api.upsert(&buyer_body(&fresh_vat_number())).await;
        assert_eq!((reply.status, reply.problem()), (403, "forbidden"), "{seller}");
        let reply = api.get(&format!("{}/00000000-0000-4000-8000-000000000000", api.buyers())).await;
        assert_eq!((reply.status, reply.problem()), (403, "forbidden"), "{seller}");
    }
}

#[tokio::test]
async fn what_an_organisation_may_not_do_is_403_and_names_the_capability() {
    let world = World::shared();
    let draft = Draft::new().with(|organisation| organisation.capabilities = domain::Capabilities::default());
    let api = world.organisation(draft).await;

    let mut marketplace_led = buyer_body(&fresh_vat_number());
    marketplace_led["kycMode"] = json!("MARKETPLACE_LED");
    let reply = api.upsert(&marketplace_led).await;
    assert_eq!((reply.status, reply.problem()), (403, "capability-required"));
    assert!(reply.json["detail"].as_str().unwrap().contains("allowMarketplaceLedKyc"));

    let mut with_contacts = buyer_body(&fresh_vat_number());
    with_contacts["contacts"] = json!([]);
    let reply = api.upsert(&with_contacts).await;
    assert_eq!((reply.status, reply.problem()), (403, "capability-required"));
    assert!(reply.json["detail"].as_str().unwrap().contains("allowContactPersonalData"));

    assert_eq!(api.upsert(&buyer_body(&fresh_vat_number())).await.status, 201);
}

/// Each request is wrong in everything from some step on; the first wrong step decides.
#[tokio::test]
async fn checks_come_in_the_promised_order() {
    let world = World::shared();
    let nothing = Draft::new().with(|organisation| organisation.capabilities = domain::Capabilities::default());
    let api = world.organisation(nothing).await;
    let exhausted = || {
        let nothing = domain::RateLimits { read: 0, write: 0, webhook: 0 };
        Draft::new().with(|organisation| organisation.rate_limits = Some(nothing))
    };
    let unsigned = world.organisation(exhausted().with(|organisation| organisation.dpa_version = None)).await;
    let exhausted = world.organisation(exhausted()).await;
    let nowhere = "/v1/partners/00000000-0000-4000-8000-000000000000/buyers";
    let here = api.buyers();
    let mut taken = buyer_body(&fresh_vat_number());
    assert_eq!(api.upsert(&taken).await.status, 201);
    taken["kycMode"] = json!("MARKETPLACE_LED");
    let (key, json_type) = (("idempotency-key", "order"), ("content-type", "application/json"));
    let post = |api: &blackbox::Api, path: &str| api.request(Method::POST, path).body("{");
    for (step, request, expected) in [
        ("token", api.with_token("x").request(Method::POST, nowhere).body("{"), (401, "unauthorized")),
        ("agreement", post(&unsigned, nowhere), (403, "dpa-not-accepted")),
        ("rate limit", post(&exhausted, nowhere), (429, "rate-limited")),
        ("seller", post(&api, nowhere), (403, "forbidden")),
        ("headers", post(&api, &here), (400, "malformed-request")),
        ("media type", post(&api, &here).header(key.0, key.1), (415, "unsupported-media-type")),
        (
            "size",
            api.request(Method::POST, &here)
                .header(key.0, key.1)
                .header(json_type.0, json_type.1)
                .body("{".repeat(70_000)),
            (413, "payload-too-large"),
        ),
        ("syntax", post(&api, &here).header(key.0, key.1).header(json_type.0, json_type.1), (400, "malformed-request")),
        (
            "validation",
            api.request(Method::POST, &here).header(key.0, key.1).json(&json!({"kycMode": "MARKETPLACE_LED"})),
            (422, "validation-error"),
        ),
        (
            "capability of the body",
            api.request(Method::POST, &here).header(key.0, key.1).json(&taken),
            (403, "capability-required"),
        ),
    ] {
        let reply = send(request).await;
        assert_eq!((reply.status, reply.problem()), expected, "{step}: {reply:?}");
    }
}

#[tokio::test]
async fn a_request_id_is_echoed_or_made() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let with = |id: &str| api.request(Method::GET, "/v1/me").header("x-request-id", id);
    assert_eq!(send(with("order-4711")).await.header("x-request-id"), Some("order-4711"));
    for unusable in ["a b", "x\u{e9}", &"x".repeat(129)] {
        let reply = send(with(unusable)).await;
        assert!(reply.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{unusable}: {reply:?}");
    }
    let problem = send(api.anonymous(Method::GET, "/v1/me").header("x-request-id", "order-4712")).await;
    assert_eq!(problem.json["traceId"], "order-4712");
    assert_eq!(problem.json["instance"], "/v1/me");
}
