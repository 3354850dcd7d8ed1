//! What an upsert that changed nothing is told, when the answer to its receipt gets lost.

use serde_json::{Value, json};
use simulators::Scripted;
use simulators::scripted::{Answer, Request, Step};

use crate::support::{
    MORE_THAN_THE_SDK, assert_identical, cancelled, ended, lost, put, refused, scripted, stands, success, upsert,
    upsert_meaning,
};

/// The transaction is refused: the buyer stands there, and means the same.
fn the_buyer_stands() -> Step {
    Step::reply(|requests| {
        let (buyer, revision) = (put(&requests[0], 1), put(&requests[0], 2));
        cancelled(&[crate::support::reason("None"), stands(&buyer), stands(&revision)])
    })
}

/// A receipt stands under the key already.
fn a_receipt_stands(item: &Value) -> Answer {
    refused("ConditionalCheckFailedException", &json!({ "Item": item }))
}

/// The receipt that an upsert of this meaning leaves.
async fn receipt_of(meaning: &str) -> Value {
    let server = scripted([success()]).await;
    assert_eq!(ended(upsert_meaning(&server, meaning).await), ("created", 201));
    put(&server.played()[0], 0)
}

/// The requests after the transaction; all must put the same receipt.
fn receipts(server: Scripted) -> Vec<Request> {
    let requests = server.played();
    assert_eq!(requests[0].target, "DynamoDB_20120810.TransactWriteItems");
    assert_identical(&requests[1..], "PutItem");
    requests[1..].to_vec()
}

#[tokio::test]
async fn a_buyer_that_means_the_same_leaves_a_receipt_under_the_key() {
    let server = scripted([the_buyer_stands(), success()]).await;
    assert_eq!(ended(upsert(&server).await), ("unchanged", 200));
    let receipts = receipts(server);
    let [receipt] = receipts.as_slice() else { panic!("one receipt: {receipts:?}") };
    let receipt = receipt.json();
    assert_eq!(receipt["Item"]["sk"], json!({ "S": "key" }));
    assert_eq!(receipt["Item"]["answer"]["M"]["status"], json!({ "N": "200" }));
    let condition = receipt["ConditionExpression"].as_str().unwrap();
    assert!(condition.contains("attribute_not_exists(pk)"), "{condition}");
}

#[tokio::test]
async fn after_a_lost_answer_our_own_receipt_is_no_replay() {
    // Once within the SDK's own repeats, once beyond them.
    for times in [1, MORE_THAN_THE_SDK] {
        let ours = Step::reply(|requests| a_receipt_stands(&requests[1].json()["Item"]));
        let server = scripted([the_buyer_stands()].into_iter().chain(lost(times)).chain([ours])).await;
        assert_eq!(ended(upsert(&server).await), ("unchanged", 200), "after {times} lost answers");
        assert_eq!(receipts(server).len(), times + 1);
    }
}

#[tokio::test]
async fn after_a_lost_answer_another_s_receipt_of_the_same_meaning_is_replayed() {
    let another_s = receipt_of("the same").await;
    let server = scripted([the_buyer_stands(), Step::Swallow, a_receipt_stands(&another_s).into()]).await;
    let upserted = upsert_meaning(&server, "the same").await;
    assert_eq!(ended(upserted), ("replayed", 201), "what was answered then, not now");
    assert_eq!(receipts(server).len(), 2);
}

#[tokio::test]
async fn after_a_lost_answer_another_s_receipt_of_another_meaning_is_a_reused_key() {
    let another_s = receipt_of("another").await;
    let server = scripted([the_buyer_stands(), Step::Swallow, a_receipt_stands(&another_s).into()]).await;
    assert_eq!(ended(upsert_meaning(&server, "this").await), ("key reused", 422));
    assert_eq!(receipts(server).len(), 2);
}

#[tokio::test]
async fn a_receipt_that_cannot_be_put_for_good_is_no_outcome() {
    let refusal = refused("AccessDeniedException", &json!({}));
    let server = scripted([the_buyer_stands(), refusal.into()]).await;
    let error = upsert(&server).await.err().expect("no outcome");
    assert!(!error.is_temporary(), "{error:?}");
    assert_eq!(receipts(server).len(), 1, "asked once");
}
