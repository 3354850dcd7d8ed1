//! Who was shown personal data, when, why: written before it is shown. No log, no data.

use blackbox::{Draft, World, send};
use domain::{BuyerId, Disclosed, Disclosure};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::contacts::{add, buyer_with, erika};

fn id_of(path: &str) -> BuyerId {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn whoever_is_shown_contacts_stands_in_the_log_with_when_and_why() {
    let world = World::shared();
    let draft = Draft::new();
    let (organisation, client) = (draft.organisation.uuid, draft.client());
    let api = world.organisation(draft).await;
    let buyer = buyer_with(&api, &[]).await;
    let contacts = format!("{buyer}/contacts");
    let purpose = "CUSTOMER-SUPPORT ticket 4711";
    let added = add(&api, &buyer, "add", &erika()).await;
    let listed = send(api.request(Method::GET, &contacts).header("x-purpose", purpose)).await;
    let one = format!("{contacts}/{}", added.json["uuid"].as_str().unwrap());
    let change = || api.write_with_key("change", Method::PATCH, &one).header("x-purpose", "GDPR-16");
    let changed = send(change().json(&json!({"lastName": "Neu"}))).await;
    let unchanged = send(api.write(Method::PATCH, &one).json(&json!({"lastName": "Neu"}))).await;
    let repeated = send(change().json(&json!({"lastName": "Neu"}))).await;
    let erased = send(api.write(Method::DELETE, &one)).await;
    let replies = [&added, &listed, &changed, &unchanged, &repeated, &erased];
    assert_eq!(replies.map(|reply| reply.status), [201, 200, 200, 200, 200, 204]);

    let log = world.operator().disclosures(id_of(&buyer), instant("2026-01-01"), instant("2999-01-01")).await.unwrap();
    let shown: Vec<_> = log
        .iter()
        .map(|entry| {
            let purpose = entry.purpose.as_ref().map(|purpose| json!(purpose).as_str().unwrap().to_owned());
            (entry.request_id.as_str().to_owned(), entry.disclosed, purpose)
        })
        .collect();
    let expected = [
        (&added, Disclosed::Contact, None),
        (&listed, Disclosed::Contacts, Some(purpose)),
        (&changed, Disclosed::Contact, Some("GDPR-16")),
        (&unchanged, Disclosed::Contact, None),
        (&repeated, Disclosed::Contact, Some("GDPR-16")),
    ]
    .map(|(reply, what, why)| (reply.header("x-request-id").unwrap().to_owned(), what, why.map(str::to_owned)));
    assert_eq!(shown, expected, "an erasure shows nobody");
    for Disclosure { buyer: of, organisation: by, client: through, .. } in &log {
        assert_eq!((*of, *by, through), (id_of(&buyer), organisation, &client));
    }
    assert!(!json!(log).to_string().contains("Erika"), "the log itself holds no personal data");

    let (from, until) = (log[1].at, log[3].at);
    let between = world.operator().disclosures(id_of(&buyer), from, until).await.unwrap();
    assert_eq!(between, log[1..3], "the first instant is included, the second is not");
}

fn instant(date: &str) -> domain::Instant {
    format!("{date}T00:00:00Z").parse().unwrap()
}

#[tokio::test]
async fn an_entry_is_kept_for_six_years() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let buyer = buyer_with(&api, &[erika()]).await;
    assert_eq!(api.get(&format!("{buyer}/contacts")).await.status, 200);
    let entries = world.behind.items(&format!("PIILOG#{}", id_of(&buyer))).await;
    let expires_at: i64 = entries[0]["expiresAt"]["N"].as_str().unwrap().parse().unwrap();
    let days = (expires_at - storage::now().seconds()) / 86_400;
    assert!((2191..=2192).contains(&days), "{days} days");
}

#[tokio::test]
async fn what_cannot_be_noted_is_not_shown() {
    let world = World::beside("pii-log", &[]).await;
    let api = world.organisation(Draft::new()).await;
    let buyer = buyer_with(&api, &[erika()]).await;
    let contacts = format!("{buyer}/contacts");
    let taken = world.behind.without_statement("list-contacts", "NoteDisclosure").await;
    let reply = api.get(&contacts).await;
    assert_eq!((reply.status, reply.problem()), (500, "internal-error"));
    assert!(!reply.text.contains("Erika"), "{reply:?}");
    world.behind.put_back(taken).await;
    assert_eq!(api.get(&contacts).await.json[0]["firstName"], "Erika");
}

#[tokio::test]
async fn a_purpose_that_cannot_be_noted_is_400_and_names_the_header() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let buyer = buyer_with(&api, &[erika()]).await;
    let contacts = format!("{buyer}/contacts");
    for purpose in ["", "\u{e4}rger", &"x".repeat(101)] {
        for method in [Method::GET, Method::POST] {
            let request = api.write(method.clone(), &contacts).header("x-purpose", purpose);
            let reply = send(request.json(&erika())).await;
            assert_eq!((reply.status, reply.problem()), (400, "malformed-request"), "{method} {purpose:?}");
            assert!(reply.json["detail"].as_str().unwrap().contains("X-Purpose"), "{reply:?}");
        }
    }
    assert_eq!(world.behind.items(&format!("PIILOG#{}", id_of(&buyer))).await.len(), 0);
}

#[tokio::test]
async fn asking_for_contacts_of_a_buyer_that_is_not_there_notes_nothing() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let nobody = Uuid::new_v4();
    assert_eq!(api.get(&format!("{}/{nobody}/contacts", api.buyers())).await.status, 404);
    assert_eq!(world.behind.items(&format!("PIILOG#{nobody}")).await.len(), 0);
}
