//! The linear history of a buyer: every change of anything is one revision, chained by hashes.
//!
//! A revision is serialised *once*; those very bytes are hashed, stored and shown. Each holds the hash of
//! the one before it, and the buyer holds the hash of the last, so a revision that is altered, dropped or
//! slipped in breaks the chain. Personal data stands beside the hashed bytes, represented in them by a
//! digest under a salt of its own: erasing data and salt leaves the chain whole.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    Business, Buyer, BuyerId, BuyerStatus, ClientId, Contact, ContactId, Document, DocumentId, Effect, Instant,
    NewContact, OrganisationId, RequestId, Salt, SellerId,
};

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Actor {
    /// An API client of an organisation.
    Client {
        /// Its organisation.
        organisation: OrganisationId,
        /// The client.
        client: ClientId,
    },
    /// One of our workers.
    System {
        /// Its function name, e.g. `check-vies`.
        function: String,
    },
}

/// Through what it was done; the `source` of event envelopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Source {
    /// This API.
    Api,
    /// The self-service pages.
    WebApp,
    /// Our own workers.
    System,
}

/// Who, through what, in which request, when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// Who.
    pub actor: Actor,
    /// Through what.
    pub source: Source,
    /// The request's id, or the message's for workers.
    pub request_id: RequestId,
    /// When it was decided.
    pub at: Instant,
}

/// What a revision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RevisionKind {
    /// The buyer was created.
    Created,
    /// Its business data changed.
    Updated,
    /// It was blocked.
    Blocked,
    /// It was unblocked.
    Unblocked,
    /// Something published as an event was found out about it; its business data did not change.
    Reported,
    /// A contact person was added.
    ContactAdded,
    /// A contact person was changed.
    ContactUpdated,
    /// A contact person was erased: from here, and from every revision before.
    ContactErased,
    /// A document was added, in the place of the active one of its type if there was one.
    DocumentAdded,
    /// A document was put away.
    DocumentArchived,
    /// The bytes and the name of a document were erased.
    DocumentErased,
    /// A check of the VAT number against VIES was begun.
    ViesCheckRequested,
    /// VIES does not accept the VAT number in whose name it was asked; the check goes on in another.
    ViesRequesterRefused,
    /// VIES has spoken.
    ViesChecked,
    /// A check was ended without a verdict.
    ViesCheckGivenUp,
}

/// One changed field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Dotted, as in request bodies; `contacts[<uuid>]` for a contact person.
    pub field: String,
    /// Before; absent when there was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// After; absent when nothing is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// In place of `before` and `after` for personal data: the salted digest of what was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

/// A value kept beside the hashed bytes, until it is erased.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    salt: Salt,
    value: String,
}

/// The personal data of a revision by field name; erasing a person removes its entry.
pub type Personal = BTreeMap<String, Sealed>;

/// One revision, as hashed, stored and shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Whose.
    pub buyer: BuyerId,
    /// Its number, from 0 without gaps.
    pub seq: u64,
    /// The buyer's version after it.
    pub version: u64,
    /// What it is about.
    pub kind: RevisionKind,
    /// Who, how, when.
    #[serde(flatten)]
    pub cause: Cause,
    /// Why, in the words of whoever did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What changed.
    pub changes: Vec<Change>,
    /// The buyer's business data and status after it.
    pub after: AfterImage,
    /// What it causes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Hash of the revision before; absent on the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

/// The buyer as a revision left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AfterImage {
    /// Business data.
    #[serde(flatten)]
    pub business: Business,
    /// Blocked or not.
    pub status: BuyerStatus,
}

impl AfterImage {
    fn of(buyer: &Buyer) -> Self {
        Self { business: buyer.business.clone(), status: buyer.status }
    }

