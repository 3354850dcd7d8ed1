//! Webhook endpoints when many want something at once, and what an auditor sees afterwards.

use blackbox::{Crew, Draft, Request, World, send};
use domain::webhook::{ChangeKind, EndpointRevision};
use domain::{Actor, WebhookId};
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::webhooks::{HOOKS, body, fresh, new_webhook, patch, path_of, register, with};

/// By processes of their own, past the gateway: there each would be one more for the emulator to see to.
const AT_ONCE: usize = 12;

#[tokio::test]
async fn of_sixty_registrations_at_once_fifty_succeed_and_a_deletion_makes_room_for_one() {
    let crew = Crew::of(World::shared());
    let world = crew.world();
    let draft = Draft::new();
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let registrations = stream::iter(0..60).map(|number| {
        let request = Request::new("register-webhook", &api.token).key(format!("key {number}")).json(body());
        let crew = crew.clone();
        async move { crew.insist(&request).await }
    });
    let replies: Vec<_> = registrations.buffer_unordered(AT_ONCE).collect().await;
    let (made, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!((made.len(), refused.len()), (50, 10));
    for reply in &refused {
        assert_eq!((reply.status, reply.problem()), (409, "limit-reached"), "{reply:?}");
        assert_eq!(reply.json["detail"], "There may be at most 50 webhook endpoints of an organisation.");
    }
    assert_eq!(api.get(HOOKS).await.json.as_array().map(Vec::len), Some(50));
    let count = || async {
        let items = world.behind.items(&format!("WEBHOOKS#{organisation}")).await;
        items.into_iter().find(|item| item["sk"]["S"] == "COUNT").expect("a count")["endpoints"].clone()
    };
    assert_eq!(count().await, json!({"N": "50"}));
    assert_eq!(register(&api, &fresh(), &body()).await.status, 409);
    let path = path_of(&made[0]);
    let deletions = [send(api.write(Method::DELETE, &path)), send(api.write(Method::DELETE, &path))];
    let [one, other] = deletions;
    let (one, other) = tokio::join!(one, other);
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404], "deleted once");
    assert_eq!(count().await, json!({"N": "49"}));
    assert_eq!(register(&api, &fresh(), &body()).await.status, 201);
    assert_eq!(register(&api, &fresh(), &body()).await.status, 409);
}

#[tokio::test]
async fn changes_of_different_members_at_once_are_all_kept_and_each_has_its_entry() {
    let world = World::shared();
    let draft = Draft::new();
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let (path, _) = new_webhook(&api).await;
    let changes = [
        json!({"url": "https://hooks.example.com/moved"}),
        json!({"events": ["webhook.*"]}),
        json!({"acceptedSchemaVersions": [1, 2]}),
        json!({"status": "PAUSED"}),
        json!({"partnerIds": [api.seller]}),
    ];
    let mut running = JoinSet::new();
    for change in changes.clone() {
        let (api, path) = (api.clone(), path.clone());
        running.spawn(async move { patch(&api, &path, &change).await });
    }
    let (rotating, deep) = (api.clone(), format!("{path}/rotate-secret"));
    running.spawn(async move { send(rotating.write(Method::POST, &deep)).await });
    for reply in running.join_all().await {
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let now = api.get(&path).await.json;
    for (member, value) in changes.iter().flat_map(|change| change.as_object().unwrap()) {
        assert_eq!(&now[member], value, "{member}");
    }
    assert!(now["overlapUntil"].is_string());
    let history = world.operator().webhook_history(organisation, None).await.unwrap();
    let numbers: Vec<_> = history.iter().map(|entry| entry.endpoint.revision).collect();
    assert_eq!(numbers, (0..7).collect::<Vec<_>>(), "no change is lost, none stands twice");
}

#[tokio::test]
async fn one_request_sent_many_times_at_once_has_one_effect_and_one_secret() {
    let api = World::shared().organisation(Draft::new()).await;
    let mut running = JoinSet::new();
    for _ in 0..12 {
        let api = api.clone();
        running.spawn(async move { register(&api, "the same", &body()).await });
    }
    let replies = running.join_all().await;
    assert!(replies.iter().all(|reply| reply.status == 201 && reply.text == replies[0].text), "{replies:?}");
    let fresh = replies.iter().filter(|reply| reply.header("idempotent-replayed").is_none()).count();
    assert_eq!(fresh, 1);
    assert_eq!(api.get(HOOKS).await.json.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_auditor_sees_who_changed_what_and_when_after_the_endpoint_is_deleted_but_no_secret() {
    let world = World::shared();
    let draft = Draft::new();
    let (organisation, client) = (draft.organisation.uuid, draft.client());
    let api = world.organisation(draft).await;
    let own = "the-auditor-does-not-see-this";
    let registered = register(&api, &fresh(), &with("secret", json!(own))).await;
    let path = path_of(&registered);
    let id: WebhookId = registered.json["id"].as_str().unwrap().parse().unwrap();
    let other = register(&api, &fresh(), &body()).await;
    let updated = patch(&api, &path, &json!({"events": ["webhook.*"], "status": "PAUSED"})).await;
    patch(&api, &path, &json!({"status": "PAUSED"})).await;
    let rotated = send(api.write(Method::POST, &format!("{path}/rotate-secret"))).await;
    let deleted = send(api.write(Method::DELETE, &path)).await;
    assert_eq!([updated.status, rotated.status, deleted.status], [200, 200, 204]);

    let history = world.operator().webhook_history(organisation, Some(&id)).await.unwrap();
    let replies = [&registered, &updated, &rotated, &deleted];
    let expected = [
        (ChangeKind::Registered, vec![]),
        (ChangeKind::Updated, vec!["events".to_owned(), "status".to_owned()]),
        (ChangeKind::SecretRotated, vec![]),
        (ChangeKind::Deleted, vec![]),
    ];
    let seen: Vec<_> = history.iter().map(|entry| (entry.kind, entry.changed.clone())).collect();
    assert_eq!(seen, expected);
    for (number, (entry, reply)) in history.iter().zip(replies).enumerate() {
        assert_eq!(entry.cause.actor, Actor::Client { organisation, client: client.clone() });
        assert_eq!(Some(entry.cause.request_id.as_str()), reply.header("x-request-id"));
        assert_eq!((entry.endpoint.revision, &entry.endpoint.id), (number as u64, &id));
        assert_eq!(entry.cause.at, entry.endpoint.updated_at);
    }
    assert_eq!(entry_json(&history[1])["endpoint"]["events"], json!(["webhook.*"]));
    let all = world.operator().webhook_history(organisation, None).await.unwrap();
    assert_eq!(all.len(), 5, "the other endpoint's, too");
    assert!(all.iter().any(|entry| other.json["id"] == entry.endpoint.id.to_string()));
    let shown = all.iter().map(|entry| entry_json(entry).to_string()).collect::<String>();
    for secret in [own, rotated.json["secret"].as_str().unwrap(), other.json["secret"].as_str().unwrap()] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(!shown.contains("sealed"), "{shown}");
    let foreign = Draft::new().organisation.uuid;
    assert!(world.operator().webhook_history(foreign, Some(&id)).await.is_err(), "of another organisation");
}

fn entry_json(entry: &EndpointRevision) -> Value {
    serde_json::to_value(entry).expect("JSON")
}
