//! Contact persons: personal data, in one place that erasure reaches.
//!
//! A contact stands in its own item, and in the revisions that added or changed it, beside the hashed bytes. Nowhere
//! else: receipts keep which revision showed whom, not what it said, and the digest that the buyer was created with
//! goes with the first contact that is erased. Whoever is shown a contact is noted first, in the same transaction
//! where there is one.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use domain::{
    Buyer, BuyerId, Cause, Contact, ContactId, ContactPatch, Disclosure, NewContact, Revision, RevisionKind, SellerId,
    contact_field,
};
use futures_util::future::try_join;
use serde::{Deserialize, Serialize};

use crate::buyers::BuyerItem;
use crate::item::{self, Item, RevisionItem};
use crate::key::{CONTACT, Key, buyer_pk};
use crate::modify::{Ended, Step, Writing, not_before};
use crate::receipt::{Kept, PersonAt, Shows};
use crate::transaction::NEW;
use crate::{Answer, Remember, StorageError, Table, disclosures, transaction};

/// A contact is kept in at most so many revisions, its latest; so one transaction of 100 actions can erase it.
const MOST_STATES: usize = 80;

/// The condition that a contact was not changed since it was read. That the buyer was not does not say so: both are read
/// in one call, but not at one moment, so that the buyer may be of after a change and the contact of before it.
const AS_READ: &str = "seqs = :asRead";

/// A contact's item: the contact, and the revisions that hold it too.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ContactItem {
    #[serde(flatten)]
    pub(crate) contact: Contact,
    pub(crate) seqs: Vec<u64>,
}

impl ContactItem {
    /// What [`AS_READ`] compares with: every change of a contact is in a revision of its own.
    fn as_read(&self) -> Result<(&'static str, AttributeValue), StorageError> {
        Ok((":asRead", serde_dynamo::to_attribute_value(&self.seqs)?))
    }
}

/// Reads contacts, always of one seller's buyer, and notes who was shown them.
#[derive(Clone)]
pub struct ReadContacts(pub(crate) Table);

impl ReadContacts {
    /// The buyer's contacts, oldest first; what is disclosed is noted before. `None`: the seller has no such buyer.
    ///
    /// # Errors
    /// [`StorageError`], also when it could not be noted.
    pub async fn list(
        &self,
        (seller, buyer): (SellerId, BuyerId),
        disclosure: &Disclosure,
    ) -> Result<Option<Vec<Contact>>, StorageError> {
        let key = Key::buyer(buyer);
        let partition = buyer_pk(buyer);
        let (found, items) = try_join(self.0.get(&key), self.0.query_prefix(&partition, CONTACT)).await?;
        let found = found.map(item::read::<BuyerItem>).transpose()?;
        if found.is_none_or(|item| item.buyer.seller != seller) {
            return Ok(None);
        }
        let contacts = items.into_iter().map(|item| Ok(item::read::<ContactItem>(item)?.contact));
        let mut contacts = contacts.collect::<Result<Vec<_>, StorageError>>()?;
        contacts.sort_by_key(|contact| (contact.created_at, contact.uuid));
        self.0.disclose(disclosure).await?;
        Ok(Some(contacts))
    }
}

/// Adds, changes and erases contacts.
#[derive(Clone)]
pub struct ModifyContacts(pub(crate) Table);

/// How a change of a contact ended.
pub enum ContactModified {
    /// As asked. The contact as it was left, unless it was erased.
    Done(Answer, Option<Contact>),
    /// The same request was answered so before.
    Replayed(Answer, Option<Contact>),
    /// Not at all.
    Refused(ContactRefusal),
}

/// Why a contact is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactRefusal {
    /// The idempotency key was used for another request.
    KeyReused,
    /// The buyer has as many contacts as it may.
    Full,
    /// The seller has no such buyer.
    NoBuyer,
    /// The buyer has no such contact, or has no longer.
    NoContact,
}

/// A contact as a change leaves it, and whether it was noted that it is shown.
struct Left {
    contact: Option<Contact>,
    noted: bool,
}

