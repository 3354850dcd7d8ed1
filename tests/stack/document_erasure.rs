//! What operators do to documents: erase one, export all.

use std::fs;

use blackbox::{Draft, World, pdf};
use domain::{BuyerId, DocumentId};
use serde_json::{Value, json};

use crate::documents::{buyer, id, upload, upload_with_key};

#[tokio::test]
async fn an_erased_document_keeps_its_hash_and_dates_and_loses_its_bytes_and_its_name() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let buyer: BuyerId = documents.split('/').nth(5).unwrap().parse().unwrap();
    let created = upload_with_key(&api, "key", &documents, "CONTACT_PASSPORT", &pdf("to be erased")).await;
    let other = upload(&api, &documents, "COC_EXTRACT", &pdf("stays")).await;
    let document: DocumentId = id(&created).parse().unwrap();
    let path = format!("{documents}/{document}");
    let led = api.get(&format!("{path}/content")).await;
    let (operator, bucket) = (world.operator(), world.documents());
    for again in [1, 0] {
        let versions = operator.erase_document(&bucket, (buyer, document), "Asked for by the buyer").await.unwrap();
        assert_eq!(versions, again, "done again, there is nothing left to do");
    }

    let shown = api.get(&path).await;
    let mut expected = created.json.clone();
    expected.as_object_mut().unwrap().remove("fileName");
    expected["status"] = json!("ARCHIVED");
    expected["archivedReason"] = json!("Asked for by the buyer");
    for member in ["archivedAt", "erasedAt"] {
        assert!(shown.json[member].is_string(), "{member}");
        expected[member] = shown.json[member].clone();
    }
    assert_eq!(shown.json, expected);
    let gone = api.get(&format!("{path}/content")).await;
    assert_eq!((gone.status, gone.problem()), (404, "not-found"));
    assert_eq!(reqwest::get(led.header("location").unwrap()).await.unwrap().status(), 404, "not by an older address");

    let stored = Value::from(world.behind.items(&format!("BUYER#{buyer}")).await).to_string();
    assert_eq!(stored.matches("extract.pdf").count(), 2, "the other one's name, in its record and in its revision");
    assert_eq!(operator.verify_history(buyer).await.unwrap(), Ok(4));
    let again = upload_with_key(&api, "key", &documents, "CONTACT_PASSPORT", &pdf("to be erased")).await;
    assert_eq!((again.status, again.json.get("fileName")), (201, None), "a repeat brings nothing back");
    assert_eq!(api.get(&format!("{documents}/{}", id(&other))).await.json, other.json);
}

#[tokio::test]
async fn an_export_holds_all_that_is_kept_about_a_buyer() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let path = crate::contacts::buyer_with(&api, &[crate::contacts::erika()]).await;
    let buyer: BuyerId = path.rsplit('/').next().unwrap().parse().unwrap();
    let documents = format!("{path}/kyc/documents");
    let first = upload(&api, &documents, "COC_EXTRACT", &pdf("first")).await;
    let second = upload(&api, &documents, "COC_EXTRACT", &pdf("second")).await;
    assert_eq!(api.get(&format!("{path}/contacts")).await.status, 200);

    let folder = tempfile::tempdir().unwrap();
    let files = world.operator().export_buyer(&world.documents(), buyer, folder.path()).await.unwrap();
    assert_eq!(files, 3);
    let export: Value = serde_json::from_slice(&fs::read(folder.path().join("buyer.json")).unwrap()).unwrap();
    assert_eq!(export["contacts"][0]["firstName"], "Erika");
    let count = |member: &str| export[member].as_array().unwrap().len();
    assert_eq!((count("documents"), count("history"), count("disclosures")), (2, 3, 1));
    assert!(export["history"].to_string().contains("erika@example.org"), "what stands beside the history too");
    for (document, text) in [(&first, "first"), (&second, "second")] {
        let name = format!("COC_EXTRACT-{}.pdf", id(document));
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), pdf(text));
    }
}

/// What a request leaves that ended between its bytes and its record.
#[tokio::test]
async fn bytes_that_no_record_names_are_erased_with_the_buyers_next_erasure_once_they_are_a_day_old() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let buyer: BuyerId = documents.split('/').nth(5).unwrap().parse().unwrap();
    let kept = upload(&api, &documents, "COC_EXTRACT", &pdf("kept")).await;
    let stray = format!("{buyer}/00000000-0000-4000-8000-000000000001");
    world.behind.put_object("DocumentsBucket", &stray, &pdf("left over")).await;
    let (operator, bucket) = (world.operator(), world.documents());
    let yesterday = storage::now().plus_seconds(-24 * 60 * 60);
    assert_eq!(operator.erase_strays(&bucket, buyer, yesterday).await.unwrap(), 0, "its request may still be repeated");
    assert_eq!(operator.erase_strays(&bucket, buyer, storage::now().plus_seconds(60)).await.unwrap(), 1);
    assert!(bucket.read(&stray).await.is_err());
    assert_eq!(bucket.read(&format!("{buyer}/{}", id(&kept))).await.unwrap(), pdf("kept"));
}
