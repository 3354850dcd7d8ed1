//! A change of a buyer's business data, as JSON Merge Patch (RFC 7396).

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::address::{Country, read_country};
use crate::{Business, BuyerId, KycMode, Reader, SellerId, TEXT, VatNumber, Violations, never_null};

/// The members that were sent; what was not sent stays as it is. All of these are required of a buyer, so
/// `null`, which would take one away, breaks a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuyerPatch {
    company_name: Option<String>,
    street: Option<String>,
    post_code: Option<String>,
    city: Option<String>,
    country: Option<String>,
    kyc_mode: Option<KycMode>,
}

/// The wire form of a [`BuyerPatch`], for its schema.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    rename = "BuyerPatch",
    description = "A JSON Merge Patch (RFC 7396): what is left out stays as it is. Nothing may be `null`, since a buyer needs all of it.",
    transform = never_null
)]
pub struct BuyerPatchBody {
    /// 1 to 200 characters, trimmed.
    #[schemars(length(min = 1, max = 200), regex(pattern = TEXT), example = &"Muster GmbH")]
    pub company_name: Option<String>,
    /// Its members change one by one.
    pub address: Option<AddressPatch>,
    /// `NT24_LED` for good; the other way is 409 `kyc-mode-downgrade`.
    pub kyc_mode: Option<KycMode>,
    /// May be sent, but not changed.
    pub vat_number: Option<VatNumber>,
}

/// The members of an address that shall change.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = never_null)]
pub struct AddressPatch {
    /// Street and house number.
    #[schemars(length(min = 1, max = 200), regex(pattern = TEXT))]
    pub street: Option<String>,
    /// Postal code.
    #[schemars(length(min = 1, max = 20), regex(pattern = TEXT))]
    pub post_code: Option<String>,
    /// Town.
    #[schemars(length(min = 1, max = 100), regex(pattern = TEXT))]
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<Country>,
}

/// Why a patch does not apply to a buyer: `NT24_LED` never becomes `MARKETPLACE_LED` again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downgrade;

impl BuyerPatch {
    /// Parses a patch of one of the seller's buyers. Unknown members are ignored. The VAT number may be sent, but not
    /// changed: with the seller it *is* the buyer's id.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value, seller: SellerId, buyer: BuyerId) -> Result<Self, Violations> {
        let reader = Reader::default();
        let root = reader.root(body);
        let address = root.field("address");
        let _ = address.if_sent(|node| node.object().map(drop));
        let text = |node: crate::Node<'_>, most| node.if_sent(|node| node.text(1..=most));
        let patch = Self {
            company_name: text(root.field("companyName"), 200),
            street: text(address.field("street"), 200),
            post_code: text(address.field("postCode"), 20),
            city: text(address.field("city"), 100),
            country: address.field("country").if_sent(read_country),
            kyc_mode: root.field("kycMode").if_sent(|node| node.parse(1..=40)),
        };
        let vat_number = root.field("vatNumber");
        if let Some(number) = vat_number.if_sent(|node| node.parse::<VatNumber>(1..=40))
            && BuyerId::of(seller, &number) != buyer
        {
            vat_number.refuse("must stay as it is: it identifies the buyer");
        }
        reader.finish(Some(patch))
    }

    /// The business data after the patch; equal to what was given when it changes nothing.
    ///
    /// # Errors
    /// [`Downgrade`].
    pub fn apply(&self, current: &Business) -> Result<Business, Downgrade> {
        if self.kyc_mode == Some(KycMode::MarketplaceLed) && current.kyc_mode == KycMode::Nt24Led {
            return Err(Downgrade);
        }
        let mut next = current.clone();
        let set = |field: &mut String, value: &Option<String>| {
            if let Some(value) = value {
                field.clone_from(value);
            }
        };
        set(&mut next.company_name, &self.company_name);
        set(&mut next.address.street, &self.street);
        set(&mut next.address.post_code, &self.post_code);
        set(&mut next.address.city, &self.city);
        set(&mut next.address.country, &self.country);
        next.kyc_mode = self.kyc_mode.unwrap_or(next.kyc_mode);
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NewBuyer;
    use serde_json::json;

    const SELLER: SellerId = SellerId(uuid::Uuid::from_u128(1));

    fn parse(body: &Value) -> Result<BuyerPatch, Violations> {
        BuyerPatch::parse(body, SELLER, BuyerId::of(SELLER, &business("NT24_LED").vat_number))
    }

    fn business(kyc_mode: &str) -> Business {
        let body = json!({
            "kycMode": kyc_mode, "vatNumber": "DE136695976", "companyName": "Muster GmbH",
            "address": {"street": "Am Hafen 1", "postCode": "20457", "city": "Hamburg", "country": "DE"}
        });
        NewBuyer::parse(&body).ok().unwrap().business
    }

    #[test]
    fn what_was_not_sent_stays_and_members_of_the_address_change_one_by_one() {
        let patch = parse(&json!({"companyName": " Neu GmbH ", "address": {"city": "Bremen"}, "x": 1})).unwrap();
        let next = patch.apply(&business("NT24_LED")).unwrap();
        assert_eq!((next.company_name.as_str(), next.address.city.as_str()), ("Neu GmbH", "Bremen"));
        assert_eq!((next.address.street.as_str(), next.kyc_mode), ("Am Hafen 1", KycMode::Nt24Led));
        assert_eq!(parse(&json!({})).unwrap().apply(&next), Ok(next));
    }

    #[test]
    fn null_takes_away_what_may_not_be_missing() {
        let body = json!({"companyName": null, "address": {"country": null}, "kycMode": null});
        let Err(Violations(found)) = parse(&body) else { panic!("violations expected") };
        let found: Vec<_> = found.iter().map(|v| (v.field.as_str(), v.message.as_str())).collect();
        let required = "is required";
        assert_eq!(found, [("companyName", required), ("address.country", required), ("kycMode", required)]);
        let Err(Violations(found)) = parse(&json!({"address": null})) else { panic!("violations expected") };
        assert_eq!(found[0].field, "address");
    }

    #[test]
    fn the_mode_is_only_ever_upgraded_and_the_number_never_changes() {
        let to = |mode: &str| parse(&json!({"kycMode": mode})).unwrap();
        let upgraded = to("NT24_LED").apply(&business("MARKETPLACE_LED")).unwrap();
        assert_eq!(upgraded.kyc_mode, KycMode::Nt24Led);
        assert_eq!(to("MARKETPLACE_LED").apply(&business("NT24_LED")), Err(Downgrade));
        assert_eq!(to("MARKETPLACE_LED").apply(&business("MARKETPLACE_LED")), Ok(business("MARKETPLACE_LED")));
        assert_eq!(parse(&json!({"vatNumber": "de 136.695.976"})).unwrap(), BuyerPatch::default(), "in other words");
        let Err(Violations(found)) = parse(&json!({"vatNumber": "DE123456789", "companyName": "", "address": 7}))
        else {
            panic!("violations expected")
        };
        let fields: Vec<_> = found.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(fields, ["address", "companyName", "vatNumber"], "all together");
        assert_eq!(found[2].rejected_value, Some(json!("DE123456789")));
    }
}
