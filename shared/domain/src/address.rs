//! A business address.

use celes::Country;
use serde::{Deserialize, Serialize};

use crate::Node;

/// Where a buyer does business. All parts trimmed; the country an ISO 3166-1 alpha-2 code, upper case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Street and house number, 1 to 200 characters.
    pub street: String,
    /// Postal code, 1 to 20 characters.
    pub post_code: String,
    /// Town, 1 to 100 characters.
    pub city: String,
    /// ISO 3166-1 alpha-2, e.g. `DE`.
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

fn read_country(node: &Node<'_>) -> Option<String> {
    let code = node.text(1..=20)?.to_ascii_uppercase();
    let known = code.len() == 2 && Country::from_alpha2(&code).is_ok();
    if !known {
        node.refuse("must be an ISO 3166-1 alpha-2 country code such as DE");
    }
    known.then_some(code)
}
