//! Secrets of webhook endpoints: shown once, sealed, rotated.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use blackbox::{Api, Draft, Reply, Taken, World, event_file, found, send};
use domain::{Instant, OrganisationId};
use reqwest::Method;
use serde_json::{Value, json};

use crate::webhooks::{HOOKS, body, fresh, new_webhook, patch, path_of, register, with};

async fn rotate(api: &Api, key: &str, path: &str, body: &Value) -> Reply {
    send(api.write_with_key(key, Method::POST, &format!("{path}/rotate-secret")).json(body)).await
}

fn secret(reply: &Reply) -> &str {
    reply.json["secret"].as_str().unwrap_or_else(|| panic!("no secret: {reply:?}"))
}

/// All that the table holds of the organisation's endpoints and answers.
async fn stored(world: &World, organisation: OrganisationId) -> Vec<Value> {
    let mut items = world.behind.items(&format!("WEBHOOKS#{organisation}")).await;
    items.extend(world.behind.items(&format!("RECEIPT#{organisation}")).await);
    items
}

/// The sealed secrets of the organisation's only endpoint: number of the revision that brought it, and its end.
async fn sealed(world: &World, organisation: OrganisationId) -> Vec<(String, Option<String>)> {
    let items = stored(world, organisation).await;
    let item = items.iter().find(|item| item["sk"]["S"].as_str().unwrap().starts_with("WEBHOOK#")).expect("one");
    let secrets = item["secrets"]["L"].as_array().expect("secrets");
    let read = |secret: &Value| {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        (text(&secret["M"]["revision"]["N"]).unwrap(), text(&secret["M"]["until"]["S"]))
    };
    secrets.iter().map(read).collect()
}

#[tokio::test]
async fn a_secret_is_shown_once_and_stands_nowhere_in_the_table() {
    let world = World::shared();
    let draft = Draft::new();
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let generated = register(&api, "generated", &body()).await;
    let own = "grüße-aus-hamburg-geheim-4711";
    let supplied = register(&api, "supplied", &with("secret", json!(own))).await;
    assert_eq!((supplied.status, secret(&supplied)), (201, own), "{supplied:?}");
    let bytes = STANDARD.decode(secret(&generated).strip_prefix("whsec_").expect("the published form")).unwrap();
    assert_eq!(bytes.len(), 32);
    let path = path_of(&supplied);
    let rotated = rotate(&api, "rotated", &path, &json!({})).await;
    let secrets = [secret(&generated), own, secret(&rotated)];
    assert_eq!(secrets.iter().collect::<BTreeSet<_>>().len(), 3);

    for reply in [
        api.get(HOOKS).await,
        api.get(&path).await,
        api.get(&path_of(&generated)).await,
        patch(&api, &path, &json!({"status": "PAUSED"})).await,
        patch(&api, &path, &json!({})).await,
    ] {
        assert_eq!((reply.status, reply.json.get("secret")), (200, None), "{reply:?}");
        assert!(secrets.iter().all(|secret| !reply.text.contains(secret)), "{reply:?}");
    }
    let items = json!(stored(&world, organisation).await).to_string();
    assert!(items.contains("\"sealed\""), "{items}");
    for secret in secrets {
        // In plain, in base64, in hexadecimal digits.
        for form in [secret.to_owned(), STANDARD.encode(secret), hex::encode(secret)] {
            assert!(!items.contains(&form), "the table holds {form}");
        }
        let random = secret.strip_prefix("whsec_").unwrap_or(secret);
        assert!(!items.contains(random), "the table holds {random}");
    }
}

#[tokio::test]
async fn a_supplied_secret_is_measured_in_bytes_and_taken_as_it_is() {
    let api = World::shared().organisation(Draft::new()).await;
    for good in
        ["x".repeat(24), "x".repeat(128), "ä".repeat(12), "ä".repeat(64), "whsec_not-of-that-form-at-all".to_owned()]
    {
        let reply = register(&api, &fresh(), &with("secret", json!(good))).await;
        assert_eq!((reply.status, secret(&reply)), (201, good.as_str()));
    }
}

/// Calls a function until the line that tells its answer is among what it logged: on a busy machine the emulator does
/// not wait for that. The answer's body.
async fn logged(world: &World, (function, status): (&str, u16), event: &Value, logs: &mut String) -> Value {
    found(&format!("{function} says what it answered"), async || {
        let answer = world.behind.invoke(function, event).await;
        assert_eq!(answer.payload["statusCode"], status, "{}", answer.payload);
        logs.push_str(&answer.log_tail);
        let said = answer.log_tail.contains(&format!("\"status\":{status}"));
        said.then(|| serde_json::from_str(answer.payload["body"].as_str().unwrap()).unwrap())
    })
    .await
}

