//! Identifiers as types, so that no buyer is ever looked up by a seller's id.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{DocumentType, Instant, VatNumber};

/// The text is no id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a hyphenated UUID")]
pub struct NotAnId;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            /// Only the hyphenated form: one resource has one address.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
                text.parse().ok().filter(|_| hyphenated).map(Self).ok_or(NotAnId)
            }
        }
    };
}

uuid_id!(/// An integration organisation: whoever signed the DPA and owns clients, webhooks and limits.
    OrganisationId);
uuid_id!(/// A seller ("partner" in URLs): buyers belong to sellers.
    SellerId);
uuid_id!(/// A buyer of one seller.
    BuyerId);
uuid_id!(/// A contact person of a buyer.
    ContactId);
uuid_id!(/// A KYC document of a buyer.
    DocumentId);
uuid_id!(/// A direct upload that was announced.
    UploadId);
uuid_id!(/// One check of a buyer's VAT number.
    CheckId);
uuid_id!(/// A mail to an organisation.
    MailId);

/// The text, if it is that prefix and 32 lower-case hexadecimal digits.
fn prefixed(prefix: &str, text: &str) -> Result<String, NotAnId> {
    let digits = text.strip_prefix(prefix).ok_or(NotAnId)?;
    let well_formed = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if well_formed { Ok(text.to_owned()) } else { Err(NotAnId) }
}

/// Namespace of buyer ids. Changing it would change the identity of every buyer.
const BUYERS: Uuid = Uuid::from_u128(0x8f6d_2c4e_51b7_5d0a_9e63_4b1f_a7c2_d895);

impl BuyerId {
    /// The natural key *is* the identity: `UUIDv5` of (seller, normalised VAT number), so that uniqueness
    /// needs neither a second item nor a read.
    #[must_use]
    pub fn of(seller: SellerId, vat_number: &VatNumber) -> Self {
        Self(Uuid::new_v5(&BUYERS, format!("{seller}/{vat_number}").as_bytes()))
    }

    /// The address of a buyer is part of it; its published `uuid` follows from the buyer's.
    #[must_use]
    pub fn address_uuid(self) -> Uuid {
        Uuid::new_v5(&self.0, b"address")
    }
}

impl DocumentId {
    /// The document that this request makes of these bytes: on the same day the same, so that a retry reuses the
    /// object in the bucket, and on a day after the receipt's 24 hours another one.
    #[must_use]
    pub fn of(
        organisation: OrganisationId,
        idempotency_key: &str,
        (kind, sha256): (DocumentType, &str),
        at: Instant,
    ) -> Self {
        let day = at.seconds().div_euclid(24 * 60 * 60);
        Self(Uuid::new_v5(&organisation.0, format!("document/{day}/{kind}/{sha256}/{idempotency_key}").as_bytes()))
    }
}

impl UploadId {
    /// The upload that this request announces: on the same day the same.
    #[must_use]
    pub fn of(organisation: OrganisationId, idempotency_key: &str, at: Instant) -> Self {
        let day = at.seconds().div_euclid(24 * 60 * 60);
        Self(Uuid::new_v5(&organisation.0, format!("upload/{day}/{idempotency_key}").as_bytes()))
    }

    /// The document that it becomes.
    #[must_use]
    pub fn document(self) -> DocumentId {
        DocumentId(Uuid::new_v5(&self.0, b"document"))
    }
}

impl CheckId {
    /// A fresh id; sortable by time.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::now_v7())
    }
}

impl ContactId {
    /// A fresh id.
    #[must_use]
    pub fn fresh() -> Self {
        Self(Uuid::new_v4())
    }
}

/// A webhook endpoint of an organisation: `wh_` and 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct WebhookId(
    #[schemars(regex(pattern = "^wh_[0-9a-f]{32}$"), example = &"wh_0f8e2c5a51b75d0a9e634b1fa7c2d895")] String,
);

impl WebhookId {
    /// The endpoint that this request registers: on the same day the same, so that a repeat of it seals its secret for
    /// the same endpoint, and on a day after the receipt's 24 hours another one.
    #[must_use]
    pub fn of(organisation: OrganisationId, idempotency_key: &str, at: Instant) -> Self {
        let day = at.seconds().div_euclid(24 * 60 * 60);
        let uuid = Uuid::new_v5(&organisation.0, format!("webhook/{day}/{idempotency_key}").as_bytes());
        Self(format!("wh_{}", uuid.simple()))
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WebhookId {
    type Err = NotAnId;
    /// Only lower-case digits: one endpoint has one address.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        prefixed("wh_", text).map(Self)
    }
}

/// One event on its way to one endpoint: `del_` and 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct DeliveryId(
    #[schemars(regex(pattern = "^del_[0-9a-f]{32}$"), example = &"del_0f8e2c5a51b75d0a9e634b1fa7c2d895")] String,
);

