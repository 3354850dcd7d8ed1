//! `…/buyers/{buyerId}/contacts`: list, add, change, erase.

use blackbox::{Api, Draft, Reply, World, buyer_body, fresh_vat_number, send};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) fn erika() -> Value {
    json!({"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org", "phone": "+49 40 1"})
}

/// A buyer with these contacts: its path.
pub(crate) async fn buyer_with(api: &Api, contacts: &[Value]) -> String {
    let mut body = buyer_body(&fresh_vat_number());
    body["contacts"] = json!(contacts);
    let created = api.upsert(&body).await;
    assert_eq!(created.status, 201, "{created:?}");
    created.header("location").unwrap().to_owned()
}

pub(crate) async fn add(api: &Api, buyer: &str, key: &str, contact: &Value) -> Reply {
    send(api.write_with_key(key, Method::POST, &format!("{buyer}/contacts")).json(contact)).await
}

async fn update(api: &Api, contact: &str, key: &str, patch: &Value) -> Reply {
    send(api.write_with_key(key, Method::PATCH, contact).json(patch)).await
}

async fn delete(api: &Api, contact: &str) -> Reply {
    send(api.write(Method::DELETE, contact)).await
}

fn fresh() -> String {
    Uuid::new_v4().to_string()
}

#[tokio::test]
async fn contacts_are_added_listed_changed_and_erased() {
    let api = World::shared().organisation(Draft::new()).await;
    let buyer = buyer_with(&api, &[]).await;
    let list = format!("{buyer}/contacts");
    assert_eq!((api.get(&list).await.status, api.get(&list).await.json), (200, json!([])));

    let added = add(&api, &buyer, &fresh(), &erika()).await;
    assert_eq!(added.status, 201, "{added:?}");
    let mut expected = erika();
    expected["uuid"] = added.json["uuid"].clone();
    expected["createdAt"] = added.json["createdAt"].clone();
    assert_eq!(added.json, expected, "as sent, with an id and a time");
    assert!(added.json["createdAt"].is_string());
    let second =
        add(&api, &buyer, &fresh(), &json!({"firstName": "H", "lastName": "B", "email": "h@EXAMPLE.org"})).await;
    assert_eq!(second.json["email"], "h@example.org");
    assert_eq!(second.json.get("phone"), None);
    assert_eq!(api.get(&list).await.json, json!([added.json, second.json]), "oldest first");

    let path = format!("{list}/{}", added.json["uuid"].as_str().unwrap());
    let changed = update(&api, &path, &fresh(), &json!({"lastName": " Neu ", "phone": null})).await;
    expected["lastName"] = json!("Neu");
    expected.as_object_mut().unwrap().remove("phone");
    assert_eq!((changed.status, &changed.json), (200, &expected), "the rest stays, null takes the phone away");

    let gone = delete(&api, &path).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(api.get(&list).await.json, json!([second.json]));
    let again = delete(&api, &path).await;
    assert_eq!((again.status, again.problem()), (404, "not-found"));
    let late = update(&api, &path, &fresh(), &json!({"lastName": "Late"})).await;
    assert_eq!((late.status, late.problem()), (404, "not-found"));
}

