//! A change of a buyer's business data, as JSON Merge Patch (RFC 7396).

use serde::Serialize;
use serde_json::Value;

use crate::address::read_country;
use crate::{Business, KycMode, Reader, VatNumber, Violations};

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
    vat_number: Option<VatNumber>,
}

/// Why a patch does not apply to a buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inapplicable {
    /// The VAT number is a buyer's identity and never changes.
    VatNumber,
    /// `NT24_LED` never becomes `MARKETPLACE_LED` again.
    Downgrade,
}

impl BuyerPatch {
    /// Parses a patch. Unknown members are ignored.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value) -> Result<Self, Violations> {
        let reader = Reader::default();
        let root = reader.root(body);
        let address = root.field("address");
        if address.is_sent() && address.object().is_none() {
            return reader.finish(None);
        }
        let text = |node: crate::Node<'_>, most| node.if_sent(|node| node.text(1..=most));
        let patch = Self {
            company_name: text(root.field("companyName"), 200),
            street: text(address.field("street"), 200),
            post_code: text(address.field("postCode"), 20),
            city: text(address.field("city"), 100),
            country: address.field("country").if_sent(read_country),
            kyc_mode: root.field("kycMode").if_sent(|node| node.parse(1..=40)),
            vat_number: root.field("vatNumber").if_sent(|node| node.parse(1..=40)),
        };
        reader.finish(Some(patch))
    }

    /// The business data after the patch; equal to what was given when it changes nothing.
    ///
    /// # Errors
    /// [`Inapplicable`].
    pub fn apply(&self, current: &Business) -> Result<Business, Inapplicable> {
        if self.vat_number.as_ref().is_some_and(|number| *number != current.vat_number) {
            return Err(Inapplicable::VatNumber);
        }
        if self.kyc_mode == Some(KycMode::MarketplaceLed) && current.kyc_mode == KycMode::Nt24Led {
            return Err(Inapplicable::Downgrade);
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

    fn business(kyc_mode: &str) -> Business {
        let body = json!({
            "kycMode": kyc_mode, "vatNumber": "DE136695976", "companyName": "Muster GmbH",
            "address": {"street": "Am Hafen 1", "postCode": "20457", "city": "Hamburg", "country": "DE"}
        });
        NewBuyer::parse(&body).ok().unwrap().business
    }

    #[test]
    fn what_was_not_sent_stays_and_members_of_the_address_change_one_by_one() {
        let patch =
            BuyerPatch::parse(&json!({"companyName": " Neu GmbH ", "address": {"city": "Bremen"}, "x": 1})).unwrap();
        let next = patch.apply(&business("NT24_LED")).unwrap();
        assert_eq!((next.company_name.as_str(), next.address.city.as_str()), ("Neu GmbH", "Bremen"));
        assert_eq!((next.address.street.as_str(), next.kyc_mode), ("Am Hafen 1", KycMode::Nt24Led));
        assert_eq!(BuyerPatch::parse(&json!({})).unwrap().apply(&next), Ok(next));
    }

    #[test]
    fn null_takes_away_what_may_not_be_missing() {
        let body = json!({"companyName": null, "address": {"country": null}, "kycMode": null});
        let Err(Violations(found)) = BuyerPatch::parse(&body) else { panic!("violations expected") };
        let found: Vec<_> = found.iter().map(|v| (v.field.as_str(), v.message.as_str())).collect();
        let required = "is required";
        assert_eq!(found, [("companyName", required), ("address.country", required), ("kycMode", required)]);
        let Err(Violations(found)) = BuyerPatch::parse(&json!({"address": null})) else {
            panic!("violations expected")
        };
        assert_eq!(found[0].field, "address");
    }

    #[test]
    fn the_mode_is_only_ever_upgraded_and_the_number_never_changes() {
        let to = |mode: &str| BuyerPatch::parse(&json!({"kycMode": mode})).unwrap();
        let upgraded = to("NT24_LED").apply(&business("MARKETPLACE_LED")).unwrap();
        assert_eq!(upgraded.kyc_mode, KycMode::Nt24Led);
        assert_eq!(to("MARKETPLACE_LED").apply(&business("NT24_LED")), Err(Inapplicable::Downgrade));
        assert_eq!(to("MARKETPLACE_LED").apply(&business("MARKETPLACE_LED")), Ok(business("MARKETPLACE_LED")));
        let number = |text: &str| BuyerPatch::parse(&json!({"vatNumber": text})).unwrap().apply(&business("NT24_LED"));
        assert_eq!(number("de 136.695.976"), Ok(business("NT24_LED")), "the same number in other words");
        assert_eq!(number("DE123456789"), Err(Inapplicable::VatNumber));
    }
}