    /// Every field by its name in request bodies.
    fn fields(&self) -> [(&'static str, Value); 8] {
        let Business { vat_number, company_name, address, kyc_mode } = &self.business;
        [
            ("vatNumber", vat_number.as_str().into()),
            ("companyName", company_name.as_str().into()),
            ("address.street", address.street.as_str().into()),
            ("address.postCode", address.post_code.as_str().into()),
            ("address.city", address.city.as_str().into()),
            ("address.country", address.country.as_str().into()),
            ("kycMode", serde_json::json!(kyc_mode)),
            ("status", serde_json::json!(self.status)),
        ]
    }
}

/// A revision as it stands in the table: the bytes and their hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its number.
    pub seq: u64,
    /// The serialised [`Revision`].
    pub content: String,
    /// SHA-256 of the content, lower-case hex.
    pub hash: String,
}

impl Revision {
    /// The first revision of a buyer, with the personal data of the contacts it was created with.
    #[must_use]
    pub fn created(buyer: &Buyer, contacts: &[Contact], cause: Cause) -> (Self, Personal) {
        let after = AfterImage::of(buyer);
        let mut changes: Vec<_> = after
            .fields()
            .into_iter()
            .filter(|(field, _)| *field != "status")
            .map(|(f, v)| Change::set(f, v))
            .collect();
        let mut personal = Personal::new();
        for contact in contacts {
            changes.push(Change::sealed(contact.uuid, &contact.person, &mut personal));
        }
        let revision = Self {
            buyer: buyer.uuid,
            seq: 0,
            version: 0,
            kind: RevisionKind::Created,
            cause,
            reason: None,
            changes,
            after,
            effect: None,
            previous: None,
        };
        (revision, personal)
    }

    /// The revision that leads from one state of a buyer to its next (see [`Buyer::changed`]).
    #[must_use]
    pub fn changed(before: &Buyer, next: &Buyer, kind: RevisionKind, effect: Option<Effect>, cause: Cause) -> Self {
        let (old, new) = (AfterImage::of(before), AfterImage::of(next));
        let changes = old
            .fields()
            .into_iter()
            .zip(new.fields())
            .filter(|((_, old), (_, new))| old != new)
            .map(|((field, old), (_, new))| Change { before: Some(old), ..Change::set(field, new) });
        Self {
            buyer: next.uuid,
            seq: next.seq,
            version: next.version,
            kind,
            cause,
            reason: None,
            changes: changes.collect(),
            after: new.clone(),
            effect,
            previous: Some(before.head.clone()),
        }
    }

    /// The revision of a change of a contact person, to what it is now or to nobody.
    #[must_use]
    pub fn of_contact(
        before: &Buyer,
        next: &Buyer,
        kind: RevisionKind,
        (contact, person): (ContactId, Option<&NewContact>),
        cause: Cause,
    ) -> (Self, Personal) {
        let mut personal = Personal::new();
        let change = match person {
            Some(person) => Change::sealed(contact, person, &mut personal),
            None => Change { field: contact_field(contact), before: None, after: None, sealed: None },
        };
        let revision = Self::changed(before, next, kind, None, cause);
        (Self { changes: vec![change], ..revision }, personal)
    }

    /// The revision of a change of a document, and of which document of its type is the active one. A document's name
    /// is personal data; its dates, size and hash are not, and stay.
    #[must_use]
    pub fn of_document(
        before: &Buyer,
        next: &Buyer,
        (kind, document): (RevisionKind, &Document),
        (was_active, is_active): (Option<DocumentId>, Option<DocumentId>),
        cause: Cause,
    ) -> (Self, Personal) {
        let mut personal = Personal::new();
        let field = document_field(document.uuid);
        let mut changes = Vec::new();
        if kind == RevisionKind::DocumentAdded {
            let Document { kind, document_date, content_type, size, sha256, .. } = document;
            let what = serde_json::json!({
                "type": kind, "documentDate": document_date, "contentType": content_type, "size": size, "sha256": sha256
            });
            changes.push(Change::set(&field, what));
            let name = document.file_name.clone().map(Value::from);
            changes.extend(name.map(|name| Change::seal(document_name_field(document.uuid), &name, &mut personal)));
        } else {
            changes.push(Change { field, before: None, after: None, sealed: None });
        }
        if was_active != is_active {
            let value = |id: Option<DocumentId>| id.map(|id| Value::from(id.to_string()));
            let field = format!("activeDocuments.{}", document.kind);
            changes.push(Change { field, before: value(was_active), after: value(is_active), sealed: None });
        }
        let revision = Self::changed(before, next, kind, None, cause);
        (Self { changes, ..revision }, personal)
    }