/// Namespace of the ids of deliveries. Changing it would record everything that is on its way once more.
const DELIVERIES: Uuid = Uuid::from_u128(0x2b1f_7a0c_93d4_5e68_8c57_6fe0_14ab_d3c9);

impl DeliveryId {
    /// An event is recorded for an endpoint once, however often it is seen.
    #[must_use]
    pub fn of(event: &EventId, webhook: &WebhookId) -> Self {
        Self(format!("del_{}", Uuid::new_v5(&DELIVERIES, format!("{event}/{webhook}").as_bytes()).simple()))
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DeliveryId {
    type Err = NotAnId;
    /// Only lower-case digits: one delivery has one address.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        prefixed("del_", text).map(Self)
    }
}

/// An API client as the identity provider names it (`azp`), e.g. `api-client-acme`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct ClientId(pub String);

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of one request: what the client sent in `X-Request-Id` when that is usable, else `req_…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct RequestId(#[schemars(length(min = 1, max = Self::MAX), regex(pattern = "^[A-Za-z0-9._:-]+$"))] String);

impl RequestId {
    /// Longest incoming id that is echoed.
    pub const MAX: usize = 128;

    /// A fresh id; sortable by time.
    #[must_use]
    pub fn fresh() -> Self {
        Self(format!("req_{}", Uuid::now_v7().simple()))
    }

    /// The client's own id when it is 1 to 128 characters of `A-Z a-z 0-9 . _ : -`, so that it can
    /// stand in headers, logs and items as it is.
    #[must_use]
    pub fn from_client(text: &str) -> Option<Self> {
        let usable = (1..=Self::MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b));
        usable.then(|| Self(text.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a published event, `evt_…`: receivers drop repeats by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    /// Derived from the revision that causes the event, so that a repeat carries the same id.
    #[must_use]
    pub fn of(buyer: BuyerId, seq: u64, kind: &str) -> Self {
        Self(format!("evt_{}", Uuid::new_v5(&buyer.0, format!("{seq}/{kind}").as_bytes()).simple()))
    }

    /// Of what happened to an endpoint itself, derived from what it was and what it is called.
    #[must_use]
    pub fn of_webhook(webhook: &WebhookId, what: &str, kind: &str) -> Self {
        let name = format!("{webhook}/{what}/{kind}");
        Self(format!("evt_{}", Uuid::new_v5(&DELIVERIES, name.as_bytes()).simple()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buyers_identity_is_its_seller_and_normalised_vat_number() {
        let seller = SellerId(Uuid::from_u128(1));
        let vat = |text: &str| VatNumber::parse(text).unwrap();
        assert_eq!(BuyerId::of(seller, &vat("DE136695976")), BuyerId::of(seller, &vat("de 136.695-976")));
        assert_ne!(
            BuyerId::of(seller, &vat("DE136695976")),
            BuyerId::of(SellerId(Uuid::from_u128(2)), &vat("DE136695976"))
        );
        // Stored everywhere: this value may never change.
        assert_eq!(BuyerId::of(seller, &vat("DE136695976")).to_string(), "fedd4451-1358-5b15-b006-cfc60576f233");
    }

    #[test]
    fn a_request_id_is_echoed_only_when_it_is_harmless() {
        assert!(RequestId::from_client("order-4711:retry.2").is_some());
        for bad in ["", "a b", "ä", "x\n", "{\"a\":1}", &"x".repeat(129)] {
            assert!(RequestId::from_client(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_webhook_is_that_of_its_organisation_key_and_day() {
        let organisation = |n| OrganisationId(Uuid::from_u128(n));
        let at = Instant::from_millis(1_795_166_100_000);
        let webhook = WebhookId::of(organisation(1), "key", at);
        assert_eq!(webhook, WebhookId::of(organisation(1), "key", at.plus_seconds(60)));
        assert_eq!(webhook.to_string().parse(), Ok(webhook.clone()));
        for other in [
            WebhookId::of(organisation(2), "key", at),
            WebhookId::of(organisation(1), "yek", at),
            WebhookId::of(organisation(1), "key", at.plus_seconds(24 * 60 * 60)),
        ] {
            assert_ne!(webhook, other);
        }
        for bad in ["", "wh_", "wh_0F8E2C5A51B75D0A9E634B1FA7C2D895", "0f8e2c5a51b75d0a9e634b1fa7c2d895", "wh_ab#REV"] {
            assert_eq!(bad.parse::<WebhookId>(), Err(NotAnId), "{bad}");
        }
    }

    #[test]
    fn only_the_hyphenated_form_names_a_resource() {
        assert!("8f6d2c4e-51b7-5d0a-9e63-4b1fa7c2d895".parse::<BuyerId>().is_ok());
        assert!("8f6d2c4e51b75d0a9e634b1fa7c2d895".parse::<BuyerId>().is_err());
        assert!("{8f6d2c4e-51b7-5d0a-9e63-4b1fa7c2d895}".parse::<BuyerId>().is_err());
    }
}
