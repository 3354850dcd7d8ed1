//! Who was shown personal data: written before it is shown, kept for six years.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{BuyerId, ClientId, DocumentId, Instant, OrganisationId, RequestId};

/// Why somebody wants to see personal data, in his words or a code of his (`X-Purpose`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Purpose(String);

impl FromStr for Purpose {
    type Err = &'static str;
    /// The published codes are not known, so any short visible ASCII text is one.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let usable = (1..=100).contains(&text.len()) && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        if usable { Ok(Self(text.to_owned())) } else { Err("1 to 100 visible ASCII characters") }
    }
}

/// What was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Disclosed {
    /// All contact persons of the buyer.
    Contacts,
    /// One of them, as it was left by whoever is shown it.
    Contact,
    /// The bytes of a document.
    Document(DocumentId),
}

/// One entry of the log of who was shown personal data. It holds none itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disclosure {
    /// Of whom.
    pub buyer: BuyerId,
    /// What.
    pub disclosed: Disclosed,
    /// To whom.
    pub organisation: OrganisationId,
    /// Through which of its clients.
    pub client: ClientId,
    /// Why, when it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// In which request.
    pub request_id: RequestId,
    /// When.
    pub at: Instant,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_is_a_short_visible_text() {
        for good in ["AUDIT-7", "ticket 4711: call back", &"x".repeat(100)] {
            assert!(good.parse::<Purpose>().is_ok(), "{good}");
        }
        for bad in ["", "\u{e4}", "a\tb", &"x".repeat(101)] {
            assert!(bad.parse::<Purpose>().is_err(), "{bad:?}");
        }
    }
}