    /// The buyer as this revision left it, from what the one before it left. Its `head` and its contacts are of the
    /// present only.
    #[must_use]
    pub fn replay(&self, before: Option<&Buyer>, seller: SellerId) -> Buyer {
        let is_business = before.is_none_or(|before| before.version != self.version);
        Buyer {
            uuid: self.buyer,
            seller,
            business: self.after.business.clone(),
            status: self.after.status,
            version: self.version,
            seq: self.seq,
            head: String::new(),
            contact_count: 0,
            created_at: before.map_or(self.cause.at, |before| before.created_at),
            updated_at: before.filter(|_| !is_business).map_or(self.cause.at, |before| before.updated_at),
            changed_at: self.cause.at,
            contacts_digest: None,
        }
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(self, reason: Option<String>) -> Self {
        Self { reason, ..self }
    }

    /// The bytes to store, and their hash.
    ///
    /// # Panics
    /// Never: a revision is plain text and numbers.
    #[must_use]
    pub fn seal(&self) -> Link {
        let content = serde_json::to_string(self).expect("a revision is plain JSON");
        Link { seq: self.seq, hash: hash(&content), content }
    }
}

impl Change {
    pub(crate) fn set(field: &str, after: impl Into<Value>) -> Self {
        Self { field: field.to_owned(), before: None, after: Some(after.into()), sealed: None }
    }

    fn sealed(contact: ContactId, person: &NewContact, personal: &mut Personal) -> Self {
        Self::seal(contact_field(contact), &serde_json::json!(person), personal)
    }

    /// Personal data goes beside the hashed bytes, its digest into them.
    pub(crate) fn seal(field: String, value: &Value, personal: &mut Personal) -> Self {
        let sealed = Sealed { salt: Salt::fresh(), value: value.to_string() };
        let digest = sealed.salt.digest(sealed.value.as_bytes());
        personal.insert(field.clone(), sealed);
        Self { field, before: None, after: None, sealed: Some(digest) }
    }
}

/// The name of a document in changes.
fn document_field(document: DocumentId) -> String {
    format!("documents[{document}]")
}

/// The name of a document's name in changes and among personal data.
#[must_use]
pub fn document_name_field(document: DocumentId) -> String {
    format!("documents[{document}].fileName")
}

/// The name of a contact person in changes and among personal data.
#[must_use]
pub fn contact_field(contact: ContactId) -> String {
    format!("contacts[{contact}]")
}

impl Sealed {
    /// The contact person that was sealed; `None` when something else was.
    #[must_use]
    pub fn person(&self) -> Option<NewContact> {
        serde_json::from_str(&self.value).ok()
    }
}

fn hash(content: &str) -> String {
    hex::encode(Sha256::digest(content.as_bytes()))
}

/// Where a history stops being trustworthy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenHistory {
    /// A number is missing or stands twice.
    #[error("revision {expected} is missing: {found} stands in its place")]
    Gap {
        /// The number due.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// The stored bytes are not those that were hashed.
    #[error("revision {0} was altered: its bytes do not have its hash")]
    Altered(u64),
    /// The revision does not follow the one before it.
    #[error("revision {0} does not follow revision {prev}", prev = .0.saturating_sub(1))]
    Unchained(u64),
    /// The bytes are no revision of this buyer.
    #[error("revision {0} is not a revision of this buyer")]
    Foreign(u64),
    /// A personal value is not the one that was sealed.
    #[error("personal data of revision {0} is not what was sealed")]
    Unsealed(u64),
    /// The buyer's `head`, `seq` or `version` is not its last revision's.
    #[error("the buyer is not where its history ends (revision {0})")]
    Head(u64),
    /// There is no revision at all.
    #[error("there is no history")]
    Empty,
    /// The buyer is of another seller than its id says.
    #[error("the buyer was moved to another seller")]
    Moved,
    /// The buyer's business data is not what its last revision left.
    #[error("the buyer's data is not what revision {0} left")]
    State(u64),
}

/// Walks a history from its first revision to the buyer as it is now.
pub struct History {
    buyer: BuyerId,
    last: Option<(Revision, String)>,
}

impl History {
    /// Starts before the first revision.
    #[must_use]
    pub const fn of(buyer: BuyerId) -> Self {
        Self { buyer, last: None }
    }

