//! What the service should do, in as few words as possible.
//!
//! Written from the API guide, not from the code: it shares no line with the domain, knows no table, no HTTP, and no
//! time but what it is told. Where it and the service disagree, one of them is wrong.

mod contacts;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use contacts::contact_changed;

/// Which of the three organisations.
pub(crate) type Organisation = usize;
/// Which of the seller's buyers.
pub(crate) type BuyerNumber = usize;

/// What a client states about a buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Business {
    pub(crate) company_name: &'static str,
    pub(crate) street: &'static str,
    pub(crate) post_code: &'static str,
    pub(crate) city: &'static str,
    pub(crate) country: &'static str,
    pub(crate) kyc_mode: &'static str,
}

/// A write as it is meant, whatever its spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// `POST …/buyers`; contacts in an order of their own.
    Upsert { business: Business, contacts: Option<Vec<&'static str>> },
    /// `PATCH …/{buyerId}`: values by field, in any order, and the text of `If-Match`.
    Patch { members: BTreeMap<&'static str, &'static str>, precondition: Option<String> },
    /// `POST …/block` and `/unblock`.
    Status { status: &'static str, reason: Option<&'static str> },
    /// `POST …/contacts`: the person.
    AddContact(Value),
    /// `PATCH …/contacts/{contactId}`: the id, and members that may be null.
    UpdateContact(String, Value),
    /// `DELETE …/contacts/{contactId}`.
    DeleteContact(String),
}

/// What the model cannot foresee: it is told what the service says, and believes it where something new happens.
pub(crate) struct Told {
    pub(crate) at: String,
    /// Of contacts that are new, by first name.
    pub(crate) contacts: BTreeMap<String, String>,
    pub(crate) address: Value,
    pub(crate) request_id: String,
}

/// What a client should get.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// A buyer, which has an entity tag, or contacts, which have none.
    Shown { status: u16, body: Value, etag: Option<String>, location: bool, replayed: bool },
    /// A problem, with the members beside those that all problems have.
    Problem { status: u16, id: &'static str, members: Value },
}

/// A buyer at one of its versions is JSON as clients see it.
struct Buyer {
    business: Business,
    status: &'static str,
    address: Value,
    /// The first names that upserts are compared with, until a contact is erased.
    created_with: Option<Vec<&'static str>>,
    /// As clients see them, in the order that they see them in.
    contacts: Vec<Value>,
    erased: Vec<String>,
    /// Answers that showed contacts.
    disclosures: usize,
    versions: Vec<Value>,
    revisions: Vec<Revision>,
}

struct Revision {
    version: usize,
    kind: &'static str,
    by: Organisation,
    at: String,
    request_id: String,
    reason: Option<&'static str>,
    changes: Vec<Value>,
}

/// Three organisations, one seller.
pub(crate) struct Reference {
    /// Organisation and client ids.
    pub(crate) organisations: [(String, String); 3],
    /// Ids and VAT numbers.
    pub(crate) identities: Vec<(String, &'static str)>,
    buyers: BTreeMap<BuyerNumber, Buyer>,
    receipts: BTreeMap<(Organisation, String), ((BuyerNumber, Meaning), Answer)>,
}

const MODE_A: &str = "MARKETPLACE_LED";
/// The organisation without `allowMarketplaceLedKyc`.
pub(crate) const WITHOUT_MODE_A: Organisation = 1;
/// The organisation without `allowContactPersonalData`.
pub(crate) const WITHOUT_CONTACTS: Organisation = 2;

/// A contact person as a client states one in an upsert.
pub(crate) fn person(first_name: &str) -> Value {
    json!({"firstName": first_name, "lastName": "Muster", "email": format!("{first_name}@example.org")})
}

impl Business {
    fn fields(&self) -> [(&'static str, &'static str); 6] {
        [
            ("companyName", self.company_name),
            ("address.street", self.street),
            ("address.postCode", self.post_code),
            ("address.city", self.city),
            ("address.country", self.country),
            ("kycMode", self.kyc_mode),
        ]
    }

