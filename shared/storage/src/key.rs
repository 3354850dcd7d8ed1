//! Every key of the tables, in one place.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    BuyerId, Category, CheckId, ClientId, ContactId, DeliveryId, DocumentId, DocumentType, Instant, MailId,
    OrganisationId, SellerId, UploadId, WebhookId,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::item::Item;

/// Partition and sort key of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// An API client → its organisation.
    pub(crate) fn client(client: &ClientId) -> Self {
        Self::new(format!("CLIENT#{client}"), "CLIENT")
    }

    /// An organisation.
    pub(crate) fn organisation(organisation: OrganisationId) -> Self {
        Self::new(organisation_pk(organisation), "ORG")
    }

    /// A seller that an organisation acts for, beside the organisation.
    pub(crate) fn membership(organisation: OrganisationId, seller: SellerId) -> Self {
        Self::new(organisation_pk(organisation), format!("{MEMBERSHIP}{seller}"))
    }

    /// The same from the seller's side: who acts for it.
    pub(crate) fn partner(seller: SellerId, organisation: OrganisationId) -> Self {
        Self::new(partner_pk(seller), organisation_pk(organisation))
    }

    /// The copy of an issuer's keys.
    pub(crate) fn issuer(issuer: &str) -> Self {
        Self::new(format!("ISSUER#{}", hex::encode(Sha256::digest(issuer.as_bytes()))), "JWKS")
    }

    /// A buyer as it is now.
    pub(crate) fn buyer(buyer: BuyerId) -> Self {
        Self::new(buyer_pk(buyer), format!("{NOW}BUYER"))
    }

    /// One revision of a buyer; numbers are padded so that they sort.
    pub(crate) fn revision(buyer: BuyerId, seq: u64) -> Self {
        Self::new(buyer_pk(buyer), format!("{REVISION}{seq:012}"))
    }

    /// A contact person of a buyer.
    pub(crate) fn contact(buyer: BuyerId, contact: ContactId) -> Self {
        Self::new(buyer_pk(buyer), format!("{CONTACT}{contact}"))
    }

    /// Which document of a type is the active one of a buyer.
    pub(crate) fn active(buyer: BuyerId, kind: DocumentType) -> Self {
        Self::new(buyer_pk(buyer), format!("{ACTIVE}{kind}"))
    }

    /// A document of a buyer.
    pub(crate) fn document(buyer: BuyerId, document: DocumentId) -> Self {
        Self::new(buyer_pk(buyer), format!("{DOCUMENT}{document}"))
    }

    /// An announced upload of a document of a buyer.
    pub(crate) fn upload(buyer: BuyerId, upload: UploadId) -> Self {
        Self::new(buyer_pk(buyer), format!("UPLOAD#{upload}"))
    }

    /// Where a buyer stands with VIES.
    pub(crate) fn vies(buyer: BuyerId) -> Self {
        Self::new(buyer_pk(buyer), format!("{NOW}VIES"))
    }

    /// A check of a buyer's VAT number. Ids of checks sort by time.
    pub(crate) fn vies_check(buyer: BuyerId, check: CheckId) -> Self {
        Self::new(buyer_pk(buyer), format!("{VIES_CHECK}{check}"))
    }

    /// An entry of the log of who was shown a buyer's personal data; sorts by time.
    pub(crate) fn disclosure(buyer: BuyerId, at: Instant) -> Self {
        Self::new(disclosures_pk(buyer), format!("{at}#{}", Uuid::new_v4().simple()))
    }

    /// A webhook endpoint of an organisation.
    pub(crate) fn webhook(organisation: OrganisationId, webhook: &WebhookId) -> Self {
        Self::new(webhooks_pk(organisation), format!("{WEBHOOK}{webhook}"))
    }

    /// How many webhook endpoints an organisation has.
    pub(crate) fn webhook_count(organisation: OrganisationId) -> Self {
        Self::new(webhooks_pk(organisation), "COUNT")
    }

    /// One change of a webhook endpoint; numbers are padded so that they sort.
    pub(crate) fn webhook_revision(organisation: OrganisationId, webhook: &WebhookId, revision: u64) -> Self {
        Self::new(webhooks_pk(organisation), format!("{}{revision:012}", webhook_log(webhook)))
    }

    /// A delivery to a webhook endpoint.
    pub(crate) fn delivery(webhook: &WebhookId, delivery: &DeliveryId) -> Self {
        Self::new(deliveries_pk(webhook), delivery.to_string())
    }

    /// Work that was ordered in a transaction and was not sent to its queue yet.
    pub(crate) fn errand(organisation: OrganisationId, errand: Uuid) -> Self {
        Self::new(format!("{ERRAND}{organisation}"), errand.to_string())
    }

    /// What an organisation was answered under an idempotency key.
    pub(crate) fn receipt(organisation: OrganisationId, idempotency_key: &str) -> Self {
        Self::new(format!("RECEIPT#{organisation}"), idempotency_key)
    }

    /// What became of a mail to an organisation.
    pub(crate) fn mail(organisation: OrganisationId, mail: MailId) -> Self {
        Self::new(format!("MAIL#{organisation}"), mail.to_string())
    }

    /// Whether the item stands under this key.
    pub(crate) fn is_of(&self, item: &Item) -> bool {
        let is = |name: &str, text: &str| item.get(name).and_then(|value| value.as_s().ok()).is_some_and(|s| s == text);
        is("pk", &self.pk) && is("sk", &self.sk)
    }

    /// As the SDK wants it.
    pub(crate) fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// Sort key prefix of the sellers of an organisation.
