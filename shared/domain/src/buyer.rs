//! The buyer: what a client states, what is kept, and how the two compare.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Address, BuyerId, ContactsDigest, Instant, NewContact, Reader, SellerId, TEXT, VatNumber, Violations};

/// Who leads the KYC checks of a buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KycMode {
    /// Mode A: the marketplace collects documents, VIES checks the VAT number.
    MarketplaceLed,
    /// Mode B: identity and AML checks by Novatrade24.
    #[serde(rename = "NT24_LED")]
    Nt24Led,
}

impl FromStr for KycMode {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "MARKETPLACE_LED" => Ok(Self::MarketplaceLed),
            "NT24_LED" => Ok(Self::Nt24Led),
            _ => Err("must be MARKETPLACE_LED or NT24_LED"),
        }
    }
}

/// Whether new business may be started with a buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum BuyerStatus {
    /// It may.
    Active,
    /// The seller refuses.
    Blocked,
}

impl FromStr for BuyerStatus {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ACTIVE" => Ok(Self::Active),
            "BLOCKED" => Ok(Self::Blocked),
            _ => Err("must be ACTIVE or BLOCKED"),
        }
    }
}

/// The business data of a buyer: all that a client may state about it except its contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Business {
    /// Normalised; with the seller the natural key.
    #[schemars(
        description = "Of an EU member state, `EL` for Greece, or `XI`. Spaces, dots, hyphens and case do not matter. The check digit is left to VIES."
    )]
    pub vat_number: VatNumber,
    /// 1 to 200 characters, trimmed.
    #[schemars(length(min = 1, max = 200), regex(pattern = TEXT), example = &"Muster GmbH")]
    pub company_name: String,
    /// Where it does business.
    pub address: Address,
    /// Who leads its KYC checks.
    pub kyc_mode: KycMode,
}

/// The body of an upsert, parsed: a buyer that may be stored.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "A buyer as a client states it.")]
pub struct NewBuyer {
    /// Its business data.
    #[serde(flatten)]
    pub business: Business,
    /// Its contacts, when any list was sent (even an empty one), in an order of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = NewContact::MOST),
        description = "Needs `allowContactPersonalData`. Their order means nothing; an empty list differs from none."
    )]
    pub contacts: Option<Vec<NewContact>>,
}

impl NewBuyer {
    /// Parses the body of an upsert. Unknown members are ignored: clients may be newer.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value) -> Result<Self, Violations> {
        let reader = Reader::default();
        let buyer = Self::read(&reader, body);
        reader.finish(buyer)
    }

    fn read(reader: &Reader, body: &Value) -> Option<Self> {
        let root = reader.root(body);
        root.object()?;
        let kyc_mode = root.field("kycMode").parse(1..=40);
        let vat_number = root.field("vatNumber").parse(1..=40);
        let company_name = root.field("companyName").text(1..=200);
        let address = Address::read(&root.field("address"));
        let contacts = root.field("contacts");
        let contacts = if contacts.is_present() {
            let contacts = contacts.confidential().items(NewContact::MOST)?;
            let read: Vec<_> = contacts.iter().map(NewContact::read).collect();
            // Their order means nothing: two bodies that differ in it are the same request.
            let sorted = |mut contacts: Vec<_>| {
                contacts.sort();
                Some(contacts)
            };
            read.into_iter().collect::<Option<Vec<_>>>().map(sorted)
        } else {
            Some(None)
        };
        let business =
            Business { vat_number: vat_number?, company_name: company_name?, address: address?, kyc_mode: kyc_mode? };
        Some(Self { business, contacts: contacts? })
    }

    /// The names of the fields in which this body and the stored buyer differ; empty when they mean the same.
    /// Contacts count only when they were sent and the digest from creation is still there.
    #[must_use]
    pub fn differences(&self, current: &Buyer) -> Vec<&'static str> {
        let (new, old) = (&self.business, &current.business);
        let contacts_differ = !current.was_created_with(self.contacts.as_deref());
        [
            ("vatNumber", new.vat_number != old.vat_number),
            ("companyName", new.company_name != old.company_name),
            ("address.street", new.address.street != old.address.street),
            ("address.postCode", new.address.post_code != old.address.post_code),
            ("address.city", new.address.city != old.address.city),
            ("address.country", new.address.country != old.address.country),
            ("kycMode", new.kyc_mode != old.kyc_mode),
            ("contacts", contacts_differ),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect()
    }
}

/// A stored buyer. Contacts are not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Buyer {
    /// Derived from seller and VAT number.
    pub uuid: BuyerId,
    /// The seller it belongs to.
    pub seller: SellerId,
    /// Business data.
    #[serde(flatten)]
    pub business: Business,
    /// Blocked or not.
    pub status: BuyerStatus,
    /// Counts business changes, from 0; the value of the `ETag`.
    pub version: u64,
    /// Counts changes of anything of this buyer, from 0; the number of its latest revision.
    pub seq: u64,
    /// Hash of its latest revision: the end of the chain that makes history tamper-evident.
    pub head: String,
    /// When it was created.
    pub created_at: Instant,
    /// When its business data last changed.
    pub updated_at: Instant,
    /// When anything of it last changed: the time of its latest revision.
    pub changed_at: Instant,
    /// How many contacts it has now.
    #[serde(default)]
    pub contact_count: u32,
    /// What the contacts given at creation (perhaps none) can be recognised by, until one of them is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts_digest: Option<ContactsDigest>,
}

