//! Rate counters: what one request asks of the table, and what happens when it does not answer.

use std::time::{Duration, Instant as Stopwatch};

use domain::{Allowance, Category, Instant, Limit, OrganisationId};
use serde_json::{Value, json};
use simulators::Scripted;
use simulators::scripted::{Answer, Request, Step};
use storage::{Limits, StorageError, Table};
use uuid::Uuid;

use crate::support::{aws, refused, scripted, success};

/// Four in ten seconds.
const LIMIT: Limit = Limit(12);
const NOW: i64 = 1_795_166_100;

fn limits(server: &Scripted) -> Limits {
    Table::new(&aws(server), "t").limits("limits")
}

async fn count(limits: &Limits, second: i64) -> Result<Allowance, StorageError> {
    limits.count(whose(), LIMIT, at(second)).await
}

fn whose() -> (OrganisationId, Category) {
    (OrganisationId(Uuid::from_u128(1)), Category::Write)
}

fn at(second: i64) -> Instant {
    Instant::from_millis(second * 1000 + 900)
}

/// The item as an update leaves it.
fn item(counts: impl IntoIterator<Item = (i64, u64)>) -> Step {
    let mut item = json!({"pk": {"S": "ORG#1#write"}, "expiresAt": {"N": "1795166700"}});
    for (second, count) in counts {
        item[format!("t{second}")] = json!({"N": count.to_string()});
    }
    Answer::json(200, &json!({ "Attributes": item })).into()
}