pub(crate) const MEMBERSHIP: &str = "ORG#SELLER#";
/// Sort key prefix of revisions.
pub(crate) const REVISION: &str = "REV#";

/// Sort key prefix of contact persons.
pub(crate) const CONTACT: &str = "CONTACT#";

/// Sort key prefix of checks against VIES.
pub(crate) const VIES_CHECK: &str = "VIES#";

/// Sort key prefix of documents.
pub(crate) const DOCUMENT: &str = "DOC#";
/// Sort key prefix of all that is now: the buyer, and what its KYC status comes from.
pub(crate) const NOW: &str = "NOW#";
/// Sort key prefix of the pointers to active documents.
pub(crate) const ACTIVE: &str = "NOW#ACTIVE#";

/// Partition key prefix of deliveries to webhook endpoints.
pub(crate) const DELIVERY: &str = "DELIVERY#";
/// Partition key prefix of work that was not sent to its queue yet.
pub(crate) const ERRAND: &str = "ERRAND#";

/// Sort key prefix of webhook endpoints.
pub(crate) const WEBHOOK: &str = "WEBHOOK#";
/// Sort key prefix of the changes of webhook endpoints, those of deleted ones too.
pub(crate) const WEBHOOK_LOG: &str = "LOG#";

/// Sort key prefix of the changes of a webhook endpoint.
pub(crate) fn webhook_log(webhook: &WebhookId) -> String {
    format!("{WEBHOOK_LOG}{webhook}#")
}

/// The partition of an organisation's webhook endpoints. Not the organisation's own: whoever may write endpoints may not
/// write what the organisation is allowed to.
pub(crate) fn webhooks_pk(organisation: OrganisationId) -> String {
    format!("WEBHOOKS#{organisation}")
}

/// The partition of the deliveries to a webhook endpoint. Ids of endpoints are derived from their organisation.
pub(crate) fn deliveries_pk(webhook: &WebhookId) -> String {
    format!("{DELIVERY}{webhook}")
}

/// The partition of the log of who was shown a buyer's personal data.
pub(crate) fn disclosures_pk(buyer: BuyerId) -> String {
    format!("PIILOG#{buyer}")
}

/// The partition of an organisation.
pub(crate) fn organisation_pk(organisation: OrganisationId) -> String {
    format!("ORG#{organisation}")
}

/// The item of the table `limits` that counts an organisation's requests of a category; it has no sort key.
pub(crate) fn limits_key(organisation: OrganisationId, category: Category) -> String {
    format!("{}#{category}", organisation_pk(organisation))
}

/// The partition of a seller's buyers in the index `by-seller`.
pub(crate) fn seller_pk(seller: SellerId) -> String {
    format!("SELLER#{seller}")
}

/// The partition of who acts for a seller.
pub(crate) fn partner_pk(seller: SellerId) -> String {
    format!("PARTNER#{seller}")
}

/// The partition of a buyer.
pub(crate) fn buyer_pk(buyer: BuyerId) -> String {
    format!("BUYER#{buyer}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_sort_by_number() {
        let buyer = BuyerId(Uuid::from_u128(1));
        let (ninth, tenth) = (Key::revision(buyer, 9), Key::revision(buyer, 10));
        assert!(ninth.sk < tenth.sk, "{ninth:?} {tenth:?}");
    }

    #[test]
    fn one_query_by_prefix_finds_an_organisation_and_its_sellers() {
        let organisation = OrganisationId(Uuid::from_u128(1));
        assert!(Key::organisation(organisation).sk.starts_with("ORG"));
        assert!(Key::membership(organisation, SellerId(Uuid::from_u128(2))).sk.starts_with("ORG"));
    }
}
