//! The buyer as the contract shows it: business data, no contacts.

use domain::{Buyer, BuyerId, BuyerStatus, Instant, KycMode, VatNumber};
use serde::Serialize;
use uuid::Uuid;

/// `Buyer` of the published contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BuyerResource<'b> {
    uuid: BuyerId,
    vat_number: &'b VatNumber,
    company_name: &'b str,
    address: AddressResource<'b>,
    kyc_mode: KycMode,
    status: BuyerStatus,
    version: u64,
    created_at: Instant,
    updated_at: Instant,
}

/// `Address` of the published contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddressResource<'b> {
    uuid: Uuid,
    street: &'b str,
    post_code: &'b str,
    city: &'b str,
    country: &'b str,
}

impl<'b> From<&'b Buyer> for BuyerResource<'b> {
    fn from(buyer: &'b Buyer) -> Self {
        let business = &buyer.business;
        Self {
            uuid: buyer.uuid,
            vat_number: &business.vat_number,
            company_name: &business.company_name,
            address: AddressResource {
                uuid: buyer.uuid.address_uuid(),
                street: &business.address.street,
                post_code: &business.address.post_code,
                city: &business.address.city,
                country: &business.address.country,
            },
            kyc_mode: business.kyc_mode,
            status: buyer.status,
            version: buyer.version,
            created_at: buyer.created_at,
            updated_at: buyer.updated_at,
        }
    }
}

/// The strong entity tag of a buyer: its version, quoted.
pub(crate) fn etag(buyer: &Buyer) -> String {
    format!("\"{}\"", buyer.version)
}
