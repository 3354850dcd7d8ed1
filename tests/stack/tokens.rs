//! Who may come in: tokens, forged in every way we could think of.

use blackbox::{Draft, World};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_forged_token_is_401_whatever_way_it_is_forged() {
    let world = World::shared();
    let draft = Draft::new();
    let client = draft.client();
    let api = world.organisation(draft).await;
    let now = storage::now().seconds();
    let forgeries: [(&str, Value); 14] = [
        ("unsigned", json!({"header": {"alg": "none"}})),
        ("unsigned, spelled otherwise", json!({"header": {"alg": "NoNe"}})),
        ("HMAC with the public key", json!({"header": {"alg": "HS256"}})),
        ("signed with a foreign key", json!({"withForeignKey": true})),
        ("foreign ES256 key under a known kid", json!({"header": {"alg": "ES256"}, "withForeignKey": true})),
        ("unknown key id", json!({"header": {"kid": "nobody-published-this"}, "withForeignKey": true})),
        ("no key id", json!({"header": {"kid": null}})),
        ("another algorithm of the same family", json!({"header": {"alg": "RS512"}})),
        ("expired", json!({"claims": {"exp": now - 60}})),
        ("without expiry", json!({"claims": {"exp": null}})),
        ("not valid yet", json!({"claims": {"nbf": now + 600}})),
        ("of another issuer", json!({"claims": {"iss": "https://issuer.example/realms/other"}})),
        ("without issuer", json!({"claims": {"iss": null}})),
        ("of no client", json!({"claims": {"azp": null, "client_id": null}})),
    ];
    for (case, mut forgery) in forgeries {
        forgery["clientId"] = json!(client);
        let token = world.forge(&forgery).await;
        let reply = api.with_token(&token).get("/v1/me").await;
        assert_eq!((reply.status, reply.problem()), (401, "unauthorized"), "{case}: {reply:?}");
        let challenge = reply.header("www-authenticate").unwrap_or_default();
        assert!(challenge.starts_with("Bearer ") && challenge.contains("invalid_token"), "{case}: {challenge}");
    }
    // The proof that it was the forgery: the same token, honest, is let in.
    let token = world.forge(&json!({"clientId": client})).await;
    assert_eq!(api.with_token(&token).get("/v1/me").await.status, 200);
    // And an honest one whose payload was changed afterwards is not.
    let parts: Vec<_> = token.split('.').collect();
    let other = world.forge(&json!({"clientId": "api-client-full"})).await;
    let spliced = format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2]);
    assert_eq!(api.with_token(&spliced).get("/v1/me").await.status, 401);
}

#[tokio::test]
async fn without_a_bearer_token_the_challenge_carries_no_error() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let anonymous = || api.anonymous(Method::GET, "/v1/me");
    for (case, request) in [
        ("no header", anonymous()),
        ("another scheme", anonymous().header("authorization", "Basic YTpi")),
        ("no token", anonymous().header("authorization", "Bearer")),
    ] {
        let reply = blackbox::send(request).await;
        assert_eq!((reply.status, reply.problem()), (401, "unauthorized"), "{case}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"novatrade24\""), "{case}");
    }
    for garbage in ["x", "a.b.c", "....", "eyJhbGciOiJSUzI1NiJ9..", "%00"] {
        let reply = api.with_token(garbage).get("/v1/me").await;
        assert_eq!((reply.status, reply.problem()), (401, "unauthorized"), "{garbage}");
    }
}

#[tokio::test]
async fn a_client_that_no_organisation_has_is_401() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let token = world.forge(&json!({"clientId": "api-client-nobody"})).await;
    let reply = api.with_token(&token).get("/v1/me").await;
    assert_eq!((reply.status, reply.problem()), (401, "unauthorized"));
}
