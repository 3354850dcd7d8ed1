//! What deliveries are signed with.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::{Instant, Node};

/// The secret of an endpoint: the receiver's proof that a delivery is ours. Keyed on are the UTF-8 bytes of all of it,
/// as shown. It is not printed, and stored only as a [`SealedSecret`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What a supplied secret must be, in words.
const RULE: &str = "must be 24 to 128 bytes in UTF-8, without control characters or white space at its ends";

impl Secret {
    /// Least bytes of a supplied secret: what Standard Webhooks asks for.
    pub const LEAST: usize = 24;
    /// Most bytes of a supplied secret.
    pub const MOST: usize = 128;

    /// A fresh one: `whsec_` and the base64 of 32 random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give; there is nothing sensible to do then.
    #[must_use]
    pub fn fresh() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system provides randomness");
        Self(format!("whsec_{}", STANDARD.encode(bytes)))
    }

    /// One that was stored.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// One that a client supplies, as it was sent; rejected values are never shown again.
    pub(crate) fn read(node: &Node<'_>) -> Option<Self> {
        let node = node.clone().confidential();
        let text = node.verbatim()?;
        let usable = (Self::LEAST..=Self::MOST).contains(&text.len())
            && text.trim() == text
            && !text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER);
        if !usable {
            node.refuse(RULE);
        }
        usable.then(|| Self(text.to_owned()))
    }

    /// To be shown once, sealed, or signed with.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
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
    use serde_json::{Value, json};

    fn read(secret: &Value) -> Result<Secret, Violations> {
        let body = json!({ "secret": secret });
        let reader = Reader::default();
        let secret = Secret::read(&reader.root(&body).field("secret"));
        reader.finish(secret)
    }

    #[test]
    fn a_fresh_secret_is_256_bits_in_the_published_form_and_never_the_same() {
        let (one, other) = (Secret::fresh(), Secret::fresh());
        let bytes = STANDARD.decode(one.expose().strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(bytes.len(), 32);
        assert!(bytes.iter().any(|byte| *byte != bytes[0]) && one != other);
        assert!(read(&json!(one.expose())).is_ok(), "it could have been supplied");
        assert_eq!(format!("{one:?}"), "Secret(…)");
    }

    #[test]
    fn a_supplied_secret_is_measured_in_bytes_and_taken_as_it_is() {
        for good in ["x".repeat(24), "x".repeat(128), "ä".repeat(12), "ä".repeat(64), "€".repeat(42), "a b".repeat(9)]
        {
            assert_eq!(read(&json!(good)).unwrap().expose(), good);
        }
        for bad in [
            json!("x".repeat(23)),
            json!("x".repeat(129)),
            json!("ä".repeat(11)),
            json!("ä".repeat(65)),
            json!("€".repeat(43)),
            json!(format!(" {}", "x".repeat(30))),
            json!(format!("{}\n", "x".repeat(30))),
            json!(format!("{}\u{0}{}", "x".repeat(20), "x".repeat(20))),
            json!(null),
            json!(7),
        ] {
            let Err(Violations(found)) = read(&bad) else { panic!("{bad} was taken") };
            assert_eq!((found.len(), &found[0].rejected_value), (1, &None), "{bad}");
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
