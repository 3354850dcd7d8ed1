//! A change of a buyer, when what it reads is not of one moment.

use domain::{Actor, Buyer, BuyerId, Cause, OrganisationId, RequestId, SellerId, Source, VatNumber};
use serde_json::{Value, json};
use simulators::Scripted;
use simulators::scripted::{Answer as HttpAnswer, Step};
use storage::{Answer, Change, Decision, Modified, Remember, StorageError, Table};
use uuid::Uuid;

use crate::support::{aws, ended, put, scripted, stands, success, upsert_meaning};

const MEANING: &str = "PATCH a buyer";

/// A receipt of that meaning, and a buyer, as an upsert puts them.
async fn written() -> (Value, Value) {
    let server = scripted([success()]).await;
    assert_eq!(ended(upsert_meaning(&server, MEANING).await), ("created", 201));
    let transaction = &server.played()[0];
    (put(transaction, 0), put(transaction, 1))
}

fn read(items: &[&Value]) -> Step {
    HttpAnswer::json(200, &json!({"Responses": {"t": items}, "UnprocessedKeys": {}})).into()
}

/// Changes the buyer if it is of the version that the client has seen.
async fn modify(server: &Scripted, seen: u64) -> Result<Modified<&'static str>, StorageError> {
    let seller = SellerId(Uuid::from_u128(2));
    let buyer = BuyerId::of(seller, &VatNumber::parse("DE123456788").unwrap());
    let at = storage::now();
    let actor = Actor::System { function: "test".to_owned() };
    let cause = Cause { actor, source: Source::System, request_id: RequestId::fresh(), at };
    let remember = Remember::new(OrganisationId(Uuid::from_u128(1)), "key".to_owned(), MEANING.to_owned(), at);
    let decide = |now: &Buyer| {
        if now.version != seen {
            return Decision::Refuse("version-mismatch");
        }
        let mut business = now.business.clone();
        business.company_name.push('!');
        Decision::Change(Box::new(Change::of_business(now, business)))
    };
    let buyers = Table::new(&aws(server), "t").modify_buyers();
    buyers.modify((seller, buyer), &cause, Some(&remember), decide, |_| Answer::empty(200)).await
}

#[tokio::test]
async fn a_refusal_is_not_believed_before_the_receipt_was_asked_for_again() {
    let (receipt, buyer) = written().await;
    // The same request takes effect between the two halves of the read: the buyer is new, the receipt not there yet.
    let server = scripted([read(&[&buyer]), read(&[&buyer, &receipt])]).await;
    assert!(matches!(modify(&server, 7).await.unwrap(), Modified::Replayed(answer) if answer.status == 201));
    assert_eq!(server.played().len(), 2);

    let server = scripted([read(&[&buyer]), read(&[&buyer])]).await;
    assert!(matches!(modify(&server, 7).await.unwrap(), Modified::Refused("version-mismatch")));
    assert_eq!(server.played().len(), 2);
}

#[tokio::test]
async fn whoever_loses_the_race_decides_anew_on_what_the_winner_left() {
    let (_, buyer) = written().await;
    let mut later = buyer.clone();
    later["seq"] = json!({"N": "1"});
    later["version"] = json!({"N": "1"});
    let lost = Step::reply({
        let later = later.clone();
        move |_| crate::support::cancelled(&[crate::support::reason("None"), stands(&later), stands(&later)])
    });
    let server = scripted([read(&[&buyer]), lost, read(&[&later]), read(&[&later])]).await;
    assert!(matches!(modify(&server, 0).await.unwrap(), Modified::Refused("version-mismatch")));
    let requests = server.played();
    let condition = &requests[1].json()["TransactItems"][1]["Put"];
    assert_eq!(condition["ConditionExpression"], "seq = :seen");
    assert_eq!(condition["ExpressionAttributeValues"][":seen"], json!({"N": "0"}));
}

#[tokio::test]
async fn a_live_receipt_ends_it_and_an_expired_one_does_not() {
    let (mut receipt, buyer) = written().await;
    let server = scripted([read(&[&receipt, &buyer])]).await;
    assert!(matches!(modify(&server, 0).await.unwrap(), Modified::Replayed(_)));
    assert_eq!(server.played().len(), 1);

    receipt["expiresAt"] = json!({"N": (storage::now().seconds() - 1).to_string()});
    let server = scripted([read(&[&receipt, &buyer]), success()]).await;
    assert!(matches!(modify(&server, 0).await.unwrap(), Modified::Done(answer) if answer.status == 200));
    assert_eq!(server.played().len(), 2);
}