fn expression(request: &Request) -> String {
    assert_eq!(request.target, "DynamoDB_20120810.UpdateItem");
    request.json()["UpdateExpression"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_within_the_limit_is_one_update_of_its_own_item() {
    let server = scripted([item([(NOW - 3, 2), (NOW, 1)])]).await;
    let allowance = count(&limits(&server), NOW).await.unwrap();
    assert_eq!(allowance, Allowance { limit: LIMIT, admitted: true, remaining: 1, reset: NOW + 8 });
    let request = server.played().remove(0).json();
    assert_eq!(request["TableName"], "limits");
    assert_eq!(request["Key"], json!({"pk": {"S": "ORG#00000000-0000-0000-0000-000000000001#write"}}));
    assert_eq!(request["UpdateExpression"], format!("ADD t{NOW} :one SET expiresAt = :expires"));
    let values = json!({":one": {"N": "1"}, ":expires": {"N": (NOW + 600).to_string()}});
    assert_eq!(request["ExpressionAttributeValues"], values);
    assert_eq!(request["ReturnValues"], "ALL_NEW");
    assert_eq!(request["ConditionExpression"], Value::Null);
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_asked_once_and_not_waited_for() {
    let unavailable = || refused("ProvisionedThroughputExceededException", &json!({})).into();
    let failures: [fn() -> Step; 4] =
        [|| Step::Hang(Duration::from_secs(3)), || Step::Swallow, || Answer::new(500, "").into(), unavailable];
    for failure in failures {
        let server = scripted([failure()]).await;
        let clock = Stopwatch::now();
        let failed = count(&limits(&server), NOW).await.unwrap_err();
        assert!(failed.is_temporary(), "{failed}");
        assert!(clock.elapsed() < Duration::from_millis(900), "{:?}", clock.elapsed());
        assert_eq!(server.played().len(), 1, "{failed}");
    }
}

#[tokio::test]
async fn while_the_table_is_away_what_was_seen_last_is_told() {
    let server = scripted([item([(NOW, 3)]), Step::Swallow]).await;
    let limits = limits(&server);
    let untouched = limits.known(whose(), LIMIT, at(NOW));
    assert_eq!((untouched.admitted, untouched.remaining), (true, 4));
    count(&limits, NOW).await.unwrap();
    count(&limits, NOW + 2).await.unwrap_err();
    let known = limits.known(whose(), LIMIT, at(NOW + 2));
    assert_eq!(known, Allowance { limit: LIMIT, admitted: true, remaining: 1, reset: NOW + 11 });
    assert_eq!(server.played().len(), 2);
}

#[tokio::test]
async fn a_refused_request_takes_itself_back_and_the_next_are_refused_without_a_call() {
    let server = scripted([
        item([(NOW - 2, 4), (NOW, 1)]),
        item([(NOW - 2, 4), (NOW, 0)]),
        item([(NOW - 2, 4), (NOW, 0), (NOW + 5, 1)]),
        item([(NOW - 2, 4), (NOW, 0), (NOW + 5, 0)]),
        item([(NOW - 2, 4), (NOW, 0), (NOW + 9, 1)]),
    ])
    .await;
    let limits = limits(&server);
    // Asked anew after five seconds, in case others were on their way out as well; and of course when there is room.
    for second in [NOW, NOW + 1, NOW + 4, NOW + 5, NOW + 8] {
        let refusal = count(&limits, second).await.unwrap();
        assert_eq!(refusal, Allowance { limit: LIMIT, admitted: false, remaining: 0, reset: NOW + 9 });
        assert_eq!(refusal.retry_after(at(second)), NOW + 9 - second);
    }
    let later = count(&limits, NOW + 9).await.unwrap();
    assert_eq!((later.admitted, later.remaining), (true, 3));
    let requests = server.played();
    let undo = requests[1].json();
    assert_eq!(undo["UpdateExpression"], format!("ADD t{NOW} :minus_one"));
    assert_eq!(undo["ConditionExpression"], format!("t{NOW} >= :one"));
    assert_eq!(undo["ExpressionAttributeValues"], json!({":one": {"N": "1"}, ":minus_one": {"N": "-1"}}));
    assert!(expression(&requests[2]).starts_with(&format!("ADD t{} :one", NOW + 5)));
}

#[tokio::test]
async fn a_higher_limit_is_effective_five_seconds_after_a_refusal() {
    let server = scripted([item([(NOW, 5)]), item([(NOW, 4)]), item([(NOW, 4), (NOW + 5, 1)])]).await;
    let limits = limits(&server);
    let count = async |limit, second| limits.count(whose(), limit, at(second)).await.unwrap().admitted;
    assert!(!count(LIMIT, NOW).await);
    assert!(!count(Limit(300), NOW + 4).await);
    assert!(count(Limit(300), NOW + 5).await);
    assert_eq!(server.played().len(), 3);
}

#[tokio::test]
async fn a_clock_that_was_put_back_does_not_prolong_a_refusal() {
    let server = scripted([item([(NOW, 5)]), item([(NOW, 4)]), item([(NOW, 4), (NOW - 3600, 1)])]).await;
    let limits = limits(&server);
    assert!(!count(&limits, NOW).await.unwrap().admitted);
    assert!(count(&limits, NOW - 3600).await.unwrap().admitted);
    assert_eq!(server.played().len(), 3);
}

#[tokio::test]
async fn a_refusal_stands_though_it_cannot_be_taken_back() {
    let server = scripted([item([(NOW, 5)]), Step::Swallow]).await;
    let refusal = count(&limits(&server), NOW).await.unwrap();
    assert_eq!((refusal.admitted, refusal.reset), (false, NOW + 11));
    assert_eq!(server.played().len(), 2);
}

#[tokio::test]
async fn stale_counters_do_not_count_and_go_with_the_next_request() {
    let stale = [(NOW - 40_000, 9), (NOW - 77, 9)];
    let kept = [(NOW - 70, 9), (NOW, 1)];
    let server = scripted([item(stale.into_iter().chain(kept)), item(kept)]).await;
    let limits = limits(&server);
    assert_eq!(count(&limits, NOW).await.unwrap().remaining, 3);
    count(&limits, NOW).await.unwrap();
    let expected = format!("ADD t{NOW} :one SET expiresAt = :expires REMOVE t{}, t{}", NOW - 40_000, NOW - 77);
    assert_eq!(expression(&server.played()[1]), expected);
}

#[tokio::test]
async fn a_heap_of_stale_counters_is_taken_away_at_once_in_parts_that_fit_an_expression() {
    let heap = (0..250).map(|age| (NOW - 10_000 + age, 1));
    let server = scripted([item(heap.clone().chain([(NOW, 1)])), success(), item(heap.skip(200))]).await;
    let limits = limits(&server);
    assert_eq!(count(&limits, NOW).await.unwrap().remaining, 3);
    count(&limits, NOW).await.unwrap();
    let requests = server.played();
    let removed = |request: &Request| expression(request).matches("t1795").count();
    assert_eq!(requests.iter().map(removed).collect::<Vec<_>>(), [1, 100, 101]);
    assert!(requests.iter().all(|request| expression(request).len() < 4096));
}