#[tokio::test]
async fn no_log_line_shows_a_secret_or_the_path_of_a_url() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let own = "supplied-secret-of-the-log-test";
    let said = json!({"url": "https://hooks.example.com/capability-4711", "events": ["kyc.*"], "secret": own});
    let mut event = event_file("register-webhook", &[("TOKEN", &api.token)]);
    event["body"] = json!(said.to_string());
    let mut logs = String::new();
    let mut ids = Vec::new();
    for key in ["one", "one", "two"] {
        event["headers"]["idempotency-key"] = json!(key);
        let body = logged(&world, ("register-webhook", 201), &event, &mut logs).await;
        ids.push(body["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids[0], ids[1]);
    event["body"] = json!(with("secret", json!("refused-secret")).to_string());
    event["headers"]["idempotency-key"] = json!("three");
    logged(&world, ("register-webhook", 422), &event, &mut logs).await;
    let values = [("TOKEN", api.token.as_str()), ("WEBHOOK", ids[0].as_str())];
    let rotate = event_file("rotate-webhook-secret", &values);
    let body = logged(&world, ("rotate-webhook-secret", 200), &rotate, &mut logs).await;
    for hidden in [own, "capability-4711", "refused-secret", body["secret"].as_str().unwrap(), &api.token] {
        assert!(!logs.contains(hidden), "the log shows {hidden}");
    }
}

#[tokio::test]
async fn a_rotation_shows_a_new_secret_and_the_old_one_signs_beside_it_until_the_overlap_ends() {
    let world = World::shared();
    let draft = Draft::new();
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let (path, first) = new_webhook(&api).await;
    assert_eq!(sealed(&world, organisation).await, [("0".to_owned(), None)]);

    let second = send(api.write(Method::POST, &format!("{path}/rotate-secret"))).await;
    assert_eq!(second.status, 200, "without a body: {second:?}");
    assert!(secret(&second) != first && secret(&second).starts_with("whsec_"));
    let until = |reply: &Reply| reply.json["overlapUntil"].as_str().map(str::to_owned);
    let day = after(&second, 24);
    assert_eq!(until(&second), Some(day.clone()));
    assert_eq!(until(&api.get(&path).await), Some(day.clone()), "others see that it runs, too");
    assert_eq!(sealed(&world, organisation).await, [("1".to_owned(), None), ("0".to_owned(), Some(day.clone()))]);

    let own = "a-secret-of-the-receivers-own";
    let third = rotate(&api, &fresh(), &path, &json!({"overlapHours": 168, "secret": own})).await;
    assert_eq!((third.status, secret(&third), until(&third)), (200, own, Some(after(&third, 168))));
    let expected = [("2".to_owned(), None), ("1".to_owned(), until(&third))];
    assert_eq!(sealed(&world, organisation).await, expected, "at most two sign: the oldest is dropped");

    let paused = patch(&api, &path, &json!({"status": "PAUSED"})).await;
    assert_eq!(until(&paused), until(&third), "another change does not end it");
    assert_eq!(sealed(&world, organisation).await, expected);

    let last = rotate(&api, &fresh(), &path, &json!({"overlapHours": 0})).await;
    assert_eq!((last.status, until(&last)), (200, None), "{last:?}");
    assert_eq!(sealed(&world, organisation).await, [("4".to_owned(), None)], "the old ones end at once");
    assert_eq!(last.json["status"], "PAUSED");
}

/// So many hours after an endpoint was changed.
fn after(reply: &Reply, hours: i64) -> String {
    let at: Instant = reply.json["updatedAt"].as_str().expect("an instant").parse().expect("an instant");
    at.plus_seconds(hours * 60 * 60).to_string()
}

#[tokio::test]
async fn a_repeat_shows_the_secret_of_then_while_that_signs_and_never_another_one() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let registered = register(&api, "register", &body()).await;
    let path = path_of(&registered);
    let rotation = json!({"overlapHours": 1});
    let rotated = rotate(&api, "rotate", &path, &rotation).await;
    for (was, again) in [
        (&registered, register(&api, "register", &body()).await),
        (&rotated, rotate(&api, "rotate", &path, &rotation).await),
    ] {
        assert_eq!((again.status, &again.text), (was.status, &was.text), "it overlaps");
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
    let without = |reply: &Reply| {
        let mut json = reply.json.clone();
        json.as_object_mut().unwrap().remove("secret").expect("a secret");
        json
    };
    rotate(&api, "at once", &path, &json!({"overlapHours": 0})).await;
    let gone = [
        (&registered, register(&api, "register", &body()).await),
        (&rotated, rotate(&api, "rotate", &path, &rotation).await),
    ];
    for (was, again) in gone {
        assert_eq!((again.status, &again.json), (was.status, &without(was)), "its secret signs no longer");
    }
    assert_eq!(send(api.write(Method::DELETE, &path)).await.status, 204);
    let again = register(&api, "register", &body()).await;
    assert_eq!((again.status, &again.json), (201, &without(&registered)), "the endpoint is deleted");
    assert_eq!(api.get(&path).await.status, 404, "and stays so");
}

#[tokio::test]
async fn another_supplied_secret_is_another_request() {
    let api = World::shared().organisation(Draft::new()).await;
    let [one, other] = ["the-one-supplied-secret-4711", "the-other-supplied-secret-12"];
    let registered = register(&api, "register", &with("secret", json!(one))).await;
    let path = path_of(&registered);
    let reused = register(&api, "register", &with("secret", json!(other))).await;
    assert_eq!((reused.status, reused.problem()), (422, "idempotency-key-reused"), "{reused:?}");
    assert!(!reused.text.contains(one) && !reused.text.contains(other));
    rotate(&api, "rotate", &path, &json!({"secret": other})).await;
    let reused = rotate(&api, "rotate", &path, &json!({"secret": one})).await;
    assert_eq!((reused.status, reused.problem()), (422, "idempotency-key-reused"), "{reused:?}");
    assert_eq!(secret(&rotate(&api, "rotate", &path, &json!({"secret": other})).await), other);
}

#[tokio::test]
async fn a_sealed_secret_opens_for_its_own_endpoint_only() {
    let world = World::shared();
    let draft = Draft::new();
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let (mine, yours) = (register(&api, "mine", &body()).await, register(&api, "yours", &body()).await);
    let items = stored(&world, organisation).await;
    let of = |reply: &Reply| {
        let sk = format!("WEBHOOK#{}", reply.json["id"].as_str().unwrap());
        items.iter().find(|item| item["sk"]["S"] == sk.as_str()).expect("an endpoint").clone()
    };
    let mut forged = of(&mine);
    forged["secrets"] = of(&yours)["secrets"].clone();
    world.behind.overwrite(&forged).await;
    let reply = register(&api, "mine", &body()).await;
    assert_eq!((reply.status, reply.problem()), (500, "internal-error"), "{reply:?}");
    assert!(!reply.text.contains(secret(&yours)));
    world.behind.overwrite(&of(&mine)).await;
    assert_eq!(register(&api, "mine", &body()).await.text, mine.text, "put back, it opens");
}

#[tokio::test]
async fn without_a_right_of_its_own_a_function_fails_changes_nothing_and_names_no_roles() {
    let world = World::beside("rights-webhooks", &[]).await;
    let draft = Draft::new();
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let (path, _) = new_webhook(&api).await;
    let before = world.behind.items(&format!("WEBHOOKS#{organisation}")).await;
    // The others the emulator would not miss: it does not tell kinds of items apart, and `Caller` has the same action.
    for (function, sid) in [
        ("register-webhook", "SealAndOpenSecret"),
        ("register-webhook", "CreateWebhook"),
        ("rotate-webhook-secret", "SealAndOpenSecret"),
        ("rotate-webhook-secret", "ChangeWebhook"),
        ("update-webhook", "ChangeWebhook"),
        ("delete-webhook", "DeleteWebhook"),
        ("list-webhooks", "ListWebhooks"),
    ] {
        let taken: Taken = world.behind.without_statement(function, sid).await;
        let reply = match function {
            "register-webhook" => register(&api, &fresh(), &body()).await,
            "rotate-webhook-secret" => rotate(&api, &fresh(), &path, &json!({})).await,
            "update-webhook" => patch(&api, &path, &json!({"status": "PAUSED"})).await,
            "delete-webhook" => send(api.write(Method::DELETE, &path)).await,
            _ => api.get(HOOKS).await,
        };
        assert_eq!((reply.status, reply.problem()), (500, "internal-error"), "{function} {sid}: {reply:?}");
        assert!(!reply.text.contains("AccessDenied") && !reply.text.contains("arn:"), "{reply:?}");
        world.behind.put_back(taken).await;
    }
    assert_eq!(world.behind.items(&format!("WEBHOOKS#{organisation}")).await, before);
    for reply in [
        register(&api, &fresh(), &body()).await,
        rotate(&api, &fresh(), &path, &json!({})).await,
        patch(&api, &path, &json!({"status": "PAUSED"})).await,
        api.get(HOOKS).await,
        send(api.write(Method::DELETE, &path)).await,
    ] {
        assert!(reply.status < 300, "and with them it works again: {reply:?}");
    }
}
