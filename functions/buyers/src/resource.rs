//! The buyer as the contract shows it: business data, no contacts.

use domain::{Buyer, BuyerId, BuyerStatus, Instant, KycMode, VatNumber};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// `Buyer` of the published contract.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Buyer", description = "A buyer's business data.")]
pub(crate) struct BuyerResource<'b> {
    /// Derived from seller and VAT number: the same buyer always has the same.
    uuid: BuyerId,
    /// As VIES knows it.
    vat_number: &'b VatNumber,
    /// Its name.
    company_name: &'b str,
    /// Where it does business.
    address: AddressResource<'b>,
    /// Who leads its KYC checks.
    kyc_mode: KycMode,
    /// Whether new business may be started with it.
    status: BuyerStatus,
    /// Counts its changes, from 0; also its `ETag`.
    version: u64,
    /// When it was created.
    created_at: Instant,
    /// When its business data or status last changed.
    updated_at: Instant,
}

/// `Address` of the published contract.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Address", description = "Where a buyer does business.")]
struct AddressResource<'b> {
    /// Follows from the buyer's.
    uuid: Uuid,
    /// Street and house number.
    street: &'b str,
    /// Postal code.
    post_code: &'b str,
    /// Town.
    city: &'b str,
    /// ISO 3166-1 alpha-2.
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
