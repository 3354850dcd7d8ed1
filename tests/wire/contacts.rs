//! A change of a contact, when buyer and contact are not read at one moment.

use domain::{
    Actor, BuyerId, Cause, ClientId, ContactId, ContactPatch, Disclosed, Disclosure, NewContact, OrganisationId,
    RequestId, SellerId, Source, VatNumber,
};
use serde_json::{Value, json};
use simulators::Scripted;
use simulators::scripted::{Answer as HttpAnswer, Step};
use storage::{ContactModified, ContactRefusal, ModifyContacts, Remember, Table};
use uuid::Uuid;

use crate::support::{aws, cancelled, put, reason, scripted, stands, success, upsert};

/// Who asks, for what.
struct Asking {
    contacts: ModifyContacts,
    of: (SellerId, BuyerId),
    cause: Cause,
    remember: Remember,
    disclosure: Disclosure,
}

impl Asking {
    fn of(server: &Scripted) -> Self {
        let (organisation, seller) = (OrganisationId(Uuid::from_u128(1)), SellerId(Uuid::from_u128(2)));
        let buyer = BuyerId::of(seller, &VatNumber::parse("DE123456788").unwrap());
        let (at, request_id, client) = (storage::now(), RequestId::fresh(), ClientId("client".to_owned()));
        let actor = Actor::Client { organisation, client: client.clone() };
        let cause = Cause { actor, source: Source::Api, request_id: request_id.clone(), at };
        let (disclosed, purpose) = (Disclosed::Contact, None);
        Self {
            contacts: Table::new(&aws(server), "t").modify_contacts(),
            of: (seller, buyer),
            cause,
            remember: Remember::new(organisation, "key".to_owned(), "a contact".to_owned(), at),
            disclosure: Disclosure { buyer, disclosed, organisation, client, purpose, request_id, at },
        }
    }

    async fn add(&self) -> ContactModified {
        let person = json!({"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"});
        let person = NewContact::parse(&person).ok().unwrap();
        self.contacts.add(self.of, &person, &self.cause, &self.remember, &self.disclosure).await.unwrap()
    }

    async fn rename(&self, contact: ContactId) -> ContactModified {
        let patch = ContactPatch::parse(&json!({"lastName": "Neu"})).ok().unwrap();
        self.contacts.update((self.of, contact), &patch, &self.cause, &self.remember, &self.disclosure).await.unwrap()
    }

    async fn erase(&self, contact: ContactId) -> ContactModified {
        self.contacts.erase((self.of, contact), &self.cause, &self.remember).await.unwrap()
    }
}

fn read(items: &[&Value]) -> Step {
    HttpAnswer::json(200, &json!({"Responses": {"t": items}, "UnprocessedKeys": {}})).into()
}

/// The buyer with one contact, and the contact, as the addition puts them.
async fn written() -> (Value, Value, ContactId) {
    let server = scripted([success()]).await;
    upsert(&server).await.unwrap();
    let created = put(&server.played()[0], 1);
    let server = scripted([read(&[&created]), success()]).await;
    let ContactModified::Done(_, Some(contact)) = Asking::of(&server).add().await else { panic!("added") };
    let transaction = &server.played()[1];
    (put(transaction, 1), put(transaction, 3), contact.uuid)
}

/// The transaction meets a contact that is not the one that was read, and all is read and decided anew.
async fn outrun(items: [&Value; 2], left: &[&Value], asked: impl AsyncFnOnce(Asking) -> ContactModified) -> Value {
    let lost = Step::reply({
        let contact = items[1].clone();
        move |_| cancelled(&[reason("None"), reason("None"), reason("None"), stands(&contact)])
    });
    let server = scripted([read(&items), lost, read(left), read(left)]).await;
    let ended = asked(Asking::of(&server)).await;
    assert!(matches!(ended, ContactModified::Refused(ContactRefusal::NoContact)));
    server.played()[1].json()["TransactItems"][3].clone()
}

#[tokio::test]
async fn a_contact_that_was_erased_between_the_reads_of_it_and_of_the_buyer_is_not_put_back() {
    let (buyer, contact, id) = written().await;
    let action = outrun([&buyer, &contact], &[&buyer], async |asking| asking.rename(id).await).await;
    assert_eq!(action["Put"]["ConditionExpression"], "seqs = :asRead");
    assert_eq!(action["Put"]["ExpressionAttributeValues"][":asRead"], contact["seqs"], "as it was before the change");
    assert_ne!(action["Put"]["Item"]["seqs"], contact["seqs"]);
}

#[tokio::test]
async fn a_contact_that_changed_between_the_reads_of_it_and_of_the_buyer_is_not_erased_by_half() {
    let (buyer, contact, id) = written().await;
    let action = outrun([&buyer, &contact], &[&buyer], async |asking| asking.erase(id).await).await;
    assert_eq!(action["Delete"]["ConditionExpression"], "seqs = :asRead");
    assert_eq!(action["Delete"]["ExpressionAttributeValues"][":asRead"], contact["seqs"]);
}