    /// Takes the next revision.
    ///
    /// # Errors
    /// The first reason not to trust it.
    pub fn follow(&mut self, link: &Link, personal: &Personal) -> Result<&Revision, BrokenHistory> {
        let expected = self.last.as_ref().map_or(0, |(last, _)| last.seq + 1);
        if link.seq != expected {
            return Err(BrokenHistory::Gap { expected, found: link.seq });
        }
        if hash(&link.content) != link.hash {
            return Err(BrokenHistory::Altered(link.seq));
        }
        let revision: Revision = serde_json::from_str(&link.content).map_err(|_| BrokenHistory::Foreign(link.seq))?;
        if revision.buyer != self.buyer || revision.seq != link.seq {
            return Err(BrokenHistory::Foreign(link.seq));
        }
        if revision.previous.as_deref() != self.last.as_ref().map(|(_, hash)| hash.as_str()) {
            return Err(BrokenHistory::Unchained(link.seq));
        }
        for (field, sealed) in personal {
            let digest = sealed.salt.digest(sealed.value.as_bytes());
            if !revision.changes.iter().any(|change| change.field == *field && change.sealed.as_ref() == Some(&digest))
            {
                return Err(BrokenHistory::Unsealed(link.seq));
            }
        }
        let (revision, _) = self.last.insert((revision, link.hash.clone()));
        Ok(revision)
    }