    fn with(&self, members: &BTreeMap<&'static str, &'static str>) -> Self {
        let value = |name, otherwise| members.get(name).copied().unwrap_or(otherwise);
        Self {
            company_name: value("companyName", self.company_name),
            street: value("address.street", self.street),
            post_code: value("address.postCode", self.post_code),
            city: value("address.city", self.city),
            country: value("address.country", self.country),
            kyc_mode: value("kycMode", self.kyc_mode),
        }
    }
}

impl Answer {
    fn problem(status: u16, id: &'static str) -> Self {
        Self::Problem { status, id, members: json!({}) }
    }

    fn buyer(buyer: &Buyer) -> Self {
        Self::at_version(buyer.now())
    }

    fn at_version(body: &Value) -> Self {
        let etag = Some(format!("\"{}\"", body["version"]));
        Self::Shown { status: 200, body: body.clone(), etag, location: false, replayed: false }
    }

    /// Of contacts: one, all, none.
    fn plain(status: u16, body: Value) -> Self {
        Self::Shown { status, body, etag: None, location: false, replayed: false }
    }

    pub(crate) fn capability_required() -> Self {
        Self::problem(403, "capability-required")
    }

    fn again(&self) -> Self {
        let mut again = self.clone();
        if let Self::Shown { replayed, .. } = &mut again {
            *replayed = true;
        }
        again
    }

    pub(crate) fn not_found() -> Self {
        Self::problem(404, "not-found")
    }

    fn key_reused() -> Self {
        Self::problem(422, "idempotency-key-reused")
    }

    /// The id of the contact that it shows.
    fn contact(&self) -> &str {
        match self {
            Self::Shown { body, .. } => body["uuid"].as_str().unwrap_or_default(),
            Self::Problem { .. } => "",
        }
    }
}

impl Buyer {
    fn version(&self) -> usize {
        self.versions.len() - 1
    }

    fn now(&self) -> &Value {
        self.versions.last().expect("a buyer has a first version")
    }

