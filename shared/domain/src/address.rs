//! A business address.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{Node, TEXT};

/// Where a buyer does business. All parts trimmed; the country an ISO 3166-1 alpha-2 code, upper case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NewAddress", description = "Where a buyer does business.")]
pub struct Address {
    /// Street and house number, 1 to 200 characters.
    #[schemars(length(min = 1, max = 200), regex(pattern = TEXT), example = &"Am Hafen 1")]
    pub street: String,
    /// Postal code, 1 to 20 characters.
    #[schemars(length(min = 1, max = 20), regex(pattern = TEXT), example = &"20457")]
    pub post_code: String,
    /// Town, 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = TEXT), example = &"Hamburg")]
    pub city: String,
    /// ISO 3166-1 alpha-2, e.g. `DE`.
    #[schemars(with = "Country")]
    pub country: String,
}

impl Address {
    /// Reads an address; every broken rule is noted at its field.
    #[must_use]
    pub fn read(node: &Node<'_>) -> Option<Self> {
        node.object()?;
        let street = node.field("street").text(1..=200);
        let post_code = node.field("postCode").text(1..=20);
        let city = node.field("city").text(1..=100);
        let country = read_country(&node.field("country"));
        Some(Self { street: street?, post_code: post_code?, city: city?, country: country? })
    }
}

/// The schema of a country's code; the codes themselves are texts.
pub struct Country;

impl JsonSchema for Country {
    fn schema_name() -> Cow<'static, str> {
        "Country".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "ISO 3166-1 alpha-2, or XK. Lower case is taken too.",
            "enum": COUNTRIES.split(' ').collect::<Vec<_>>(),
            "examples": ["DE"]
        })
    }
}

pub(crate) fn read_country(node: &Node<'_>) -> Option<String> {
    let code = node.text(1..=20)?.to_ascii_uppercase();
    let known = code.len() == 2 && is_country(&code);
    if !known {
        node.refuse("must be an ISO 3166-1 alpha-2 country code such as DE");
    }
    known.then_some(code)
}

/// The officially assigned codes of ISO 3166-1, and Kosovo's XK, which is not but is in use. In order. Kept here because the crate that knows them knows their
/// names too, which would be a tenth of a function's binary; a test compares the two.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
    BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH \
    ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT \
    HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
    LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI \
    NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG \
    SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
    UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

fn is_country(code: &str) -> bool {
    COUNTRIES.as_bytes().chunks(3).any(|known| &known[..2] == code.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use celes::Country;

    #[test]
    fn the_countries_are_those_of_iso_3166_1() {
        let letters = || 'A'..='Z';
        let pairs = letters().flat_map(|first| letters().map(move |second| format!("{first}{second}")));
        let mut count = 0;
        for code in pairs {
            let known = Country::from_alpha2(&code).is_ok();
            assert_eq!(is_country(&code), known, "{code}");
            count += usize::from(known);
        }
        assert_eq!(count, 250);
        assert!(!is_country("de") && !is_country("D ") && !is_country(" D"));
    }
}
