//! `POST …/buyers`: the three outcomes and what counts as the same.

use blackbox::{Draft, World, buyer_body, fresh_vat_number};
use domain::SellerId;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn first_upsert_is_201_with_location_etag_and_version_0() {
    let api = World::shared().organisation(Draft::new()).await;
    let vat_number = fresh_vat_number();
    let reply = api.upsert(&buyer_body(&vat_number)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.header("etag"), Some("\"0\""));
    let buyer = &reply.json;
    let uuid = buyer["uuid"].as_str().unwrap();
    assert_eq!(reply.header("location"), Some(format!("{}/{uuid}", api.buyers()).as_str()));
    assert_eq!(buyer["version"], 0);
    assert_eq!(buyer["status"], "ACTIVE");
    assert_eq!(buyer["kycMode"], "NT24_LED");
    assert_eq!(buyer["vatNumber"], vat_number);
    assert_eq!(buyer["companyName"], "Muster Fahrzeughandel GmbH");
    assert_eq!(buyer["createdAt"], buyer["updatedAt"]);
    let address_uuid = buyer["address"]["uuid"].as_str().unwrap();
    assert_eq!(
        buyer["address"],
        json!({"uuid": address_uuid, "street": "Am Hafen 1", "postCode": "20457", "city": "Hamburg", "country": "DE"})
    );
    // Exactly the published members: nothing of ours leaks.
    let members: Vec<_> = buyer.as_object().unwrap().keys().map(String::as_str).collect();
    let published =
        ["address", "companyName", "createdAt", "kycMode", "status", "updatedAt", "uuid", "vatNumber", "version"];
    assert_eq!(members.len(), published.len());
    assert!(published.iter().all(|member| members.contains(member)), "{members:?}");
}

#[tokio::test]
async fn second_upsert_that_means_the_same_is_200_and_changes_nothing() {
    let api = World::shared().organisation(Draft::new()).await;
    let vat_number = fresh_vat_number();
    let first = api.upsert(&buyer_body(&vat_number)).await;
    let mut same = buyer_body(&format!("de {}.{}-{}", &vat_number[2..5], &vat_number[5..8], &vat_number[8..]));
    same["companyName"] = json!("  Muster Fahrzeughandel GmbH ");
    same["address"]["country"] = json!("de");
    same["aNewerMember"] = json!([1, 2, 3]);
    let second = api.upsert(&same).await;
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(second.json, first.json);
    assert_eq!(second.header("etag"), Some("\"0\""));
    assert_eq!(second.header("location"), None);
    assert_eq!(second.header("idempotent-replayed"), None);
}

#[tokio::test]
async fn second_upsert_with_another_body_is_409_and_shows_the_current_buyer() {
    let api = World::shared().organisation(Draft::new()).await;
    let vat_number = fresh_vat_number();
    let first = api.upsert(&buyer_body(&vat_number)).await;
    let mut other = buyer_body(&vat_number);
    other["companyName"] = json!("Anders GmbH");
    other["address"]["city"] = json!("Bremen");
    other["kycMode"] = json!("MARKETPLACE_LED");
    let reply = api.upsert(&other).await;
    assert_eq!((reply.status, reply.problem()), (409, "resource-exists-different-body"));
    assert_eq!(reply.json["currentResource"], first.json);
    assert_eq!(reply.json["differences"], json!(["companyName", "address.city", "kycMode"]));
    assert_eq!(reply.header("etag"), Some("\"0\""));
    let uuid = first.json["uuid"].as_str().unwrap();
    assert_eq!(api.get(&format!("{}/{uuid}", api.buyers())).await.json, first.json);
}

#[tokio::test]
async fn contacts_are_compared_without_being_shown() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let mut body = buyer_body(&fresh_vat_number());
    body["contacts"] = json!([
        {"firstName": "Erika", "lastName": "Muster", "email": "erika@EXAMPLE.org", "phone": "+49 40 1234"},
        {"firstName": "Hans", "lastName": "Beispiel", "email": "hans@example.org"}
    ]);
    let first = api.upsert(&body).await;
    assert_eq!(first.status, 201, "{first:?}");
    assert!(!first.text.contains("Erika") && !first.text.contains("contacts"), "{first:?}");

    let mut reordered = body.clone();
    reordered["contacts"].as_array_mut().unwrap().reverse();
    assert_eq!(api.upsert(&reordered).await.status, 200);

    let mut without = body.clone();
    without.as_object_mut().unwrap().remove("contacts");
    assert_eq!(api.upsert(&without).await.status, 200, "absent contacts never differ");

    let mut other = body.clone();
    other["contacts"][0]["email"] = json!("someone.else@example.org");
    let reply = api.upsert(&other).await;
    assert_eq!((reply.status, reply.problem()), (409, "resource-exists-different-body"));
    assert_eq!(reply.json["differences"], json!(["contacts"]));
    assert!(!reply.text.contains("example.org"), "{reply:?}");

    // Kept apart from the buyer, and in the history only beside the hashed bytes.
    let items = world.behind.items(&format!("BUYER#{}", first.json["uuid"].as_str().unwrap())).await;
    let kinds: Vec<_> = items.iter().map(|item| item["sk"]["S"].as_str().unwrap().split('#').next().unwrap()).collect();
    assert_eq!(kinds, ["CONTACT", "CONTACT", "NOW", "REV"]);
    let revision = &items[3];
    assert!(!revision["content"]["S"].as_str().unwrap().contains("Erika"));
    assert_eq!(revision["personal"]["M"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn contacts_sent_to_a_buyer_created_without_any_are_409_and_never_dropped_silently() {
    let api = World::shared().organisation(Draft::new()).await;
    let body = buyer_body(&fresh_vat_number());
    assert_eq!(api.upsert(&body).await.status, 201);
    let mut with = body.clone();
    with["contacts"] = json!([{"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"}]);
    let reply = api.upsert(&with).await;
    assert_eq!((reply.status, reply.problem()), (409, "resource-exists-different-body"));
    assert_eq!(reply.json["differences"], json!(["contacts"]));
    with["contacts"] = json!([]);
    assert_eq!(api.upsert(&with).await.status, 200, "none are none");
}

#[tokio::test]
async fn organisations_that_share_a_seller_share_its_buyers_and_not_their_keys() {
    let world = World::shared();
    let seller = SellerId(Uuid::new_v4());
    let first = world.organisation(Draft::new().acting_for(&[seller])).await;
    let second = world.organisation(Draft::new().acting_for(&[seller])).await;
    let body = buyer_body(&fresh_vat_number());
    let created = first.upsert_with_key("one", &body).await;
    let seen = second.upsert_with_key("one", &body).await;
    assert_eq!((created.status, seen.status), (201, 200));
    assert_eq!(seen.json, created.json);
    assert_eq!(seen.header("idempotent-replayed"), None, "the same key of another organisation is another key");
}

#[tokio::test]
async fn one_vat_number_is_a_buyer_of_its_own_for_each_seller() {
    let sellers = [SellerId(Uuid::new_v4()), SellerId(Uuid::new_v4())];
    let api = World::shared().organisation(Draft::new().acting_for(&sellers)).await;
    let body = buyer_body(&fresh_vat_number());
    let first = api.upsert(&body).await;
    let second = api.for_seller(&sellers[1].to_string()).upsert(&body).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_ne!(first.json["uuid"], second.json["uuid"]);
}
