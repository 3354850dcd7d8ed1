//! Everything that changed can be shown, and nobody can change it unseen.

use blackbox::{Draft, World, buyer_body, fresh_vat_number};
use domain::{BrokenHistory, BuyerId};
use serde_json::{Value, json};

#[tokio::test]
async fn the_first_revision_says_who_did_what_when_in_which_request() {
    let world = World::shared();
    let draft = Draft::new();
    let (organisation, client) = (draft.organisation.uuid, draft.client());
    let api = world.organisation(draft).await;
    let vat_number = fresh_vat_number();
    let created = api.upsert(&buyer_body(&vat_number)).await;
    let items = world.behind.items(&format!("BUYER#{}", created.json["uuid"].as_str().unwrap())).await;
    let revision: Value = serde_json::from_str(items[1]["content"]["S"].as_str().unwrap()).unwrap();
    assert_eq!((&revision["seq"], &revision["version"], &revision["kind"]), (&json!(0), &json!(0), &json!("CREATED")));
    assert_eq!(revision["actor"], json!({"type": "CLIENT", "organisation": organisation, "client": client}));
    assert_eq!(revision["source"], "API");
    assert_eq!(revision["requestId"].as_str(), created.header("x-request-id"));
    assert_eq!(revision["at"], created.json["createdAt"]);
    assert_eq!(revision["after"]["companyName"], created.json["companyName"]);
    let changes = revision["changes"].as_array().unwrap();
    assert!(changes.contains(&json!({"field": "vatNumber", "after": vat_number})), "{changes:?}");
    assert_eq!(changes.len(), 7);
}

#[tokio::test]
async fn a_history_verifies_until_somebody_touches_it() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    let buyer: BuyerId = created.json["uuid"].as_str().unwrap().parse().unwrap();
    let operator = world.operator();
    assert_eq!(operator.verify_history(buyer).await.unwrap(), Ok(1));

    let items = world.behind.items(&format!("BUYER#{buyer}")).await;
    let (now, revision) = (&items[0], &items[1]);
    let mut forged = revision.clone();
    let content = revision["content"]["S"].as_str().unwrap().replace("Hamburg", "Bremen!");
    forged["content"]["S"] = json!(content);
    world.behind.overwrite(&forged).await;
    assert_eq!(operator.verify_history(buyer).await.unwrap(), Err(BrokenHistory::Altered(0)));

    world.behind.overwrite(revision).await;
    let mut renamed = now.clone();
    renamed["companyName"]["S"] = json!("Somebody Else GmbH");
    world.behind.overwrite(&renamed).await;
    assert_eq!(operator.verify_history(buyer).await.unwrap(), Err(BrokenHistory::State(0)));

    world.behind.overwrite(now).await;
    assert_eq!(operator.verify_history(buyer).await.unwrap(), Ok(1));
}
