//! An erased contact is erased everywhere, and the history still verifies.

use blackbox::{Draft, World, buyer_body, fresh_vat_number, send};
use domain::{
    Actor, BuyerId, Cause, ClientId, ContactPatch, Disclosed, Disclosure, NewContact, OrganisationId, RequestId,
    SellerId, Source, VatNumber,
};
use reqwest::Method;
use serde_json::{Value, json};
use storage::{ContactModified, Remember};
use uuid::Uuid;

use crate::contacts::{add, erika};

/// All that the table holds about the buyer and the organisation's requests.
async fn everything(world: &World, buyer: &str, organisation: OrganisationId) -> String {
    let mut found = String::new();
    for pk in [format!("BUYER#{buyer}"), format!("RECEIPT#{organisation}"), format!("PIILOG#{buyer}")] {
        found.push_str(&Value::from(world.behind.items(&pk).await).to_string());
    }
    found
}

#[tokio::test]
async fn an_erased_contact_is_nowhere_any_more_and_the_history_still_verifies() {
    let world = World::shared();
    let draft = Draft::new();
    let organisation = draft.organisation.uuid;
    let api = world.organisation(draft).await;
    let mut body = buyer_body(&fresh_vat_number());
    let other = json!({"firstName": "Hans", "lastName": "Beispiel", "email": "hans@example.net"});
    body["contacts"] = json!([erika(), other]);
    let created = api.upsert_with_key("create", &body).await;
    let (buyer, location) = (created.json["uuid"].as_str().unwrap(), created.header("location").unwrap());
    let contacts = api.get(&format!("{location}/contacts")).await;
    let erika_is = |contact: &&Value| contact["firstName"] == "Erika";
    let uuid = contacts.json.as_array().unwrap().iter().find(erika_is).unwrap()["uuid"].as_str().unwrap().to_owned();
    let contact = format!("{location}/contacts/{uuid}");
    let patch = |key: &'static str, body: Value| send(api.write_with_key(key, Method::PATCH, &contact).json(&body));
    assert_eq!(patch("rename", json!({"lastName": "Geborene"})).await.status, 200);
    assert_eq!(patch("same", json!({"lastName": "Geborene"})).await.status, 200);
    let before = everything(&world, buyer, organisation).await;
    for known in ["Erika", "Muster\\", "Geborene", "erika@example.org", "+49 40 1", "contactsDigest"] {
        assert!(before.contains(known), "{known} should be there to be erased");
    }

    let erase = || send(api.write_with_key("erase", Method::DELETE, &contact));
    assert_eq!(erase().await.status, 204);
    let after = everything(&world, buyer, organisation).await;
    for gone in ["Erika", "Muster\\", "Geborene", "erika@example.org", "+49 40 1", "contactsDigest"] {
        assert!(!after.contains(gone), "{gone} is still there");
    }
    assert!(after.contains("Hans"), "the other one stays");
    let verified = world.operator().verify_history(buyer.parse().unwrap()).await.unwrap();
    assert_eq!(verified, Ok(3), "created, renamed, erased");

    // Requests about her under their old keys: nothing comes back, nothing is done again.
    let again = erase().await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (204, Some("true")));
    for key in ["rename", "same"] {
        let again = patch(key, json!({"lastName": "Geborene"})).await;
        assert_eq!((again.status, again.problem()), (404, "not-found"), "{key}");
    }
    // With the digest gone, contacts are no longer compared.
    let again = api.upsert_with_key("create", &body).await;
    assert_eq!((again.status, again.text.as_str()), (201, created.text.as_str()));
    body["contacts"] = json!([]);
    assert_eq!(api.upsert(&body).await.status, 200);
}

#[tokio::test]
async fn an_added_contact_that_was_erased_does_not_come_back_by_repeating_its_request() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    let path = created.header("location").unwrap();
    let added = add(&api, path, "add", &erika()).await;
    let contact = format!("{path}/contacts/{}", added.json["uuid"].as_str().unwrap());
    assert_eq!(send(api.write(Method::DELETE, &contact)).await.status, 204);
    let again = add(&api, path, "add", &erika()).await;
    assert_eq!((again.status, again.problem()), (404, "not-found"));
    assert_eq!(api.get(&format!("{path}/contacts")).await.json, json!([]));
}

/// More states than one transaction could erase: the oldest are forgotten on the way.
#[tokio::test]
async fn a_contact_that_changed_a_hundred_times_is_erased_in_one_go() {
    let world = World::shared();
    let draft = Draft::new();
    let (organisation, seller, client) = (draft.organisation.uuid, draft.sellers[0], draft.client());
    let api = world.organisation(draft).await;
    let vat_number = fresh_vat_number();
    let mut body = buyer_body(&vat_number);
    body["contacts"] = json!([erika()]);
    let created = api.upsert(&body).await;
    let path = created.header("location").unwrap();
    let listed = api.get(&format!("{path}/contacts")).await;
    let contact = listed.json[0]["uuid"].as_str().unwrap();

    let buyer = BuyerId::of(seller, &VatNumber::parse(&vat_number).unwrap());
    let updates = Updates { world: &world, of: (seller, buyer), organisation, client };
    for n in 0..100 {
        updates.make(contact, &json!({"lastName": format!("Familie{n}")})).await;
    }
    let states = everything(&world, &buyer.to_string(), organisation).await.matches("Erika").count();
    assert_eq!(states, 81, "the contact and its latest 80 states");
    assert_eq!(send(api.write(Method::DELETE, &format!("{path}/contacts/{contact}"))).await.status, 204);
    let left = everything(&world, &buyer.to_string(), organisation).await;
    assert!(!left.contains("Erika") && !left.contains("Familie"), "a state of hers is left");
    assert_eq!(world.operator().verify_history(buyer).await.unwrap(), Ok(102));
}

/// Changes a contact as the endpoint does, without the way over the gateway.
struct Updates<'w> {
    world: &'w World,
    of: (SellerId, BuyerId),
    organisation: OrganisationId,
    client: ClientId,
}

impl Updates<'_> {
    async fn make(&self, contact: &str, patch: &Value) {
        let at = storage::now();
        let (organisation, client) = (self.organisation, self.client.clone());
        let request_id = RequestId::fresh();
        let actor = Actor::Client { organisation, client: client.clone() };
        let cause = Cause { actor, source: Source::Api, request_id: request_id.clone(), at };
        let remember = Remember::new(organisation, Uuid::new_v4().to_string(), "PATCH".to_owned(), at);
        let (buyer, disclosed) = (self.of.1, Disclosed::Contact);
        let disclosure = Disclosure { buyer, disclosed, organisation, client, purpose: None, request_id, at };
        let patch = ContactPatch::parse(patch).unwrap();
        let of = (self.of, contact.parse().unwrap());
        let contacts = self.world.table().modify_contacts();
        let modified = contacts.update(of, &patch, &cause, &remember, &disclosure).await.unwrap();
        assert!(matches!(modified, ContactModified::Done(_, Some(_))));
    }
}

#[test]
fn a_person_is_told_by_all_that_is_said_of_him() {
    // Else the searches above would look for too little.
    let person = NewContact::parse(&erika()).ok().unwrap();
    assert_eq!(serde_json::to_value(person).unwrap(), erika());
}
