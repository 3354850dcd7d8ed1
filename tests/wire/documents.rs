//! A change of a document, when what it rests on is not read at one moment.

use domain::{
    Actor, Announcement, BuyerId, Cause, ClientId, DocumentId, DocumentSource, DocumentStatus, DocumentType,
    OrganisationId, RequestId, SellerId, Source, Statement, UploadId, VatNumber,
};
use serde_json::{Value, json};
use simulators::Scripted;
use simulators::scripted::{Answer as HttpAnswer, Request, Step};
use storage::{Announced, Answer, DocumentModified, NewDocument, Remember, Table};
use uuid::Uuid;

use crate::support::{aws, cancelled, put, reason, scripted, stands, success, upsert};

/// Who asks.
struct Asking {
    table: Table,
    of: (SellerId, BuyerId),
    cause: Cause,
    remember: Remember,
}

impl Asking {
    fn of(server: &Scripted) -> Self {
        let (organisation, seller) = (OrganisationId(Uuid::from_u128(1)), SellerId(Uuid::from_u128(2)));
        let buyer = BuyerId::of(seller, &VatNumber::parse("DE123456788").unwrap());
        let (at, request_id, client) = (storage::now(), RequestId::fresh(), ClientId("client".to_owned()));
        let cause = Cause { actor: Actor::Client { organisation, client }, source: Source::Api, request_id, at };
        let remember = Remember::new(organisation, "key".to_owned(), "a document".to_owned(), at);
        Self { table: Table::new(&aws(server), "t"), of: (seller, buyer), cause, remember }
    }

    /// Adds the document of that number.
    async fn add(&self, number: u128) -> DocumentModified {
        let new = NewDocument {
            uuid: document(number),
            statement: statement(),
            content_type: "application/pdf".to_owned(),
            size: 1,
            sha256: number.to_string(),
            source: DocumentSource::Api,
            object: number.to_string(),
        };
        let (documents, answers) = (self.table.modify_documents(), (Answer::empty(201), Answer::empty(200)));
        documents.add(self.of, &new, answers, &self.cause, &self.remember, async { Ok(()) }).await.unwrap()
    }

    async fn archive(&self, number: u128) -> DocumentModified {
        let documents = self.table.modify_documents();
        documents.archive(self.of, document(number), "Illegible", &self.cause, &self.remember).await.unwrap()
    }

    async fn announce(&self, number: u128) -> Announced {
        let announcement = Announcement {
            statement: statement(),
            content_type: "application/pdf".to_owned(),
            size: 1,
            sha256: String::new(),
        };
        let uploads = self.table.start_uploads();
        let uuid = UploadId(Uuid::from_u128(number));
        uploads.announce(self.of, uuid, announcement, &self.cause, &self.remember).await.unwrap()
    }
}

fn document(number: u128) -> DocumentId {
    DocumentId(Uuid::from_u128(number))
}

fn statement() -> Statement {
    let (kind, document_date) = (DocumentType::CocExtract, "2025-11-01".parse().unwrap());
    Statement { kind, document_date, file_name: "extract.pdf".to_owned() }
}

fn read(items: &[&Value]) -> Step {
    HttpAnswer::json(200, &json!({"Responses": {"t": items}, "UnprocessedKeys": {}})).into()
}

/// A buyer with a document: `[buyer, document, pointer]`, as a transaction puts them.
type Written = [Value; 3];

async fn added(server: Scripted, number: u128) -> Written {
    let DocumentModified::Done(answer, _) = Asking::of(&server).add(number).await else { panic!("added") };
    assert_eq!(answer.status, 201);
    let transaction = &server.played()[1];
    [put(transaction, 1), put(transaction, 3), put(transaction, 4)]
}

/// With the first document, and with the second one, which superseded it.
async fn written() -> (Written, Written) {
    let server = scripted([success()]).await;
    upsert(&server).await.unwrap();
    let created = put(&server.played()[0], 1);
    let first = added(scripted([read(&[&created]), success()]).await, 1).await;
    let second = added(scripted([read(&[&first[0], &first[2]]), success()]).await, 2).await;
    (first, second)
}

fn superseded(first: &Written, second: &Written) -> Value {
    let mut document = first[1].clone();
    document["supersededAt"] = second[1]["uploadedAt"].clone();
    document
}

/// A transaction of so many actions meets this where that one puts something.
fn lost(actions: usize, action: usize, standing: &Value) -> Step {
    let standing = stands(standing);
    Step::reply(move |_| {
        let mut reasons = vec![reason("None"); actions];
        reasons[action] = standing;
        cancelled(&reasons)
    })
}

