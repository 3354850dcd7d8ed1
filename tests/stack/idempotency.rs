//! `Idempotency-Key`: same key, same meaning, same answer, one effect.

use blackbox::{Draft, World, buyer_body, fresh_vat_number, send};
use domain::{Actor, Cause, NewBuyer, OrganisationId, RequestId, SellerId, Source};
use reqwest::Method;
use serde_json::json;
use storage::{Answer, Remember, Upserted};
use uuid::Uuid;

#[tokio::test]
async fn the_same_key_and_meaning_get_the_stored_answer() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let body = buyer_body(&fresh_vat_number());
    let first = api.upsert_with_key("key-1", &body).await;
    let mut same = body.clone();
    same["companyName"] = json!(" Muster Fahrzeughandel GmbH");
    let again = api.upsert_with_key("key-1", &same).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(again.text, first.text);
    for header in ["location", "etag", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"), "the request is another one");
}

#[tokio::test]
async fn the_order_of_contacts_and_members_is_no_other_meaning() {
    let api = World::shared().organisation(Draft::new()).await;
    let mut body = buyer_body(&fresh_vat_number());
    body["contacts"] = json!([
        {"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"},
        {"firstName": "Hans", "lastName": "Beispiel", "email": "hans@example.org"}
    ]);
    assert_eq!(api.upsert_with_key("key-order", &body).await.status, 201);
    body["contacts"].as_array_mut().unwrap().reverse();
    let again = api.upsert_with_key("key-order", &body).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")), "{again:?}");
}

#[tokio::test]
async fn the_answer_200_is_stored_as_well() {
    let api = World::shared().organisation(Draft::new()).await;
    let body = buyer_body(&fresh_vat_number());
    api.upsert(&body).await;
    let first = api.upsert_with_key("key-200", &body).await;
    let again = api.upsert_with_key("key-200", &body).await;
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.text, first.text);
}

#[tokio::test]
async fn the_same_key_with_another_meaning_is_422_and_has_no_effect() {
    let sellers = [SellerId(Uuid::new_v4()), SellerId(Uuid::new_v4())];
    let world = World::shared();
    let api = world.organisation(Draft::new().acting_for(&sellers)).await;
    let body = buyer_body(&fresh_vat_number());
    assert_eq!(api.upsert_with_key("key-2", &body).await.status, 201);

    let other = buyer_body(&fresh_vat_number());
    let reply = api.upsert_with_key("key-2", &other).await;
    assert_eq!((reply.status, reply.problem()), (422, "idempotency-key-reused"));
    assert_eq!(api.upsert(&other).await.status, 201, "the refused call created nothing");

    let elsewhere = api.for_seller(&sellers[1].to_string()).upsert_with_key("key-2", &body).await;
    assert_eq!((elsewhere.status, elsewhere.problem()), (422, "idempotency-key-reused"), "the path is part of it");
}

#[tokio::test]
async fn a_refusal_is_not_stored() {
    let api = World::shared().organisation(Draft::new()).await;
    let vat_number = fresh_vat_number();
    let mut wrong = buyer_body(&vat_number);
    wrong["companyName"] = json!("");
    assert_eq!(api.upsert_with_key("key-3", &wrong).await.status, 422);
    assert_eq!(api.upsert_with_key("key-3", &buyer_body(&vat_number)).await.status, 201, "the key is still free");

    let mut other = buyer_body(&vat_number);
    other["companyName"] = json!("Anders GmbH");
    assert_eq!(api.upsert_with_key("key-4", &other).await.status, 409);
    assert_eq!(api.upsert_with_key("key-4", &buyer_body(&vat_number)).await.status, 200, "and so is this one");
}

#[tokio::test]
async fn a_write_without_a_usable_key_is_400_and_names_the_header() {
    let api = World::shared().organisation(Draft::new()).await;
    let body = buyer_body(&fresh_vat_number());
    let request = || api.request(Method::POST, &api.buyers()).json(&body);
    for (case, request) in [
        ("none", request()),
        ("empty", request().header("idempotency-key", "")),
        ("256 characters", request().header("idempotency-key", "k".repeat(256))),
    ] {
        let reply = send(request).await;
        assert_eq!((reply.status, reply.problem()), (400, "malformed-request"), "{case}");
        assert!(reply.json["detail"].as_str().unwrap().contains("Idempotency-Key"), "{case}: {reply:?}");
    }
    let longest = send(request().header("idempotency-key", "k".repeat(255))).await;
    assert_eq!(longest.status, 201, "{longest:?}");
}

#[tokio::test]
async fn a_receipt_holds_no_body_of_the_request_and_expires_after_24_hours() {
    let world = World::shared();
    let draft = Draft::new();
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let mut body = buyer_body(&fresh_vat_number());
    body["contacts"] = json!([{"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"}]);
    assert_eq!(api.upsert_with_key("key-5", &body).await.status, 201);
    let mut receipts = world.behind.items(&format!("RECEIPT#{organisation}")).await;
    assert_eq!(receipts.len(), 1);
    let mut receipt = receipts.remove(0);
    assert!(!receipt.to_string().contains("rika"), "{receipt}");

    // TTL deletes days late: an expired receipt that is still there counts as gone.
    let expires_at: i64 = receipt["expiresAt"]["N"].as_str().unwrap().parse().unwrap();
    let left = expires_at - storage::now().seconds();
    assert!((86_300..=86_400).contains(&left), "{left} s");
    receipt["expiresAt"]["N"] = json!((expires_at - 86_400 - 10).to_string());
    world.behind.overwrite(&receipt).await;
    let later = api.upsert_with_key("key-5", &buyer_body(&fresh_vat_number())).await;
    assert_eq!(later.status, 201, "after 24 hours a key is new: {later:?}");
}

/// Time moves in this process only: nothing of a deployed function can be told another time.
#[tokio::test]
async fn a_key_is_the_same_for_24_hours_to_the_second_and_then_new() {
    let world = World::shared();
    let buyers = world.table().create_buyers();
    let (organisation, seller) = (OrganisationId(Uuid::new_v4()), SellerId(Uuid::new_v4()));
    let begun = storage::now();
    let upsert = async |vat_number: &str, after_seconds: i64| {
        let at = begun.plus_seconds(after_seconds);
        let actor = Actor::System { function: "test".to_owned() };
        let cause = Cause { actor, source: Source::System, request_id: RequestId::fresh(), at };
        let remember = Remember::new(organisation, "key".to_owned(), vat_number.to_owned(), at);
        let new = NewBuyer::parse(&buyer_body(vat_number)).unwrap();
        let answer = |_: &_, created| Answer::empty(if created { 201 } else { 200 });
        buyers.upsert(seller, new, cause, &remember, answer).await.unwrap()
    };
    let (first, other) = (fresh_vat_number(), fresh_vat_number());
    let day = 24 * 60 * 60;
    assert!(matches!(upsert(&first, 0).await, Upserted::Created(_)));
    assert!(matches!(upsert(&first, day - 1).await, Upserted::Replayed(_)));
    assert!(matches!(upsert(&other, day - 1).await, Upserted::KeyReused));
    assert!(matches!(upsert(&other, day).await, Upserted::Created(_)), "a new day, a new meaning");
    assert!(matches!(upsert(&first, day).await, Upserted::KeyReused), "and now it is this one's");
    assert!(matches!(upsert(&first, 2 * day).await, Upserted::Unchanged(_)));
}
