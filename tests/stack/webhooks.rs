//! Webhook endpoints over HTTP: registered, shown, changed, deleted; what a body may say.

use blackbox::{Api, Draft, Reply, World, send};
use domain::SellerId;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const HOOKS: &str = "/v1/webhooks";

pub(crate) fn body() -> Value {
    json!({"url": "https://hooks.example.com/novatrade24", "events": ["kyc.*"]})
}

/// The body with this member.
pub(crate) fn with(member: &str, value: Value) -> Value {
    let mut body = body();
    body[member] = value;
    body
}

pub(crate) async fn register(api: &Api, key: &str, body: &Value) -> Reply {
    send(api.write_with_key(key, Method::POST, HOOKS).json(body)).await
}

/// A new endpoint's path and secret.
pub(crate) async fn new_webhook(api: &Api) -> (String, String) {
    let reply = register(api, &fresh(), &body()).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    (path_of(&reply), reply.json["secret"].as_str().expect("a secret").to_owned())
}

pub(crate) fn path_of(registered: &Reply) -> String {
    format!("{HOOKS}/{}", registered.json["id"].as_str().expect("an id"))
}

pub(crate) async fn patch(api: &Api, path: &str, body: &Value) -> Reply {
    send(api.write(Method::PATCH, path).json(body)).await
}

pub(crate) fn fresh() -> String {
    Uuid::new_v4().to_string()
}