fn action(played: &[Request], transaction: usize, action: usize) -> Value {
    played[transaction].json()["TransactItems"][action].clone()
}

fn condition(action: &Value) -> (&Value, &Value) {
    (&action["Put"]["ConditionExpression"], &action["Put"]["ExpressionAttributeValues"])
}

#[tokio::test]
async fn a_pointer_that_moved_between_the_reads_of_it_and_of_the_buyer_makes_an_upload_decide_anew() {
    let (first, second) = written().await;
    let server = scripted([
        // The buyer of after the second document, the pointer of before it.
        read(&[&second[0], &first[2]]),
        lost(6, 4, &second[2]),
        read(&[&second[0], &second[2]]),
        success(),
    ])
    .await;
    let DocumentModified::Done(answer, (third, status)) = Asking::of(&server).add(3).await else { panic!("added") };
    assert_eq!((answer.status, third.uuid, status), (201, document(3), DocumentStatus::Active));
    let played = server.played();
    for (transaction, before) in [(1, document(1)), (3, document(2))] {
        let pointer = action(&played, transaction, 4);
        assert_eq!(condition(&pointer), (&json!("document = :was"), &json!({":was": {"S": before}})));
        let superseding = action(&played, transaction, 5);
        assert_eq!(superseding["Update"]["Key"]["sk"]["S"], format!("DOC#{before}"), "the one that it takes over from");
    }
}

#[tokio::test]
async fn a_first_pointer_that_was_set_between_the_reads_of_it_and_of_the_buyer_makes_an_upload_decide_anew() {
    let (first, _) = written().await;
    let server = scripted([read(&[&first[0]]), lost(5, 4, &first[2]), read(&[&first[0], &first[2]]), success()]).await;
    let DocumentModified::Done(answer, _) = Asking::of(&server).add(2).await else { panic!("added") };
    assert_eq!(answer.status, 201);
    let played = server.played();
    assert_eq!(action(&played, 1, 4)["Put"]["ConditionExpression"], "attribute_not_exists(pk)");
    assert_eq!(action(&played, 3, 4)["Put"]["ConditionExpression"], "document = :was");
}

#[tokio::test]
async fn a_document_that_was_superseded_between_the_reads_of_it_and_of_the_buyer_is_not_archived_as_the_active_one() {
    let (first, second) = written().await;
    let superseded = superseded(&first, &second);
    let server = scripted([
        // The buyer of after the second document, the first one of before it.
        read(&[&second[0], &first[1]]),
        lost(5, 3, &superseded),
        read(&[&second[0], &superseded]),
        success(),
    ])
    .await;
    let DocumentModified::Done(answer, (archived, status)) = Asking::of(&server).archive(1).await else {
        panic!("archived")
    };
    assert_eq!((answer.status, archived.uuid, status), (200, document(1), DocumentStatus::Archived));
    assert!(archived.superseded_at.is_some() && archived.archived_at.is_some());
    let played = server.played();
    let unsuperseded = "attribute_not_exists(supersededAt) AND attribute_not_exists(archivedAt) AND \
                        attribute_not_exists(erasedAt)";
    assert_eq!(condition(&action(&played, 1, 3)).0, unsuperseded, "or the pointer of the second one would be deleted");
    assert_eq!(action(&played, 1, 4)["Delete"]["Key"]["sk"]["S"], "NOW#ACTIVE#COC_EXTRACT");
    let (again, values) = (action(&played, 3, 3), &superseded["supersededAt"]);
    assert_eq!(again["Put"]["ExpressionAttributeValues"][":supersededAt"], *values);
    assert_eq!(again["Put"]["Item"]["supersededAt"], *values, "it stays superseded");
    assert_eq!(action(&played, 3, 4), Value::Null, "the pointer of the second one stays");
}

/// The id of an upload is made of its day, too.
#[tokio::test]
async fn an_announcement_that_is_repeated_after_midnight_is_the_one_of_the_day_before() {
    let server = scripted([success()]).await;
    let Announced::Done(..) = Asking::of(&server).announce(1).await else { panic!("announced") };
    let played = server.played();
    let (receipt, upload) = (put(&played[0], 0), put(&played[0], 2));

    let met = |upload: Value| {
        let receipt = stands(&receipt);
        Step::reply(move |_| cancelled(&[receipt, reason("None"), upload]))
    };
    let server = scripted([met(reason("None")), met(stands(&upload))]).await;
    let Announced::Replayed(answer, announced) = Asking::of(&server).announce(2).await else { panic!("replayed") };
    assert_eq!((answer.status, announced.uuid), (201, UploadId(Uuid::from_u128(1))));
}
