//! An upsert, and the answers that DynamoDB has for it.

use aws::Aws;
use domain::{Actor, Cause, ClientId, NewBuyer, OrganisationId, RequestId, SellerId, Source};
use serde_json::{Value, json};
use simulators::Scripted;
use simulators::scripted::{Answer, Request, Step};
use storage::{CreateBuyers, Remember, StorageError, Table, Upserted};
use uuid::Uuid;

/// The SDK sends a request up to three times before we hear of it: one more makes it our own repeat.
pub(crate) const MORE_THAN_THE_SDK: usize = 4;

/// So many answers are lost.
pub(crate) fn lost(times: usize) -> impl Iterator<Item = Step> {
    std::iter::repeat_with(|| Step::Swallow).take(times)
}

/// A server with this script.
pub(crate) async fn scripted(script: impl IntoIterator<Item = Step>) -> Scripted {
    Scripted::start(script).await.expect("a free port")
}

/// Our clients' view of the server.
pub(crate) fn aws(server: &Scripted) -> Aws {
    Aws::local(&server.url(), "eu-central-1")
}

/// Upserts a buyer. Created is 201, unchanged is 200.
pub(crate) async fn upsert(server: &Scripted) -> Result<Upserted, StorageError> {
    upsert_meaning(server, "POST /buyers").await
}

/// The same by a request that means something of its own; seller, organisation and key are always the same.
pub(crate) async fn upsert_meaning(server: &Scripted, meaning: &str) -> Result<Upserted, StorageError> {
    let organisation = OrganisationId(Uuid::from_u128(1));
    let at = storage::now();
    let client = ClientId("client".to_owned());
    let cause = Cause {
        actor: Actor::Client { organisation, client },
        source: Source::Api,
        request_id: RequestId::fresh(),
        at,
    };
    let remember = Remember::new(organisation, "key".to_owned(), meaning.to_owned(), at);
    let new = NewBuyer::parse(&blackbox::buyer_body("DE123456788")).expect("a complete body");
    let buyers: CreateBuyers = Table::new(&aws(server), "t").create_buyers();
    let answer = |_: &_, created| storage::Answer::empty(if created { 201 } else { 200 });
    buyers.upsert(SellerId(Uuid::from_u128(2)), new, cause, &remember, answer).await
}

/// How an upsert ended, in a word and the status that the client gets.
pub(crate) fn ended(upserted: Result<Upserted, StorageError>) -> (&'static str, u16) {
    match upserted.expect("an outcome") {
        Upserted::Created(answer) => ("created", answer.status),
        Upserted::Unchanged(answer) => ("unchanged", answer.status),
        Upserted::Replayed(answer) => ("replayed", answer.status),
        Upserted::Differs(..) => ("differs", 409),
        Upserted::KeyReused => ("key reused", 422),
    }
}

/// Success of any operation.
pub(crate) fn success() -> Step {
    Answer::json(200, &json!({})).into()
}

/// A refusal as DynamoDB words it, with further members.
pub(crate) fn refused(kind: &str, members: &Value) -> Answer {
    let mut body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": kind });
    body.as_object_mut().expect("an object").extend(members.as_object().cloned().unwrap_or_default());
    Answer::json(400, &body)
}

/// A transaction that was cancelled for these reasons, one an action.
pub(crate) fn cancelled(reasons: &[Value]) -> Answer {
    refused("TransactionCanceledException", &json!({ "CancellationReasons": reasons }))
}

/// The reason of an action.
pub(crate) fn reason(code: &str) -> Value {
    json!({ "Code": code })
}

/// The reason of an action whose condition this item stands against.
pub(crate) fn stands(item: &Value) -> Value {
    json!({ "Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": item })
}

/// What the action with that index puts, in a recorded transaction: 0 the receipt, 1 the buyer, 2 the revision.
pub(crate) fn put(transaction: &Request, action: usize) -> Value {
    transaction.json()["TransactItems"][action]["Put"]["Item"].clone()
}

/// The tokens of recorded transactions.
pub(crate) fn tokens(transactions: &[Request]) -> Vec<String> {
    transactions.iter().map(|request| request.json()["ClientRequestToken"].as_str().unwrap().to_owned()).collect()
}

/// Asserts that all requests are of this operation, and that they are the same to the byte.
pub(crate) fn assert_identical(requests: &[Request], operation: &str) {
    for request in requests {
        assert_eq!(request.target, format!("DynamoDB_20120810.{operation}"));
        assert_eq!(String::from_utf8_lossy(&request.body), String::from_utf8_lossy(&requests[0].body));
    }
}