/// Field and message of every violation; that none repeats its value.
fn broken(reply: &Reply) -> Vec<(&str, &str)> {
    assert_eq!((reply.status, reply.problem()), (422, "validation-error"), "{reply:?}");
    let errors = reply.json["errors"].as_array().expect("errors");
    errors.iter().map(|error| (error["field"].as_str().unwrap(), error["message"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn an_endpoint_is_registered_listed_shown_changed_and_deleted() {
    let api = World::shared().organisation(Draft::new()).await;
    assert_eq!(api.get(HOOKS).await.json, json!([]), "a bare array");
    let first = register(&api, &fresh(), &body()).await;
    assert_eq!(first.status, 201, "{first:?}");
    let id = first.json["id"].as_str().unwrap();
    assert!(id.strip_prefix("wh_").is_some_and(|digits| digits.len() == 32), "{id}");
    let path = format!("{HOOKS}/{id}");
    assert_eq!(first.header("location"), Some(path.as_str()));
    let expected = json!({
        "id": id, "url": "https://hooks.example.com/novatrade24", "events": ["kyc.*"], "status": "ACTIVE",
        "acceptedSchemaVersions": [1], "createdAt": first.json["createdAt"], "updatedAt": first.json["createdAt"]
    });
    assert_eq!(api.get(&path).await.json, expected);
    let second = register(&api, &fresh(), &with("acceptedSchemaVersions", json!([2, 1]))).await;
    assert_eq!(second.json["acceptedSchemaVersions"], json!([1, 2]));
    let listed = api.get(HOOKS).await;
    let ids: Vec<_> = listed.json.as_array().unwrap().iter().map(|webhook| &webhook["id"]).collect();
    assert_eq!(ids, [&first.json["id"], &second.json["id"]], "oldest first");

    let change = json!({"url": "https://hooks.example.com:8443/other", "events": ["webhook.*", "prospect.submitted"]});
    let changed = patch(&api, &path, &change).await;
    assert_eq!(
        (changed.status, &changed.json["url"], &changed.json["events"]),
        (200, &change["url"], &change["events"])
    );
    assert!(changed.json["updatedAt"].as_str() > first.json["updatedAt"].as_str());
    assert_eq!(api.get(&path).await.json, changed.json);
    let unchanged = patch(&api, &path, &change).await;
    assert_eq!((unchanged.status, &unchanged.text), (200, &changed.text), "what changes nothing is no change");

    assert_eq!(send(api.write(Method::DELETE, &path)).await.status, 204);
    for gone in [
        api.get(&path).await,
        patch(&api, &path, &change).await,
        send(api.write(Method::DELETE, &path)).await,
        send(api.write(Method::POST, &format!("{path}/rotate-secret"))).await,
        api.get(&format!("{HOOKS}/not-an-id")).await,
    ] {
        assert_eq!((gone.status, gone.problem()), (404, "not-found"), "{gone:?}");
    }
    assert_eq!(api.get(HOOKS).await.json.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn every_rule_of_the_body_names_its_field_and_no_violation_repeats_a_url_or_a_secret() {
    let api = World::shared().organisation(Draft::new()).await;
    let event = "must be a published event type, or a segment of them as in `kyc.*`";
    let root = "must name a segment, as in `kyc.*`: `*` alone is not supported";
    let some = "must have at least 1 item";
    let secret = "must be 24 to 128 bytes";
    let blank = "must not contain white space or control characters";
    let version = "must contain 1, the only version there is so far";
    for (body, field, message) in [
        (with("url", json!(null)), "url", "is required"),
        (with("url", json!(7)), "url", "must be text"),
        (with("url", json!("http://hooks.example.com/x")), "url", "must be an absolute URL with the scheme https"),
        (with("url", json!("https://10.0.0.1/x")), "url", "must name its host, not give its IP address"),
        (
            with("url", json!("https://a:secret@hooks.example.com")),
            "url",
            "must not contain user information (the part before @)",
        ),
        (with("url", json!("https://hooks.example.com:22/x")), "url", "must use port 443 or 8443"),
        (with("events", json!(null)), "events", "is required"),
        (with("events", json!("kyc.*")), "events", "must be an array"),
        (with("events", json!([])), "events", some),
        (with("events", json!(vec!["kyc.*"; 51])), "events", "must have at most 50 items"),
        (with("events", json!(["kyc.*", "*"])), "events[1]", root),
        (with("events", json!(["kyc"])), "events[0]", event),
        (with("events", json!(["kyc.vies*"])), "events[0]", event),
        (with("events", json!(["order.*"])), "events[0]", event),
        (with("events", json!(["kyc.no_such_event"])), "events[0]", event),
        (with("events", json!(["KYC.*"])), "events[0]", event),
        (with("partnerIds", json!([])), "partnerIds", some),
        (with("partnerIds", json!(vec![fresh(); 101])), "partnerIds", "must have at most 100 items"),
        (with("partnerIds", json!(["x"])), "partnerIds[0]", "must be a hyphenated UUID"),
        (with("secret", json!("x".repeat(23))), "secret", secret),
        (with("secret", json!("x".repeat(129))), "secret", secret),
        (with("secret", json!("ä".repeat(11))), "secret", secret),
        (with("secret", json!("ä".repeat(65))), "secret", secret),
        (with("secret", json!(format!("{} ", "x".repeat(30)))), "secret", blank),
        (with("secret", json!(["x"])), "secret", "must be text"),
        (with("acceptedSchemaVersions", json!([])), "acceptedSchemaVersions", some),
        (with("acceptedSchemaVersions", json!([2])), "acceptedSchemaVersions", version),
        (
            with("acceptedSchemaVersions", json!([1, 0])),
            "acceptedSchemaVersions[1]",
            "must be a whole number from 1 to 1000",
        ),
    ] {
        let reply = register(&api, &fresh(), &body).await;
        assert_eq!(broken(&reply), [(field, message)], "{body}");
        let confidential = ["url", "secret"].contains(&field);
        assert!(!confidential || reply.json["errors"][0].get("rejectedValue").is_none(), "{reply:?}");
    }
    let all = json!({"url": "x", "events": ["*"], "partnerIds": [7], "secret": "short", "acceptedSchemaVersions": "1"});
    let reply = register(&api, &fresh(), &all).await;
    let fields: Vec<_> = broken(&reply).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["url", "events[0]", "partnerIds[0]", "secret", "acceptedSchemaVersions"], "all together");
    assert!(!reply.text.contains("short"), "{reply:?}");
    assert_eq!(api.get(HOOKS).await.json, json!([]), "nothing was registered");

    let (path, _) = new_webhook(&api).await;
    for (body, field, message) in [
        (json!({"secret": "x".repeat(40)}), "secret", "is changed by POST /v1/webhooks/{webhookId}/rotate-secret"),
        (json!({"secret": null}), "secret", "is changed by POST /v1/webhooks/{webhookId}/rotate-secret"),
        (json!({"status": "STOPPED"}), "status", "must be ACTIVE, PAUSED or DISABLED"),
        (json!({"status": null}), "status", "is required"),
        (json!({"url": null}), "url", "is required"),
        (json!({"events": null}), "events", "is required"),
        (json!({"events": []}), "events", some),
        (json!({"acceptedSchemaVersions": [3]}), "acceptedSchemaVersions", version),
    ] {
        assert_eq!(broken(&patch(&api, &path, &body).await), [(field, message)], "{body}");
    }
    let rotate = format!("{path}/rotate-secret");
    for (body, field, message) in [
        (json!({"overlapHours": 169}), "overlapHours", "must be a whole number from 0 to 168"),
        (json!({"overlapHours": -1}), "overlapHours", "must be a whole number from 0 to 168"),
        (json!({"secret": "x".repeat(23)}), "secret", secret),
    ] {
        let reply = send(api.write(Method::POST, &rotate).json(&body)).await;
        assert_eq!(broken(&reply), [(field, message)], "{body}");
    }
}

#[tokio::test]
async fn every_published_type_and_every_segment_is_taken() {
    let api = World::shared().organisation(Draft::new()).await;
    let all = json!([
        "compliance.status_changed",
        "compliance.decision_made",
        "kyc.vies_check_failed",
        "kyc.verification_completed",
        "export_file.generated",
        "prospect.submitted",
        "self_service_invitation.used",
        "self_service_invitation.expired",
        "webhook.endpoint_auto_paused",
        "webhook.delivery_failed_terminal",
        "compliance.*",
        "kyc.*",
        "export_file.*",
        "prospect.*",
        "self_service_invitation.*",
        "webhook.*"
    ]);
    let reply = register(&api, &fresh(), &with("events", all.clone())).await;
    assert_eq!((reply.status, &reply.json["events"]), (201, &all), "{reply:?}");
    let twice = register(&api, &fresh(), &with("events", json!(["webhook.*", "kyc.*", "webhook.*"]))).await;
    assert_eq!(twice.json["events"], json!(["webhook.*", "kyc.*"]), "what stands there twice counts once");
}

#[tokio::test]
async fn only_sellers_that_the_organisation_acts_for_can_be_named() {
    let world = World::shared();
    let sellers = [SellerId(Uuid::new_v4()), SellerId(Uuid::new_v4())];
    let draft = Draft::new().acting_for(&sellers);
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let (own, foreign) = (sellers.map(|seller| seller.to_string()), fresh());
    let refused = register(&api, &fresh(), &with("partnerIds", json!([own[0], foreign, own[1], fresh()]))).await;
    assert_eq!((refused.status, refused.problem()), (403, "forbidden"), "{refused:?}");
    let detail = refused.json["detail"].as_str().unwrap();
    assert!(detail.contains("partnerIds[1], partnerIds[3];"), "{detail}");

    let webhook = register(&api, &fresh(), &with("partnerIds", json!([own[1], own[0], own[1]]))).await;
    assert_eq!((webhook.status, &webhook.json["partnerIds"]), (201, &json!([own[1], own[0]])), "{webhook:?}");
    let path = path_of(&webhook);
    assert_eq!(patch(&api, &path, &json!({"partnerIds": [foreign]})).await.problem(), "forbidden");
    assert_eq!(api.get(&path).await.json["partnerIds"], json!([own[1], own[0]]));
    let all = patch(&api, &path, &json!({"partnerIds": null})).await;
    assert_eq!((all.status, all.json.get("partnerIds")), (200, None), "{all:?}");
    assert_eq!(api.get(&path).await.json.get("partnerIds"), None);

    world.operator().withdraw_seller(organisation, sellers[0]).await.unwrap();
    let reply = register(&api, &fresh(), &with("partnerIds", json!([own[0]]))).await;
    assert_eq!((reply.status, reply.problem()), (403, "forbidden"), "no longer: {reply:?}");
}

#[tokio::test]
async fn a_client_pauses_disables_and_resumes_and_what_says_how_deliveries_fare_is_left_alone_until_then() {
    let world = World::shared();
    let draft = Draft::new();
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let (path, _) = new_webhook(&api).await;
    let item = || async {
        let items = world.behind.items(&format!("WEBHOOKS#{organisation}")).await;
        items.into_iter().find(|item| item["sk"]["S"].as_str().unwrap().starts_with("WEBHOOK#")).expect("the endpoint")
    };
    // As the worker that delivers writes it.
    let mut failing = item().await;
    failing["failures"] = json!({"N": "20"});
    failing["failingSince"] = json!({"S": "2026-11-20T00:00:00.000Z"});
    failing["pausedReason"] = json!({"S": "CONSECUTIVE_FAILURES"});
    world.behind.overwrite(&failing).await;
    for status in ["PAUSED", "DISABLED", "PAUSED"] {
        let reply = patch(&api, &path, &json!({"status": status, "events": ["kyc.*", "webhook.*"]})).await;
        assert_eq!((reply.status, reply.json["status"].as_str()), (200, Some(status)), "{reply:?}");
        assert_eq!(item().await["failures"], json!({"N": "20"}), "{status}");
    }
    let resumed = patch(&api, &path, &json!({"status": "ACTIVE"})).await;
    assert_eq!(resumed.json["status"], "ACTIVE");
    let item = item().await;
    for name in ["failures", "failingSince", "pausedReason"] {
        assert_eq!(item.get(name), None, "it begins anew");
    }
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_answer_and_a_used_key_is_refused() {
    let api = World::shared().organisation(Draft::new()).await;
    let first = register(&api, "first", &body()).await;
    let path = path_of(&first);
    let change = || api.write_with_key("change", Method::PATCH, &path).json(&json!({"status": "PAUSED"}));
    let changed = send(change()).await;
    patch(&api, &path, &json!({"status": "DISABLED", "url": "https://hooks.example.com/moved"})).await;
    for (was, again) in [(&first, register(&api, "first", &body()).await), (&changed, send(change()).await)] {
        assert_eq!((again.status, &again.text), (was.status, &was.text));
        assert_eq!(again.header("location"), was.header("location"));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
    assert_eq!(api.get(HOOKS).await.json.as_array().map(Vec::len), Some(1));
    for (case, reply) in [
        ("another body", register(&api, "first", &with("events", json!(["webhook.*"]))).await),
        ("a secret", register(&api, "first", &with("secret", json!("x".repeat(30)))).await),
        (
            "another change",
            send(api.write_with_key("change", Method::PATCH, &path).json(&json!({"status": "ACTIVE"}))).await,
        ),
        ("another method", send(api.write_with_key("change", Method::DELETE, &path)).await),
    ] {
        assert_eq!((reply.status, reply.problem()), (422, "idempotency-key-reused"), "{case}");
    }
    let delete = || api.write_with_key("delete", Method::DELETE, &path);
    let (gone, again) = (send(delete()).await, send(delete()).await);
    assert_eq!((gone.status, again.status, again.header("idempotent-replayed")), (204, 204, Some("true")));
    let without_key = send(api.request(Method::POST, HOOKS).json(&body())).await;
    assert_eq!((without_key.status, without_key.problem()), (400, "malformed-request"));
}

#[tokio::test]
async fn they_are_counted_as_webhook_requests() {
    let limits = domain::RateLimits { read: 0, write: 0, webhook: 6000 };
    let draft = Draft::new().with(|organisation| organisation.rate_limits = Some(limits));
    let api = World::shared().organisation(draft).await;
    let registered = register(&api, &fresh(), &body()).await;
    let path = path_of(&registered);
    for reply in [
        api.get(HOOKS).await,
        api.get(&path).await,
        patch(&api, &path, &json!({"status": "PAUSED"})).await,
        send(api.write(Method::POST, &format!("{path}/rotate-secret"))).await,
        send(api.write(Method::DELETE, &path)).await,
        registered,
    ] {
        assert!(reply.status < 300, "{reply:?}");
        let standing = (reply.header("x-ratelimit-category"), reply.header("x-ratelimit-limit"));
        assert_eq!(standing, (Some("webhook"), Some("6000")));
    }
}

#[tokio::test]
async fn the_endpoint_of_another_organisation_looks_absent_on_every_route_and_is_left_alone() {
    let world = World::shared();
    let (owner, stranger) = (world.organisation(Draft::new()).await, world.organisation(Draft::new()).await);
    let (path, secret) = new_webhook(&owner).await;
    let before = owner.get(&path).await;
    for reply in [
        stranger.get(&path).await,
        patch(&stranger, &path, &json!({"url": "https://hooks.example.org/mine"})).await,
        send(stranger.write(Method::POST, &format!("{path}/rotate-secret"))).await,
        send(stranger.write(Method::DELETE, &path)).await,
    ] {
        assert_eq!((reply.status, reply.problem()), (404, "not-found"), "{reply:?}");
        assert!(!reply.text.contains(&secret));
    }
    assert_eq!(stranger.get(HOOKS).await.json, json!([]));
    assert_eq!(owner.get(&path).await.text, before.text);
}

#[tokio::test]
async fn plain_http_goes_to_the_own_machine_where_the_parameter_says_so_and_nowhere_else() {
    let local = World::shared();
    let as_deployed = World::beside("https-only", &[("WebhookTargets", "https")]).await;
    let rule = [("url", "must be an absolute URL with the scheme https")];
    for (world, allowed) in [(&local, true), (&as_deployed, false)] {
        let api = world.organisation(Draft::new()).await;
        let (path, _) = new_webhook(&api).await;
        for url in ["http://127.0.0.1:9000/hook", "http://localhost:9000/hook", "http://[::1]:9000/hook"] {
            let registered = register(&api, &fresh(), &with("url", json!(url))).await;
            let changed = patch(&api, &path, &json!({ "url": url })).await;
            if allowed {
                assert_eq!((registered.status, changed.status), (201, 200), "{url}: {registered:?} {changed:?}");
            } else {
                assert_eq!((broken(&registered), broken(&changed)), (rule.to_vec(), rule.to_vec()), "{url}");
            }
        }
        for url in ["http://hooks.example.com/x", "http://127.0.0.2/x", "https://127.0.0.1/x", "https://localhost/x"] {
            let refused = register(&api, &fresh(), &with("url", json!(url))).await;
            assert_eq!(broken(&refused)[0].0, "url", "{url}");
        }
    }
}

#[tokio::test]
async fn nothing_is_recovered_of_an_endpoint_that_is_disabled_until_it_is_set_active() {
    let api = World::shared().organisation(Draft::new()).await;
    let (path, _) = new_webhook(&api).await;
    let recover = async || {
        let request = api.write_with_key("the same", Method::POST, &format!("{path}/recover"));
        send(request.json(&json!({ "since": "2026-11-22T00:00:00Z" }))).await
    };
    assert_eq!(patch(&api, &path, &json!({ "status": "DISABLED" })).await.status, 200);
    for _ in 0..2 {
        let refused = recover().await;
        assert_eq!((refused.status, refused.problem()), (409, "webhook-disabled"), "{refused:?}");
        assert!(refused.json["detail"].as_str().is_some_and(|detail| detail.contains("ACTIVE")), "{refused:?}");
    }
    for status in ["PAUSED", "ACTIVE"] {
        assert_eq!(patch(&api, &path, &json!({ "status": status })).await.status, 200);
        let taken = recover().await;
        assert_eq!((taken.status, taken.text.as_str()), (202, ""), "{status}: {taken:?}");
    }
}
