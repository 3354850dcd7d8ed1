//! A transaction is sent until its outcome is known, and its outcome is never guessed.

use std::time::{Duration, Instant};

use simulators::scripted::{Answer, Step};
use storage::StorageError;

use crate::support::{
    MORE_THAN_THE_SDK, assert_identical, cancelled, ended, lost, put, reason, refused, scripted, stands, success,
    tokens, upsert,
};

/// A page of a proxy between us and the service: no error code, no JSON.
fn page(status: u16) -> Answer {
    Answer::new(status, "<html><h1>Sorry</h1></html>").with("content-type", "text/html")
}

#[tokio::test]
async fn after_lost_answers_the_very_same_transaction_is_sent_again() {
    let server = scripted(lost(MORE_THAN_THE_SDK).chain([success()])).await;
    assert_eq!(ended(upsert(&server).await), ("created", 201));
    let requests = server.played();
    assert_identical(&requests, "TransactWriteItems");
    assert!(tokens(&requests).iter().all(|token| token.len() == 36), "a token DynamoDB knows it by");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_lost_one() {
    let server = scripted([Step::Hang(Duration::from_secs(30)), success()]).await;
    let started = Instant::now();
    assert_eq!(ended(upsert(&server).await), ("created", 201));
    assert!(started.elapsed() < Duration::from_secs(5), "a request has ten seconds: {:?}", started.elapsed());
    assert_identical(&server.played(), "TransactWriteItems");
}

#[tokio::test]
async fn a_transaction_still_in_progress_is_asked_for_by_its_token() {
    let in_progress = || refused("TransactionInProgressException", &serde_json::json!({})).into();
    let script = std::iter::repeat_with(in_progress).take(MORE_THAN_THE_SDK).chain([success()]);
    let server = scripted(script).await;
    assert_eq!(ended(upsert(&server).await), ("created", 201));
    assert_identical(&server.played(), "TransactWriteItems");
}

#[tokio::test]
async fn after_a_conflict_the_same_items_go_under_a_new_token_which_then_is_kept() {
    let conflict = cancelled(&[reason("TransactionConflict"), reason("None"), reason("None")]);
    let server = scripted([conflict.into()].into_iter().chain(lost(MORE_THAN_THE_SDK)).chain([success()])).await;
    assert_eq!(ended(upsert(&server).await), ("created", 201));
    let requests = server.played();
    let (first, second) = (&requests[0], &requests[1]);
    assert_eq!(first.json()["TransactItems"], second.json()["TransactItems"]);
    let tokens = tokens(&requests);
    assert_ne!(tokens[0], tokens[1], "under the old one DynamoDB would repeat its refusal");
    assert_identical(&requests[1..], "TransactWriteItems");
}

#[tokio::test]
async fn a_transaction_that_happened_after_all_is_known_by_its_receipt_even_under_a_new_token() {
    // The answer to the first is lost, the second meets a conflict and so gets a new token; by then the first took effect.
    let conflict = cancelled(&[reason("TransactionConflict"), reason("None"), reason("None")]);
    let ours = Step::reply(|requests| {
        let (receipt, buyer) = (put(&requests[0], 0), put(&requests[0], 1));
        cancelled(&[stands(&receipt), stands(&buyer), reason("ConditionalCheckFailed")])
    });
    let server = scripted([Step::Swallow, conflict.into(), ours]).await;
    assert_eq!(ended(upsert(&server).await), ("created", 201), "created by us: no replay");
    assert_eq!(server.played().len(), 3);
}

#[tokio::test]
async fn a_failed_condition_beside_a_conflict_is_not_believed() {
    let server = scripted([
        Step::reply(|requests| {
            let buyer = put(&requests[0], 1);
            cancelled(&[reason("None"), stands(&buyer), reason("TransactionConflict")])
        }),
        Step::reply(|requests| {
            let receipt = put(&requests[0], 0);
            cancelled(&[stands(&receipt), reason("TransactionConflict"), reason("None")])
        }),
        success(),
    ])
    .await;
    assert_eq!(ended(upsert(&server).await), ("created", 201));
    let mut tokens = tokens(&server.played());
    tokens.dedup();
    assert_eq!(tokens.len(), 3);
}

#[tokio::test]
async fn a_server_error_without_a_code_is_an_answer_lost() {
    for status in [500, 502, 503, 504] {
        let pages = std::iter::repeat_with(|| page(status).into()).take(MORE_THAN_THE_SDK);
        let server = scripted(pages.chain([success()])).await;
        assert_eq!(ended(upsert(&server).await), ("created", 201), "{status}");
        assert_identical(&server.played(), "TransactWriteItems");
    }
}

#[tokio::test]
async fn a_server_error_that_persists_is_temporary() {
    let server = scripted([Step::Always(page(503))]).await;
    let error = upsert(&server).await.err().expect("no outcome");
    assert!(error.is_temporary(), "{error:?}");
    let requests = server.played();
    assert!(requests.len() >= MORE_THAN_THE_SDK, "only {} requests", requests.len());
    assert_identical(&requests, "TransactWriteItems");
}

#[tokio::test]
async fn a_cancellation_nobody_has_heard_of_is_final() {
    for code in ["ValidationError", "ItemCollectionSizeLimitExceeded", "SomethingNew"] {
        let server = scripted([cancelled(&[reason("TransactionConflict"), reason(code), reason("None")]).into()]).await;
        let error = upsert(&server).await.err().expect("no outcome");
        assert!(matches!(&error, StorageError::Refused(why) if why.contains(code)), "{error:?}");
        assert_eq!(server.played().len(), 1, "asked once");
    }
}

#[tokio::test]
async fn a_refusal_is_final_and_asked_for_once() {
    for kind in ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"] {
        let server = scripted([refused(kind, &serde_json::json!({})).into()]).await;
        let error = upsert(&server).await.err().expect("no outcome");
        assert!(matches!(&error, StorageError::Refused(why) if why.contains(kind)), "{error:?}");
        assert_eq!(server.played().len(), 1, "asked once");
    }
}

#[tokio::test]
async fn a_throttled_action_is_tried_again_and_when_it_persists_is_temporary() {
    for code in ["ThrottlingError", "ProvisionedThroughputExceeded", "TransactionConflict"] {
        let throttled = || cancelled(&[reason("None"), reason(code), reason("None")]);
        let server = scripted([throttled().into(), success()]).await;
        assert_eq!(ended(upsert(&server).await), ("created", 201), "{code}");
        assert_eq!(server.played().len(), 2);

        let server = scripted([Step::Always(throttled())]).await;
        let error = upsert(&server).await.err().expect("no outcome");
        assert!(error.is_temporary(), "{error:?}");
        assert!(server.played().len() > 2, "{code}");
    }
}
