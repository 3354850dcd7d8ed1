//! A change of a contact person, as JSON Merge Patch (RFC 7396).

use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::contact::{PHONE, read_email, read_phone};
use crate::{NewContact, Node, Reader, TEXT, Violations, never_null};

/// The wire form of a [`ContactPatch`], for its schema.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(
    rename = "ContactPatch",
    description = "A JSON Merge Patch (RFC 7396): what is left out stays as it is, and only `phone` may be `null`.",
    transform = only_the_phone_is_null
)]
pub struct ContactPatchBody {
    /// 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = TEXT), example = &"Erika")]
    pub first_name: Option<String>,
    /// 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = TEXT), example = &"Muster")]
    pub last_name: Option<String>,
    /// RFC 5321 address of at most 254 characters; the domain in lower case.
    #[schemars(email, length(max = 254), example = &"erika@example.org")]
    pub email: Option<String>,
    /// 1 to 40 characters of `0-9 + ( ) . / -` and space; `null` takes it away.
    #[schemars(length(min = 1, max = 40), regex(pattern = PHONE), example = &"+49 40 123456")]
    pub phone: Option<String>,
}

fn only_the_phone_is_null(schema: &mut Schema) {
    never_null(schema);
    if let Some(phone) = schema.get_mut("properties").and_then(|members| members.get_mut("phone")) {
        phone["type"] = serde_json::json!(["string", "null"]);
    }
}

/// The members that were sent.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactPatch {
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<String>,
    phone: Phone,
}

/// The only member that may be taken away with `null`.
#[derive(Clone, PartialEq, Eq)]
enum Phone {
    NotSent,
    Removed,
    Set(String),
}

impl ContactPatch {
    /// Parses a patch. Unknown members are ignored; rejected values are never shown again.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value) -> Result<Self, Violations> {
        let reader = Reader::default();
        let root = reader.root(body).confidential();
        let name = |node: Node<'_>| node.if_sent(|node| node.text(1..=100));
        let phone = root.field("phone");
        let patch = Self {
            first_name: name(root.field("firstName")),
            last_name: name(root.field("lastName")),
            email: root.field("email").if_sent(read_email),
            phone: match phone.if_sent(|node| if node.is_present() { read_phone(node) } else { None }) {
                Some(phone) => Phone::Set(phone),
                None if phone.is_sent() => Phone::Removed,
                None => Phone::NotSent,
            },
        };
        reader.finish(Some(patch))
    }

    /// The person after the patch; equal to what was given when it changes nothing.
    #[must_use]
    pub fn apply(&self, current: &NewContact) -> NewContact {
        let Self { first_name, last_name, email, phone } = self.clone();
        NewContact {
            first_name: first_name.unwrap_or_else(|| current.first_name.clone()),
            last_name: last_name.unwrap_or_else(|| current.last_name.clone()),
            email: email.unwrap_or_else(|| current.email.clone()),
            phone: match phone {
                Phone::NotSent => current.phone.clone(),
                Phone::Removed => None,
                Phone::Set(phone) => Some(phone),
            },
        }
    }

    /// Which members were sent: all of its meaning that is no personal data. Two patches that sent the same members
    /// and [leave](Self::apply) one person as it is are the same patch.
    #[must_use]
    pub fn members(&self) -> Vec<&'static str> {
        [
            ("firstName", self.first_name.is_some()),
            ("lastName", self.last_name.is_some()),
            ("email", self.email.is_some()),
            ("phone", matches!(self.phone, Phone::Set(_))),
            ("no phone", self.phone == Phone::Removed),
        ]
        .into_iter()
        .filter_map(|(member, sent)| sent.then_some(member))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn person() -> NewContact {
        let body = json!({"firstName": "Erika", "lastName": "Muster", "email": "e@example.org", "phone": "1"});
        NewContact::parse(&body).ok().unwrap()
    }

    fn parse(body: &Value) -> ContactPatch {
        ContactPatch::parse(body).ok().unwrap()
    }

    #[test]
    fn what_was_not_sent_stays_and_only_the_phone_can_go() {
        let patch = parse(&json!({"lastName": "Neu", "phone": null, "newer": 1}));
        let after = patch.apply(&person());
        assert_eq!((after.first_name.as_str(), after.last_name.as_str(), after.phone), ("Erika", "Neu", None));
        assert_eq!(patch.members(), ["lastName", "no phone"]);
        for member in ["firstName", "lastName", "email"] {
            let Err(Violations(found)) = ContactPatch::parse(&json!({ member: null })) else { panic!("{member}") };
            assert_eq!((found[0].field.as_str(), found[0].message.as_str()), (member, "is required"));
        }
        assert!(parse(&json!({})).apply(&person()) == person());
    }

    #[test]
    fn patches_of_the_same_members_are_told_apart_by_whom_they_leave_as_he_is() {
        let (same, other) = (parse(&json!({"phone": "1"})), parse(&json!({"phone": "2"})));
        assert_eq!(same.members(), other.members());
        assert!(same.apply(&person()) == person());
        assert!(other.apply(&person()) != person());
    }

    #[test]
    fn violations_never_repeat_what_was_sent() {
        let body = json!({"firstName": 1, "email": "nobody", "phone": "call me"});
        let Err(Violations(found)) = ContactPatch::parse(&body) else { panic!("violations expected") };
        assert_eq!(found.iter().map(|v| v.field.as_str()).collect::<Vec<_>>(), ["firstName", "email", "phone"]);
        assert!(found.iter().all(|v| v.rejected_value.is_none()));
    }
}