impl Buyer {
    /// The seller's new buyer, but for its `head`.
    #[must_use]
    pub fn created(seller: SellerId, new: &NewBuyer, at: Instant) -> Self {
        Self {
            uuid: BuyerId::of(seller, &new.business.vat_number),
            seller,
            business: new.business.clone(),
            status: BuyerStatus::Active,
            version: 0,
            seq: 0,
            head: String::new(),
            created_at: at,
            updated_at: at,
            changed_at: at,
            contact_count: new.contacts.as_ref().map_or(0, |contacts| contacts.len() as u32),
            contacts_digest: Some(ContactsDigest::of(new.contacts.as_deref().unwrap_or_default())),
        }
    }

    /// Whether the request's contacts are those it was created with, as far as is known: not sent, or nothing kept to
    /// compare them with since one of them was erased, is a yes.
    #[must_use]
    pub fn was_created_with(&self, contacts: Option<&[NewContact]>) -> bool {
        match (contacts, &self.contacts_digest) {
            (Some(contacts), Some(digest)) => digest.matches(contacts),
            _ => true,
        }
    }

    /// The buyer after its next change, but for its `head`. `version` counts changes of business data and status;
    /// anything else moves `seq` alone.
    #[must_use]
    pub fn changed(&self, business: Business, status: BuyerStatus, at: Instant) -> Self {
        let is_business = business != self.business || status != self.status;
        Self {
            business,
            status,
            version: self.version + u64::from(is_business),
            seq: self.seq + 1,
            updated_at: if is_business { at } else { self.updated_at },
            changed_at: at,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body() -> Value {
        json!({
            "kycMode": "NT24_LED", "vatNumber": "DE136695976", "companyName": "Muster GmbH",
            "address": {"street": "Am Hafen 1", "postCode": "20457", "city": "Hamburg", "country": "DE"}
        })
    }

    fn stored(new: &NewBuyer) -> Buyer {
        Buyer::created(SellerId(uuid::Uuid::from_u128(1)), new, Instant::from_millis(0))
    }

    #[test]
    fn a_body_that_means_the_same_does_not_differ() {
        let buyer = stored(&NewBuyer::parse(&body()).ok().unwrap());
        let mut same = body();
        same["vatNumber"] = json!(" de 136.695.976 ");
        same["companyName"] = json!("  Muster GmbH ");
        same["address"]["country"] = json!("de");
        same["somethingNewer"] = json!({"is": "ignored"});
        assert_eq!(NewBuyer::parse(&same).ok().unwrap().differences(&buyer), Vec::<&str>::new());
    }

    #[test]
    fn differences_name_the_fields_only() {
        let mut first = body();
        first["contacts"] = json!([{"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"}]);
        let buyer = stored(&NewBuyer::parse(&first).ok().unwrap());
        let mut other = first.clone();
        other["companyName"] = json!("Other GmbH");
        other["address"]["city"] = json!("Bremen");
        other["contacts"] = json!([]);
        let differences = NewBuyer::parse(&other).ok().unwrap().differences(&buyer);
        assert_eq!(differences, ["companyName", "address.city", "contacts"]);
        assert_eq!(
            NewBuyer::parse(&body()).ok().unwrap().differences(&buyer),
            Vec::<&str>::new(),
            "absent contacts never differ"
        );
    }

    #[test]
    fn contacts_sent_to_a_buyer_that_was_created_without_any_differ() {
        let buyer = stored(&NewBuyer::parse(&body()).ok().unwrap());
        let mut with = body();
        with["contacts"] = json!([{"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"}]);
        assert_eq!(NewBuyer::parse(&with).ok().unwrap().differences(&buyer), ["contacts"]);
        with["contacts"] = json!([]);
        assert_eq!(NewBuyer::parse(&with).ok().unwrap().differences(&buyer), Vec::<&str>::new());
        let erased = Buyer { contacts_digest: None, ..buyer };
        with["contacts"] = json!([{"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"}]);
        let differences = NewBuyer::parse(&with).ok().unwrap().differences(&erased);
        assert_eq!(differences, Vec::<&str>::new(), "after an erasure there is nothing to compare with");
    }

    #[test]
    fn every_violation_of_a_body_is_told_at_once() {
        let body = json!({
            "kycMode": "BOTH", "vatNumber": "GB1", "companyName": "", "address": {"country": "XX"},
            "contacts": [{"firstName": "A"}]
        });
        let Err(Violations(found)) = NewBuyer::parse(&body) else { panic!("violations expected") };
        let fields: Vec<_> = found.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "kycMode",
                "vatNumber",
                "companyName",
                "address.street",
                "address.postCode",
                "address.city",
                "address.country",
                "contacts[0].lastName",
                "contacts[0].email"
            ]
        );
    }
}
