//! Secrets as they come in, and as they are stored.

use serde::{Deserialize, Serialize};

use super::Secret;
use crate::{Instant, Node};

/// A secret that a client supplies, just as it was sent; rejected values are never shown again.
pub(super) fn read_secret(node: &Node<'_>) -> Option<Secret> {
    let node = node.clone().confidential();
    match Secret::parse(node.verbatim()?) {
        Ok(secret) => Some(secret),
        Err(rule) => {
            node.refuse(rule.to_string());
            None
        }
    }
}

/// A secret as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecret {
    /// The revision of the endpoint that brought it.
    pub revision: u64,
    /// Encrypted, in base64.
    pub sealed: String,
    /// Until when it signs, once there is a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
}

impl SealedSecret {
    /// Whether deliveries of that moment are signed with it.
    #[must_use]
    pub fn signs(&self, at: Instant) -> bool {
        self.until.is_none_or(|until| at < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Reader, Violations};
    use serde_json::json;

    #[test]
    fn a_supplied_secret_is_taken_as_it_is_and_never_shown_again() {
        for (sent, expected) in [
            (json!("ä".repeat(12)), Ok("ä".repeat(12))),
            (json!("ä".repeat(65)), Err("must be 24 to 128 bytes")),
            (json!(format!(" {}", "x".repeat(30))), Err("must not contain white space or control characters")),
            (json!(7), Err("must be text")),
            (json!(null), Err("is required")),
        ] {
            let reader = Reader::default();
            let secret = read_secret(&reader.root(&sent));
            match (reader.finish(secret), expected) {
                (Ok(secret), Ok(expected)) => assert_eq!(secret.reveal(), expected),
                (Err(Violations(found)), Err(rule)) => {
                    assert_eq!((found[0].message.as_str(), &found[0].rejected_value), (rule, &None));
                }
                (read, _) => panic!("{sent}: {read:?}"),
            }
        }
    }

    #[test]
    fn a_secret_signs_until_its_end() {
        let at = Instant::from_millis(1_000);
        let secret = |until| SealedSecret { revision: 0, sealed: String::new(), until };
        assert!(secret(None).signs(at));
        assert!(secret(Some(Instant::from_millis(1_001))).signs(at));
        assert!(!secret(Some(at)).signs(at));
    }
}