    fn show(&self, identity: &(String, &'static str), at: &str) -> Value {
        let Business { company_name, street, post_code, city, country, kyc_mode } = &self.business;
        let created_at = self.versions.first().map_or(at, |first| first["createdAt"].as_str().unwrap_or_default());
        json!({
            "uuid": identity.0, "vatNumber": identity.1, "companyName": company_name,
            "address": {"uuid": self.address, "street": street, "postCode": post_code, "city": city, "country": country},
            "kycMode": kyc_mode, "status": self.status, "version": self.versions.len(),
            "createdAt": created_at, "updatedAt": at
        })
    }

    /// The next version, when business data or status differ from this one's.
    fn change(
        &mut self,
        (identity, by): (&(String, &'static str), Organisation),
        (business, status): (Business, &'static str),
        (kind, reason): (&'static str, Option<&'static str>),
        told: &Told,
    ) {
        let fields = self.business.fields().into_iter().chain([("status", self.status)]);
        let next = business.fields().into_iter().chain([("status", status)]);
        let different = fields.zip(next).filter(|(before, after)| before != after);
        let changes = different
            .map(|((field, before), (_, after))| json!({"field": field, "before": before, "after": after}))
            .collect();
        (self.business, self.status) = (business, status);
        let shown = self.show(identity, &told.at);
        self.versions.push(shown);
        self.add_revision((kind, by, told), reason, changes);
    }

    fn add_revision(
        &mut self,
        (kind, by, told): (&'static str, Organisation, &Told),
        reason: Option<&'static str>,
        changes: Vec<Value>,
    ) {
        let (at, request_id) = (told.at.clone(), told.request_id.clone());
        self.revisions.push(Revision { version: self.version(), kind, by, at, request_id, reason, changes });
    }
}

impl Reference {
    /// Nothing has happened yet.
    pub(crate) fn new(organisations: [(String, String); 3], identities: Vec<(String, &'static str)>) -> Self {
        Self { organisations, identities, buyers: BTreeMap::new(), receipts: BTreeMap::new() }
    }

    /// The version that the buyer has now.
    pub(crate) fn version(&self, buyer: BuyerNumber) -> Option<usize> {
        self.buyers.get(&buyer).map(Buyer::version)
    }

    /// The buyers there are.
    pub(crate) fn buyers(&self) -> Vec<BuyerNumber> {
        self.buyers.keys().copied().collect()
    }

    /// A write whose fields keep all rules.
    pub(crate) fn write(
        &mut self,
        by: Organisation,
        key: &str,
        (buyer, meaning): (BuyerNumber, &Meaning),
        told: &Told,
    ) -> Answer {
        if Self::lacks_capability(by, meaning) {
            return Answer::capability_required();
        }
        let place = (by, key.to_owned());
        if let Some(((of, earlier), answer)) = self.receipts.get(&place) {
            let answer =
                if *of == buyer { self.repeated((earlier, meaning), buyer, answer) } else { Answer::key_reused() };
            self.note_disclosure(buyer, meaning, &answer);
            return answer;
        }
        let answer = match meaning {
            Meaning::Upsert { business, contacts } => self.upsert(by, buyer, business, contacts.as_deref(), told),
            Meaning::Patch { members, precondition } => self.patch(by, buyer, members, precondition.as_deref(), told),
            Meaning::Status { status, reason } => self.set_status(by, buyer, status, *reason, told),
            Meaning::AddContact(person) => self.add_contact(by, buyer, person, told),
            Meaning::UpdateContact(contact, patch) => self.update_contact(by, buyer, (contact, patch), told),
            Meaning::DeleteContact(contact) => self.delete_contact(by, buyer, contact, told),
        };
        self.note_disclosure(buyer, meaning, &answer);
        if matches!(answer, Answer::Shown { .. }) {
            self.receipts.insert(place, ((buyer, meaning.clone()), answer.clone()));
        }
        answer
    }

    fn lacks_capability(by: Organisation, meaning: &Meaning) -> bool {
        match meaning {
            Meaning::Upsert { business, contacts } => {
                by == WITHOUT_MODE_A && business.kyc_mode == MODE_A || by == WITHOUT_CONTACTS && contacts.is_some()
            }
            Meaning::Patch { .. } | Meaning::Status { .. } => false,
            Meaning::AddContact(_) | Meaning::UpdateContact(..) | Meaning::DeleteContact(_) => by == WITHOUT_CONTACTS,
        }
    }

    /// The answer of then, to who means the same. Who was erased is not shown again, and no longer compared.
    fn repeated(&self, (earlier, meaning): (&Meaning, &Meaning), buyer: BuyerNumber, answer: &Answer) -> Answer {
        let buyer = &self.buyers[&buyer];
        let erased = |contact: &str| buyer.erased.iter().any(|erased| erased == contact);
        let members = |patch: &Value| -> Vec<_> {
            let members = patch.as_object().into_iter().flatten();
            members.map(|(member, value)| (member.clone(), value.is_null())).collect()
        };
        match (earlier, meaning) {
            (Meaning::AddContact(_), Meaning::AddContact(_)) if erased(answer.contact()) => Answer::not_found(),
            (Meaning::UpdateContact(one, was), Meaning::UpdateContact(other, is))
                if one == other && members(was) == members(is) && erased(one) =>
            {
                Answer::not_found()
            }
            (Meaning::Upsert { business: was, contacts: some }, Meaning::Upsert { business: is, contacts: others })
                if was == is && some.is_some() == others.is_some() && buyer.created_with.is_none() =>
            {
                answer.again()
            }
            _ if earlier == meaning => answer.again(),
            _ => Answer::key_reused(),
        }
    }

    fn upsert(
        &mut self,
        by: Organisation,
        number: BuyerNumber,
        business: &Business,
        contacts: Option<&[&'static str]>,
        told: &Told,
    ) -> Answer {
        let Some(buyer) = self.buyers.get(&number) else {
            return self.create(by, number, business, contacts.unwrap_or_default(), told);
        };
        let pairs = business.fields().into_iter().zip(buyer.business.fields());
        let mut differences: Vec<_> = pairs.filter(|(new, old)| new != old).map(|(new, _)| new.0).collect();
        let created_with = buyer.created_with.as_deref();
        if contacts.is_some_and(|contacts| created_with.is_some_and(|created_with| created_with != contacts)) {
            differences.push("contacts");
        }
        if differences.is_empty() {
            return Answer::buyer(buyer);
        }
        let members = json!({"currentResource": buyer.now(), "differences": differences});
        Answer::Problem { status: 409, id: "resource-exists-different-body", members }
    }

    fn create(
        &mut self,
        by: Organisation,
        number: BuyerNumber,
        business: &Business,
        contacts: &[&'static str],
        told: &Told,
    ) -> Answer {
        let identity = &self.identities[number];
        let fields = std::iter::once(("vatNumber", identity.1)).chain(business.fields());
        let mut changes: Vec<_> = fields.map(|(field, after)| json!({"field": field, "after": after})).collect();
        let mut buyer = Buyer {
            business: business.clone(),
            status: "ACTIVE",
            address: told.address.clone(),
            created_with: Some(contacts.to_vec()),
            contacts: Vec::new(),
            erased: Vec::new(),
            disclosures: 0,
            versions: Vec::new(),
            revisions: Vec::new(),
        };
        let body = buyer.show(identity, &told.at);
        buyer.versions.push(body.clone());
        // Of contact persons only that they changed.
        changes.extend(contacts.iter().map(|name| contact_changed(&buyer.add_contact(&person(name), told))));
        buyer.add_revision(("CREATED", by, told), None, changes);
        self.buyers.insert(number, buyer);
        Answer::Shown { status: 201, body, etag: Some("\"0\"".to_owned()), location: true, replayed: false }
    }

    fn patch(
        &mut self,
        by: Organisation,
        number: BuyerNumber,
        members: &BTreeMap<&'static str, &'static str>,
        precondition: Option<&str>,
        told: &Told,
    ) -> Answer {
        let Some(buyer) = self.buyers.get_mut(&number) else { return Answer::not_found() };
        if precondition != Some(&format!("\"{}\"", buyer.version())) {
            let members = json!({"currentResource": buyer.now()});
            return Answer::Problem { status: 409, id: "version-mismatch", members };
        }
        let next = buyer.business.with(members);
        let (old_mode, new_mode) = (buyer.business.kyc_mode, next.kyc_mode);
        if new_mode == MODE_A && old_mode != MODE_A {
            return Answer::problem(409, "kyc-mode-downgrade");
        }
        if new_mode != old_mode && buyer.status == "BLOCKED" {
            return Answer::problem(409, "buyer-blocked");
        }
        if next != buyer.business {
            let status = buyer.status;
            buyer.change((&self.identities[number], by), (next, status), ("UPDATED", None), told);
        }
        Answer::buyer(buyer)
    }

    fn set_status(
        &mut self,
        by: Organisation,
        number: BuyerNumber,
        status: &'static str,
        reason: Option<&'static str>,
        told: &Told,
    ) -> Answer {
        let Some(buyer) = self.buyers.get_mut(&number) else { return Answer::not_found() };
        if status != buyer.status {
            let kind = if status == "BLOCKED" { "BLOCKED" } else { "UNBLOCKED" };
            let business = buyer.business.clone();
            buyer.change((&self.identities[number], by), (business, status), (kind, reason), told);
        }
        Answer::buyer(buyer)
    }

    /// The buyer as it is, or as it was at a version.
    pub(crate) fn get(&self, buyer: BuyerNumber, version: Option<usize>) -> Answer {
        let shown = self.buyers.get(&buyer).and_then(|buyer| match version {
            None => Some(buyer.now()),
            Some(version) => buyer.versions.get(version),
        });
        shown.map_or_else(Answer::not_found, Answer::at_version)
    }

    /// All revisions as that organisation sees them.
    pub(crate) fn history(&self, viewer: Organisation, buyer: BuyerNumber) -> Vec<Value> {
        let revisions = self.buyers.get(&buyer).into_iter().flat_map(|buyer| buyer.revisions.iter().enumerate());
        let show = |(seq, revision): (usize, &Revision)| {
            let Revision { version, kind, by, at, request_id, reason, changes } = revision;
            let (organisation, client) = &self.organisations[*by];
            let mut shown = json!({
                "seq": seq, "version": version, "kind": kind, "source": "API", "at": at, "changes": changes,
                "actor": {"type": "CLIENT", "organizationUuid": organisation}
            });
            if *by == viewer {
                shown["actor"]["clientId"] = json!(client);
                shown["requestId"] = json!(request_id);
            }
            if let Some(reason) = reason {
                shown["reason"] = json!(reason);
            }
            shown
        };
        revisions.map(show).collect()
    }
}
