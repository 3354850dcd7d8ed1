//! An attempt that was made is recorded once and counted, whoever else holds the endpoint's item.

use domain::webhook::{Attempt, Delivery, Endpoint, Envelope, NewEndpoint, Plain, Status};
use domain::{EventId, EventType, Jitter, OrganisationId, WebhookId};
use serde_json::{Value, json};
use simulators::Scripted;
use simulators::scripted::{Answer, Request, Step};
use storage::{Bearing, Recorded, StorageError, Table, Written};
use uuid::Uuid;

use crate::support::{aws, cancelled, put, reason, refused, scripted, stands, success};

/// How often a transaction is sent that meets others.
const MOST: usize = 8;

fn endpoint() -> Endpoint {
    let (organisation, at) = (OrganisationId(Uuid::from_u128(1)), storage::now());
    let body = json!({"url": "https://hooks.example.com/x", "events": ["kyc.*"]});
    let new = NewEndpoint::parse(&body, Plain::Refused).expect("a complete body");
    Endpoint::new(WebhookId::of(organisation, "key", at), organisation, new.settings, at)
}

fn recorded(endpoint: &Endpoint) -> Delivery {
    let (kind, at) = (EventType::ViesCheckFailed, endpoint.created_at);
    let event = EventId::of_webhook(&endpoint.id, "event", kind.name());
    let envelope = Envelope::of_webhooks(event, kind, endpoint.organisation, json!({}), at);
    Delivery::of_event(&envelope, endpoint, at)
}

/// A delivery after its first attempt, answered with that status.
fn attempted(status: u16) -> Delivery {
    let delivery = recorded(&endpoint());
    let at = delivery.created_at;
    let attempt = Attempt { at, duration_ms: 7, status: Some(status), excerpt: String::new(), failure: None };
    delivery.attempted(attempt, None, Jitter(0))
}

async fn failed(server: &Scripted) -> Result<Written, StorageError> {
    let after = attempted(500);
    let bearing = Bearing::Failed { url: &endpoint().settings.url, at: after.log[0].at, gone: false };
    Table::new(&aws(server), "t").work_on_deliveries().write(&after, bearing, &[]).await
}

/// The endpoint's item is held by another.
fn held() -> Step {
    cancelled(&[reason("None"), reason("TransactionConflict")]).into()
}

fn operations(requests: &[Request]) -> Vec<&str> {
    requests.iter().map(|request| request.target.rsplit('.').next().unwrap_or_default()).collect()
}

fn changed(requests: &[Request]) -> &Request {
    let last = requests.last().expect("a request");
    assert_eq!(operations(std::slice::from_ref(last)), ["UpdateItem"]);
    last
}