impl ModifyContacts {
    /// Adds a contact. The request's meaning, but for the person, is in `remember`.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn add(
        &self,
        buyer: (SellerId, BuyerId),
        person: &NewContact,
        cause: &Cause,
        remember: &Remember,
        disclosure: &Disclosure,
    ) -> Result<ContactModified, StorageError> {
        let uuid = ContactId::fresh();
        let ended = self.0.modify(buyer, Some(remember), &[], |now, _| {
            if now.contact_count as usize >= NewContact::MOST {
                return Ok(Step::Refuse(ContactRefusal::Full));
            }
            let contact = Contact { uuid, person: person.clone(), created_at: not_before(now, cause).at };
            let change = Change { now, kind: RevisionKind::ContactAdded, cause, count: now.contact_count + 1 };
            self.write(201, &change, ContactItem { contact, seqs: Vec::new() }, disclosure)
        });
        self.tell(buyer.1, ended.await?, disclosure, |was| was == person).await
    }

    /// Changes a contact. What changes nothing has no revision.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn update(
        &self,
        (buyer, contact): ((SellerId, BuyerId), ContactId),
        patch: &ContactPatch,
        cause: &Cause,
        remember: &Remember,
        disclosure: &Disclosure,
    ) -> Result<ContactModified, StorageError> {
        let key = Key::contact(buyer.1, contact);
        let ended = self.0.modify(buyer, Some(remember), std::slice::from_ref(&key), |now, beside| {
            let Some(mut current) = read(beside)? else { return Ok(Step::Refuse(ContactRefusal::NoContact)) };
            let person = patch.apply(&current.contact.person);
            if person == current.contact.person {
                let seq = current.seqs.last().copied().unwrap_or_default();
                let kept = kept(200, &current.contact, seq);
                return Ok(Step::Keep(kept, Left { contact: Some(current.contact), noted: false }));
            }
            current.contact.person = person;
            let change = Change { now, kind: RevisionKind::ContactUpdated, cause, count: now.contact_count };
            self.write(200, &change, current, disclosure)
        });
        self.tell(buyer.1, ended.await?, disclosure, |was| patch.apply(was) == *was).await
    }

    /// Erases a contact: from its item, from every revision, and with it what the contacts given at creation could be
    /// recognised by. That it was there, and when it went, stays in the history.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn erase(
        &self,
        (buyer, contact): ((SellerId, BuyerId), ContactId),
        cause: &Cause,
        remember: &Remember,
    ) -> Result<ContactModified, StorageError> {
        let key = Key::contact(buyer.1, contact);
        let ended = self.0.modify(buyer, Some(remember), std::slice::from_ref(&key), |now, beside| {
            let Some(current) = read(beside)? else { return Ok(Step::Refuse(ContactRefusal::NoContact)) };
            let change =
                Change { now, kind: RevisionKind::ContactErased, cause, count: now.contact_count.saturating_sub(1) };
            let (mut next, revision) = change.revision((contact, None));
            next.contacts_digest = None;
            let mut beside = vec![transaction::delete(&self.0, &key, Some((AS_READ, &[current.as_read()?])))];
            beside.extend(current.seqs.iter().map(|seq| self.forget(next.uuid, *seq, contact)));
            let writing = Writing { next, revision, kept: Answer::empty(204).into(), beside };
            Ok(Step::Write(Box::new(writing), Left { contact: None, noted: true }))
        });
        Ok(match answered(ended.await?) {
            Ok(Answered { kept, replayed, .. }) => done(kept.answer, None, replayed),
            Err(refusal) => ContactModified::Refused(refusal),
        })
    }

    /// One transaction: the buyer's next revision with the person, his item, and that he is shown.
    fn write(
        &self,
        status: u16,
        change: &Change<'_>,
        mut item: ContactItem,
        disclosure: &Disclosure,
    ) -> Result<Step<ContactRefusal, Left>, StorageError> {
        let contact = item.contact.clone();
        let (next, revision) = change.revision((contact.uuid, Some(&contact.person)));
        let as_read = if item.seqs.is_empty() { None } else { Some([item.as_read()?]) };
        let mut beside = Vec::with_capacity(3);
        item.seqs.push(next.seq);
        if item.seqs.len() > MOST_STATES {
            beside.push(self.forget(next.uuid, item.seqs.remove(0), contact.uuid));
        }
        let key = Key::contact(next.uuid, contact.uuid);
        let condition = as_read.as_ref().map_or(NEW, |as_read| (AS_READ, as_read));
        beside.push(transaction::put(&self.0, item::write(&key, &item)?, Some(condition)));
        beside.push(transaction::put(&self.0, disclosures::entry(disclosure)?, None));
        let kept = kept(status, &contact, next.seq);
        let left = Left { contact: Some(contact), noted: true };
        Ok(Step::Write(Box::new(Writing { next, revision, kept, beside }), left))
    }

    /// Takes a person out of a revision.
    fn forget(&self, buyer: BuyerId, seq: u64, contact: ContactId) -> TransactWriteItem {
        transaction::forget(&self.0, &Key::revision(buyer, seq), "personal", &contact_field(contact))
    }

    /// The answer with the person it shows. Where only a receipt is left of it, he is read from the revision, which
    /// also tells whether this is the request it says: `is_same` is asked about the person that was written.
    async fn tell(
        &self,
        buyer: BuyerId,
        ended: Ended<ContactRefusal, Left>,
        disclosure: &Disclosure,
        is_same: impl Fn(&NewContact) -> bool,
    ) -> Result<ContactModified, StorageError> {
        let Answered { kept, left, replayed } = match answered(ended) {
            Ok(answered) => answered,
            Err(refusal) => return Ok(ContactModified::Refused(refusal)),
        };
        if let Some(Left { contact, noted }) = left {
            if !noted {
                self.0.disclose(disclosure).await?;
            }
            return Ok(done(kept.answer, contact, replayed));
        }
        let refused = |refusal| Ok(ContactModified::Refused(refusal));
        let Some(Shows::Person(at)) = kept.shows else { return refused(ContactRefusal::KeyReused) };
        let Some(person) = self.person(buyer, at).await? else { return refused(ContactRefusal::NoContact) };
        if !is_same(&person) {
            return refused(ContactRefusal::KeyReused);
        }
        self.0.disclose(disclosure).await?;
        let contact = Contact { uuid: at.contact, person, created_at: at.created_at };
        Ok(done(kept.answer, Some(contact), replayed))
    }

    /// A person as a revision left him, unless he was erased.
    async fn person(&self, buyer: BuyerId, at: PersonAt) -> Result<Option<NewContact>, StorageError> {
        let Some(item) = self.0.get(&Key::revision(buyer, at.seq)).await? else { return Ok(None) };
        let revision: RevisionItem = item::read(item)?;
        Ok(revision.personal.get(&contact_field(at.contact)).and_then(domain::Sealed::person))
    }
}

