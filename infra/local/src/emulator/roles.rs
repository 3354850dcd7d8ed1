//! IAM: the inline policies of a function's role, for tests that take a right away.

use std::collections::BTreeMap;

use super::{Emulator, first_text};
use crate::failure::{Doing as _, Failure};

const SERVICE: &str = "iam";
const VERSION: &str = "2010-05-08";

impl Emulator {
    /// Policy name to document (JSON text).
    pub(crate) async fn inline_policies(&self, role: &str) -> Result<BTreeMap<String, String>, Failure> {
        let listed = self.query(SERVICE, VERSION, "ListRolePolicies", &[named("RoleName", role)]).await?;
        let document = roxmltree::Document::parse(&listed).doing("reading the emulator's answer")?;
        let list = document.descendants().find(|node| node.tag_name().name() == "PolicyNames");
        let members = list.into_iter().flat_map(|list| list.children()).filter_map(|member| member.text());
        let names = members.filter(|name| !name.trim().is_empty());
        let mut policies = BTreeMap::new();
        for name in names {
            let parameters = [named("RoleName", role), named("PolicyName", name)];
            let xml = self.query(SERVICE, VERSION, "GetRolePolicy", &parameters).await?;
            let encoded = first_text(&xml, "PolicyDocument").unwrap_or_default();
            policies.insert(name.to_owned(), percent_decoded(&encoded));
        }
        Ok(policies)
    }

    /// Creates or replaces an inline policy.
    pub(crate) async fn put_inline_policy(&self, role: &str, name: &str, document: &str) -> Result<(), Failure> {
        let parameters = [named("RoleName", role), named("PolicyName", name), named("PolicyDocument", document)];
        self.query(SERVICE, VERSION, "PutRolePolicy", &parameters).await.map(drop)
    }

    pub(crate) async fn delete_inline_policy(&self, role: &str, name: &str) -> Result<(), Failure> {
        let parameters = [named("RoleName", role), named("PolicyName", name)];
        self.query(SERVICE, VERSION, "DeleteRolePolicy", &parameters).await.map(drop)
    }
}

fn named(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// IAM answers documents as RFC 3986 wants them.
fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| after.get(..2)).flatten();
        let byte = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        decoded.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn documents_are_decoded_and_plain_json_is_left_alone() {
        assert_eq!(super::percent_decoded("%7B%22a%22%3A%20%22100%25%22%7D"), r#"{"a": "100%"}"#);
        assert_eq!(super::percent_decoded(r#"{"a": "50%"}"#), r#"{"a": "50%"}"#);
    }
}