#[tokio::test]
async fn every_change_of_a_contact_is_a_revision_and_none_of_them_a_version() {
    let api = World::shared().organisation(Draft::new()).await;
    let buyer = buyer_with(&api, &[]).await;
    let added = add(&api, &buyer, &fresh(), &erika()).await;
    let path = format!("{buyer}/contacts/{}", added.json["uuid"].as_str().unwrap());
    assert_eq!(update(&api, &path, &fresh(), &json!({"phone": "+49 40 2"})).await.status, 200);
    assert_eq!(update(&api, &path, &fresh(), &json!({"phone": "+49 40 2"})).await.status, 200, "changes nothing");
    assert_eq!(delete(&api, &path).await.status, 204);

    let history = api.get(&format!("{buyer}/history")).await;
    let revisions = history.json["data"].as_array().unwrap();
    let kinds: Vec<_> = revisions.iter().map(|revision| revision["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["CREATED", "CONTACT_ADDED", "CONTACT_UPDATED", "CONTACT_ERASED"]);
    let field = format!("contacts[{}]", added.json["uuid"].as_str().unwrap());
    for revision in &revisions[1..] {
        assert_eq!(revision["changes"], json!([{ "field": field }]), "that it changed, not what it is");
        assert_eq!(revision["version"], 0);
    }
    assert_eq!(api.get(&buyer).await.header("etag"), Some("\"0\""));
    // Whoever has seen version 0 may still change it.
    let renamed = api.write(Method::PATCH, &buyer).header("if-match", "\"0\"").json(&json!({"companyName": "Neu"}));
    assert_eq!(send(renamed).await.header("etag"), Some("\"1\""));
}

#[tokio::test]
async fn contacts_need_their_capability_whatever_else_is_wrong() {
    let world = World::shared();
    let able = Draft::new();
    let seller = able.sellers[0];
    let buyer = buyer_with(&world.organisation(able).await, &[erika()]).await;
    let unable = Draft::new().acting_for(&[seller]).with(|o| o.capabilities.allow_contact_personal_data = false);
    let api = world.organisation(unable).await;
    let contacts = format!("{buyer}/contacts");
    let one = format!("{contacts}/{}", Uuid::new_v4());
    for (method, path) in
        [(Method::GET, &contacts), (Method::POST, &contacts), (Method::PATCH, &one), (Method::DELETE, &one)]
    {
        // Without a key and a body, which would be the next things to be refused.
        let reply = send(api.request(method.clone(), path)).await;
        assert_eq!((reply.status, reply.problem()), (403, "capability-required"), "{method}");
        assert!(reply.json["detail"].as_str().unwrap().contains("allowContactPersonalData"), "{method}");
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_told_by_field_and_never_shown_again() {
    let api = World::shared().organisation(Draft::new()).await;
    let buyer = buyer_with(&api, &[]).await;
    let wrong = json!({"firstName": "x\u{7}", "email": "nobody", "phone": "call me"});
    let reply = add(&api, &buyer, &fresh(), &wrong).await;
    assert_eq!((reply.status, reply.problem()), (422, "validation-error"));
    let errors = reply.json["errors"].as_array().unwrap();
    let fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["firstName", "lastName", "email", "phone"]);
    assert!(errors.iter().all(|error| error.get("rejectedValue").is_none()), "{errors:?}");
    assert!(!reply.text.contains("nobody") && !reply.text.contains("call me"), "{}", reply.text);

    let added = add(&api, &buyer, &fresh(), &erika()).await;
    let path = format!("{buyer}/contacts/{}", added.json["uuid"].as_str().unwrap());
    let reply = update(&api, &path, &fresh(), &json!({"firstName": null, "email": "nobody"})).await;
    assert_eq!((reply.status, reply.problem()), (422, "validation-error"));
    assert_eq!(reply.json["errors"].as_array().unwrap().len(), 2);
    assert_eq!(api.get(&format!("{buyer}/contacts")).await.json, json!([added.json]), "nothing changed");
}

#[tokio::test]
async fn a_buyer_has_at_most_twenty_contacts_however_many_are_added_at_once() {
    let api = World::shared().organisation(Draft::new()).await;
    let person =
        |n: usize| json!({"firstName": format!("P{n}"), "lastName": "M", "email": format!("p{n}@example.org")});
    let buyer = buyer_with(&api, &(0..14).map(person).collect::<Vec<_>>()).await;
    let tasks: Vec<_> = (0..10)
        .map(|n| {
            let (api, buyer) = (api.clone(), buyer.clone());
            tokio::spawn(async move { add(&api, &buyer, &fresh(), &person(100 + n)).await })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        let reply = task.await.unwrap();
        if reply.status == 409 {
            assert_eq!(reply.problem(), "limit-reached");
        }
        statuses.push(reply.status);
    }
    // 503: so many at once that one of them gave up; it says so, and did nothing.
    let count = |status| statuses.iter().filter(|found| **found == status).count();
    assert_eq!(count(201) + count(409) + count(503), 10, "{statuses:?}");
    let listed = api.get(&format!("{buyer}/contacts")).await;
    assert_eq!(listed.json.as_array().unwrap().len(), 14 + count(201));
    assert!(count(201) <= 6 && (count(503) > 0 || count(201) == 6), "{statuses:?}");
    let history = api.get(&format!("{buyer}/history?size=100")).await;
    assert_eq!(history.json["data"].as_array().unwrap().len(), 1 + count(201));
}

#[tokio::test]
async fn a_repeated_change_gets_the_same_answer_even_when_the_contact_has_moved_on() {
    let api = World::shared().organisation(Draft::new()).await;
    let buyer = buyer_with(&api, &[]).await;
    let added = add(&api, &buyer, "add", &erika()).await;
    let path = format!("{buyer}/contacts/{}", added.json["uuid"].as_str().unwrap());
    let first = update(&api, &path, "first", &json!({"lastName": "Eins"})).await;
    let second = update(&api, &path, "second", &json!({"lastName": "Zwei"})).await;
    assert_eq!((first.json["lastName"].as_str(), second.json["lastName"].as_str()), (Some("Eins"), Some("Zwei")));

    for (was, again) in [
        (&added, add(&api, &buyer, "add", &erika()).await),
        (&first, update(&api, &path, "first", &json!({"lastName": " Eins"})).await),
        (&second, update(&api, &path, "second", &json!({"lastName": "Zwei"})).await),
    ] {
        assert_eq!((again.status, &again.text), (was.status, &was.text));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
    assert_eq!(api.get(&format!("{buyer}/contacts")).await.json.as_array().unwrap().len(), 1);

    let mut other = erika();
    other["lastName"] = json!("Anders");
    for (case, reply) in [
        ("another person", add(&api, &buyer, "add", &other).await),
        ("another value", update(&api, &path, "first", &json!({"lastName": "Drei"})).await),
        ("other members", update(&api, &path, "first", &json!({"lastName": "Eins", "phone": "+49 40 1"})).await),
        ("another method", update(&api, &path, "add", &json!({"lastName": "Eins"})).await),
    ] {
        assert_eq!((reply.status, reply.problem()), (422, "idempotency-key-reused"), "{case}");
    }
}

#[tokio::test]
async fn a_contact_of_another_buyer_does_not_exist() {
    let api = World::shared().organisation(Draft::new()).await;
    let (one, other) = (buyer_with(&api, &[erika()]).await, buyer_with(&api, &[]).await);
    let contact = api.get(&format!("{one}/contacts")).await.json[0]["uuid"].as_str().unwrap().to_owned();
    let path = format!("{other}/contacts/{contact}");
    assert_eq!(delete(&api, &path).await.status, 404);
    assert_eq!(update(&api, &path, &fresh(), &json!({"lastName": "Mein"})).await.status, 404);
    let no_id = format!("{one}/contacts/not-an-id");
    assert_eq!(delete(&api, &no_id).await.status, 404);
    assert_eq!(api.get(&format!("{one}/contacts")).await.json.as_array().unwrap().len(), 1);
}
