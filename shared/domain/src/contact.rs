//! Contact persons of a buyer: personal data, kept apart from the buyer itself.

use email_address::EmailAddress;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ContactId, Instant, Node, Reader, Salt, TEXT, Violations};

/// What a phone number looks like: at least one digit, and nothing but what people write between digits.
pub(crate) const PHONE: &str = "^[0-9+(). /-]*[0-9][0-9+(). /-]*$";

/// A contact person as the client states it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewContact {
    /// 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = TEXT), example = &"Erika")]
    pub first_name: String,
    /// 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = TEXT), example = &"Muster")]
    pub last_name: String,
    /// RFC 5321 address of at most 254 characters; the domain in lower case.
    #[schemars(email, length(max = 254), example = &"erika@example.org")]
    pub email: String,
    /// 1 to 40 characters of `0-9 + ( ) . / -` and space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = PHONE), example = &"+49 40 123456")]
    pub phone: Option<String>,
}

/// A stored contact person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Its id.
    pub uuid: ContactId,
    /// What the client stated.
    #[serde(flatten)]
    pub person: NewContact,
    /// When it was added.
    pub created_at: Instant,
}

impl NewContact {
    /// Most contacts of a buyer.
    pub const MOST: usize = 20;

    /// Parses a contact to be added. Unknown members are ignored.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value) -> Result<Self, Violations> {
        let reader = Reader::default();
        let contact = Self::read(&reader.root(body));
        reader.finish(contact)
    }

    /// Reads a contact; rejected values are never shown again.
    #[must_use]
    pub fn read(node: &Node<'_>) -> Option<Self> {
        let node = node.clone().confidential();
        node.object()?;
        let first_name = node.field("firstName").text(1..=100);
        let last_name = node.field("lastName").text(1..=100);
        let email = read_email(&node.field("email"));
        let phone = node.field("phone");
        let phone = if phone.is_present() { read_phone(&phone).map(Some) } else { Some(None) };
        Some(Self { first_name: first_name?, last_name: last_name?, email: email?, phone: phone? })
    }
}

pub(crate) fn read_email(node: &Node<'_>) -> Option<String> {
    let text = node.text(1..=254)?;
    let valid = EmailAddress::is_valid(&text) && !text.contains(['<', '"']);
    if !valid {
        node.refuse("must be an e-mail address");
        return None;
    }
    let (local, domain) = text.rsplit_once('@')?;
    Some(format!("{local}@{}", domain.to_lowercase()))
}

pub(crate) fn read_phone(node: &Node<'_>) -> Option<String> {
    let text = node.text(1..=40)?;
    let valid =
        text.chars().any(|c| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || "+(). /-".contains(c));
    if !valid {
        node.refuse("must be a phone number: digits, spaces and + ( ) . / -");
    }
    valid.then_some(text)
}

/// A keyed digest of the contacts a buyer was created with.
///
/// It lets a repeated upsert be compared without keeping the persons in two places; dropping it (when a
/// contact is erased) makes the comparison, and any guess at the persons, impossible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactsDigest {
    salt: Salt,
    digest: String,
}

impl ContactsDigest {
    /// The digest of these contacts under a fresh salt. Their order does not matter.
    #[must_use]
    pub fn of(contacts: &[NewContact]) -> Self {
        let salt = Salt::fresh();
        let digest = salt.digest(&canonical(contacts));
        Self { salt, digest }
    }

    /// Whether these are the contacts it was made from.
    #[must_use]
    pub fn matches(&self, contacts: &[NewContact]) -> bool {
        self.salt.digest(&canonical(contacts)) == self.digest
    }
}

fn canonical(contacts: &[NewContact]) -> Vec<u8> {
    let mut contacts: Vec<_> = contacts.iter().collect();
    contacts.sort();
    serde_json::to_vec(&contacts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_contacts_does_not_matter_to_the_digest() {
        let person = |name: &str| {
            NewContact::parse(&json!({"firstName": name, "lastName": "Muster", "email": "someone@EXAMPLE.org"}))
                .ok()
                .unwrap()
        };
        let digest = ContactsDigest::of(&[person("A"), person("B")]);
        assert!(digest.matches(&[person("B"), person("A")]));
        assert!(!digest.matches(&[person("A")]));
        assert_ne!(digest, ContactsDigest::of(&[person("A"), person("B")]), "the salt is fresh each time");
    }

    #[test]
    fn violations_of_contacts_never_repeat_what_was_sent() {
        let Err(Violations(found)) =
            NewContact::parse(&json!({"firstName": 1, "lastName": "x\u{7}", "email": "nobody", "phone": "call me"}))
        else {
            panic!("violations expected")
        };
        assert_eq!(
            found.iter().map(|v| v.field.as_str()).collect::<Vec<_>>(),
            ["firstName", "lastName", "email", "phone"]
        );
        assert!(found.iter().all(|v| v.rejected_value.is_none()));
    }
}