/// A change of a buyer's contacts, not of the buyer.
struct Change<'c> {
    now: &'c Buyer,
    kind: RevisionKind,
    cause: &'c Cause,
    count: u32,
}

impl Change<'_> {
    fn revision(&self, contact: (ContactId, Option<&NewContact>)) -> (Buyer, RevisionItem) {
        let cause = not_before(self.now, self.cause);
        let mut next = self.now.changed(self.now.business.clone(), self.now.status, cause.at);
        next.contact_count = self.count;
        let (revision, personal) = Revision::of_contact(self.now, &next, self.kind, contact, cause);
        let revision = RevisionItem::of(&revision, personal);
        next.head.clone_from(&revision.link.hash);
        (next, revision)
    }
}

fn kept(status: u16, contact: &Contact, seq: u64) -> Kept {
    let person = PersonAt { contact: contact.uuid, seq, created_at: contact.created_at };
    Kept { answer: Answer::empty(status), shows: Some(Shows::Person(person)) }
}

fn read(beside: &[Item]) -> Result<Option<ContactItem>, StorageError> {
    beside.first().cloned().map(item::read).transpose()
}

/// A change that was answered, now or before.
struct Answered {
    kept: Kept,
    left: Option<Left>,
    replayed: bool,
}

fn answered(ended: Ended<ContactRefusal, Left>) -> Result<Answered, ContactRefusal> {
    match ended {
        Ended::Done(kept, left) => Ok(Answered { kept, left, replayed: false }),
        Ended::Replayed(kept) => Ok(Answered { kept, left: None, replayed: true }),
        Ended::KeyReused => Err(ContactRefusal::KeyReused),
        Ended::Refused(refusal) => Err(refusal),
        Ended::Absent => Err(ContactRefusal::NoBuyer),
    }
}

fn done(answer: Answer, contact: Option<Contact>, replayed: bool) -> ContactModified {
    if replayed { ContactModified::Replayed(answer, contact) } else { ContactModified::Done(answer, contact) }
}