    /// Compares where the history ends with the buyer as it is.
    ///
    /// # Errors
    /// When they are not the same.
    pub fn arrive(&self, buyer: &Buyer) -> Result<(), BrokenHistory> {
        let Some((last, hash)) = &self.last else { return Err(BrokenHistory::Empty) };
        if BuyerId::of(buyer.seller, &buyer.business.vat_number) != self.buyer {
            return Err(BrokenHistory::Moved);
        }
        if (last.seq, last.version, hash) != (buyer.seq, buyer.version, &buyer.head) {
            return Err(BrokenHistory::Head(last.seq));
        }
        if last.after != AfterImage::of(buyer) {
            return Err(BrokenHistory::State(last.seq));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, EventId, EventType, NewBuyer};
    use serde_json::json;
    use uuid::Uuid;

    fn cause() -> Cause {
        Cause {
            actor: Actor::System { function: "test".to_owned() },
            source: Source::System,
            request_id: RequestId::from_client("req-1").unwrap(),
            at: Instant::from_millis(1_700_000_000_000),
        }
    }

    /// A buyer with a contact and one reported event.
    fn history() -> (Buyer, Vec<(Link, Personal)>) {
        let new = NewBuyer::parse(&json!({
            "kycMode": "NT24_LED", "vatNumber": "DE136695976", "companyName": "Muster GmbH",
            "address": {"street": "Am Hafen 1", "postCode": "20457", "city": "Hamburg", "country": "DE"},
            "contacts": [{"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"}]
        }))
        .ok()
        .unwrap();
        let seller = SellerId(Uuid::from_u128(7));
        let at = cause().at;
        let mut buyer = Buyer::created(seller, &new, at);
        let contacts = new.contacts.unwrap();
        let contacts: Vec<_> =
            contacts.into_iter().map(|person| Contact { uuid: ContactId::fresh(), person, created_at: at }).collect();
        let (first, personal) = Revision::created(&buyer, &contacts, cause());
        let first = first.seal();
        buyer.head.clone_from(&first.hash);
        let event = Event {
            id: EventId::of(buyer.uuid, 1, EventType::ViesCheckFailed.name()),
            kind: EventType::ViesCheckFailed,
            schema_version: 1,
            source: Source::System,
            created_at: at,
            partner_uuid: seller,
            data: json!({"buyerUuid": buyer.uuid}),
        };
        let mut next = buyer.changed(buyer.business.clone(), buyer.status, at);
        let effect = Some(Effect::Event(event));
        let second = Revision::changed(&buyer, &next, RevisionKind::Reported, effect, cause()).seal();
        next.head.clone_from(&second.hash);
        (next, vec![(first, personal), (second, Personal::new())])
    }

    fn verify(buyer: &Buyer, links: &[(Link, Personal)]) -> Result<(), BrokenHistory> {
        let mut history = History::of(buyer.uuid);
        for (link, personal) in links {
            history.follow(link, personal)?;
        }
        history.arrive(buyer)
    }

    #[test]
    fn an_untouched_history_verifies() {
        let (buyer, links) = history();
        assert_eq!(verify(&buyer, &links), Ok(()));
    }

    #[test]
    fn a_change_of_business_data_moves_the_version_and_names_the_fields() {
        let (buyer, _) = history();
        let mut business = buyer.business.clone();
        business.address.city = "Bremen".to_owned();
        let next = buyer.changed(business, BuyerStatus::Blocked, Instant::from_millis(7));
        assert_eq!((next.version, next.seq, next.updated_at), (1, 2, Instant::from_millis(7)));
        let revision = Revision::changed(&buyer, &next, RevisionKind::Updated, None, cause());
        let changes: Vec<_> = revision.changes.iter().map(|change| serde_json::to_value(change).unwrap()).collect();
        assert_eq!(
            changes,
            [
                json!({"field": "address.city", "before": "Hamburg", "after": "Bremen"}),
                json!({"field": "status", "before": "ACTIVE", "after": "BLOCKED"})
            ]
        );
        assert_eq!((buyer.version, buyer.seq), (0, 1), "a reported fact moved seq alone");
    }

    #[test]
    fn erased_personal_data_leaves_the_history_verifiable_and_nothing_behind() {
        let (buyer, mut links) = history();
        assert!(!links[0].0.content.contains("Erika"), "the hashed bytes hold no personal data");
        links[0].1.clear();
        assert_eq!(verify(&buyer, &links), Ok(()));
    }

    #[test]
    fn every_tampering_is_found() {
        let (buyer, links) = history();

        let mut altered = links.clone();
        altered[0].0.content = altered[0].0.content.replace("Muster GmbH", "Mister GmbH");
        assert_eq!(verify(&buyer, &altered), Err(BrokenHistory::Altered(0)));

        // With its hash made to fit, the next one no longer follows.
        altered[0].0.hash = hash(&altered[0].0.content);
        assert_eq!(verify(&buyer, &altered), Err(BrokenHistory::Unchained(1)));

        assert_eq!(verify(&buyer, &links[1..]), Err(BrokenHistory::Gap { expected: 0, found: 1 }));
        assert_eq!(verify(&buyer, &links[..1]), Err(BrokenHistory::Head(0)));
        assert_eq!(verify(&buyer, &[]), Err(BrokenHistory::Empty));

        let mut persons = links.clone();
        persons[0].1.values_mut().next().unwrap().value = "{}".to_owned();
        assert_eq!(verify(&buyer, &persons), Err(BrokenHistory::Unsealed(0)));

        let moved = Buyer { seller: SellerId(Uuid::from_u128(8)), ..buyer.clone() };
        assert_eq!(verify(&moved, &links), Err(BrokenHistory::Moved));

        let rolled_back = Buyer { seq: 0, head: links[0].0.hash.clone(), ..buyer.clone() };
        assert_eq!(verify(&rolled_back, &links), Err(BrokenHistory::Head(1)));

        let mut renamed = buyer.clone();
        renamed.business.company_name = "Mister GmbH".to_owned();
        assert_eq!(verify(&renamed, &links), Err(BrokenHistory::State(1)));
    }
}