#[tokio::test]
async fn a_failure_is_recorded_and_then_counted_where_others_hold_the_endpoint_all_the_time() {
    let script = std::iter::repeat_with(held).take(MOST).chain([success(), success()]);
    let server = scripted(script).await;
    assert_eq!(failed(&server).await.expect("an outcome"), Written::Done);
    let requests = server.played();
    let (together, apart) = (requests[0].json(), requests[MOST].json());
    assert_eq!(apart["TransactItems"], json!([together["TransactItems"][0]]), "the delivery, as it was to be written");
    let (counted, alone) = (together["TransactItems"][1]["Update"].clone(), changed(&requests).json());
    let members =
        ["Key", "UpdateExpression", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"];
    for member in members {
        assert_eq!(alone[member], counted[member], "{member}");
    }
    assert!(alone["UpdateExpression"].as_str().unwrap().starts_with("ADD failures :one"), "{alone}");
}

#[tokio::test]
async fn a_success_ends_a_row_of_failures_in_the_same_way() {
    let script = std::iter::repeat_with(held).take(MOST).chain([success(), success()]);
    let server = scripted(script).await;
    let deliveries = Table::new(&aws(&server), "t").work_on_deliveries();
    let written = deliveries.write(&attempted(200), Bearing::Recovered { url: &endpoint().settings.url }, &[]).await;
    assert_eq!(written.expect("an outcome"), Written::Done);
    let requests = server.played();
    assert!(changed(&requests).json()["UpdateExpression"].as_str().unwrap().starts_with("REMOVE failures"));
}

#[tokio::test]
async fn the_count_by_itself_waits_for_transactions_and_a_deleted_endpoint_counts_nothing() {
    let conflict = || Step::from(refused("TransactionConflictException", &json!({})));
    let gone = Step::from(refused("ConditionalCheckFailedException", &json!({})));
    for last in [success(), gone] {
        let waits = [success(), conflict(), conflict(), last];
        let server = scripted(std::iter::repeat_with(held).take(MOST).chain(waits)).await;
        assert_eq!(failed(&server).await.expect("an outcome"), Written::Done);
        let requests = server.played();
        assert_eq!(operations(&requests[MOST + 1..]), ["UpdateItem"; 3]);
    }
}

#[tokio::test]
async fn an_attempt_that_was_recorded_after_all_is_neither_recorded_nor_counted_again() {
    // The answer to the first is lost, others hold the endpoint once, or all the time; by then the first took effect.
    let ours = || Step::reply(|requests| cancelled(&[stands(&put(&requests[0], 0)), reason("None")]));
    for conflicts in [1, MOST] {
        let script = [Step::Swallow].into_iter().chain(std::iter::repeat_with(held).take(conflicts)).chain([ours()]);
        let server = scripted(script).await;
        assert_eq!(failed(&server).await.expect("an outcome"), Written::Done, "{conflicts}");
        assert!(!operations(&server.played()).contains(&"UpdateItem"), "{conflicts}");
    }
}

#[tokio::test]
async fn another_one_that_was_recorded_meanwhile_is_not_written_over() {
    let another = || {
        Step::reply(|requests| {
            let mut item: Value = put(&requests[0], 0);
            item["attempts"]["N"] = json!("2");
            cancelled(&[stands(&item), reason("None")])
        })
    };
    let always: Vec<Step> = std::iter::repeat_with(held).take(MOST).collect();
    for before in [Vec::new(), always] {
        let server = scripted(before.into_iter().chain([another()])).await;
        assert_eq!(failed(&server).await.expect("an outcome"), Written::Overtaken);
        assert!(!operations(&server.played()).contains(&"UpdateItem"));
    }
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_no_endpoint_that_is_held() {
    let server = scripted([Step::Always(Answer::new(503, "Sorry"))]).await;
    let error = failed(&server).await.expect_err("no outcome");
    assert!(matches!(error, StorageError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn what_a_receiver_said_that_the_endpoint_does_not_lead_to_any_more_is_not_held_against_it() {
    let leads_elsewhere = cancelled(&[reason("None"), stands(&json!({"url": {"S": "https://new.example.com/x"}}))]);
    let server = scripted([leads_elsewhere.into()]).await;
    assert_eq!(failed(&server).await.expect("an outcome"), Written::Overtaken);
    let requests = server.played();
    let counted = requests[0].json()["TransactItems"][1]["Update"].clone();
    assert_eq!(
        (&counted["ConditionExpression"], &counted["ExpressionAttributeNames"]["#url"]),
        (&json!("#url = :url"), &json!("url"))
    );
    assert_eq!(counted["ExpressionAttributeValues"][":url"]["S"], "https://hooks.example.com/x");
}

#[tokio::test]
async fn a_success_is_recorded_where_a_transaction_holds_the_delivery_for_a_moment() {
    let conflict = || Step::from(refused("TransactionConflictException", &json!({})));
    let server = scripted([conflict(), conflict(), success()]).await;
    let deliveries = Table::new(&aws(&server), "t").work_on_deliveries();
    let written = deliveries.write(&attempted(200), Bearing::None, &[]).await;
    assert_eq!(written.expect("an outcome"), Written::Done);
    assert_eq!(operations(&server.played()), ["PutItem"; 3]);
}

#[tokio::test]
async fn what_cannot_be_held_because_others_hold_the_endpoint_all_the_time_comes_up_again_to_be_held() {
    let always = || std::iter::repeat_with(held).take(MOST).chain([success()]);
    let put_off = |requests: &[Request]| {
        assert_eq!(operations(&requests[MOST..]), ["PutItem"]);
        let put = requests[MOST].json();
        let due_at: i64 = put["Item"]["dueAt"]["N"].as_str().unwrap().parse().unwrap();
        assert_eq!(put["Item"]["state"]["S"], "PENDING");
        let minutes = (due_at - storage::now().millis()) / 60_000;
        assert!((9..=15).contains(&minutes), "in {minutes} min");
        put["ConditionExpression"].clone()
    };
    let server = scripted(always()).await;
    let deliveries = Table::new(&aws(&server), "t").work_on_deliveries();
    let written = deliveries.hold(&attempted(500).held(), &endpoint()).await;
    assert_eq!(written.expect("an outcome"), Written::Done);
    assert_eq!(put_off(&server.played()), "seq = :seen");

    let server = scripted(always()).await;
    let mut paused = endpoint();
    paused.settings.status = Status::Paused;
    let outcome = Table::new(&aws(&server), "t").record_deliveries().record(&recorded(&paused), &paused).await;
    assert_eq!(outcome.expect("an outcome"), Recorded::New);
    assert_eq!(put_off(&server.played()), "attribute_not_exists(pk)");
}
