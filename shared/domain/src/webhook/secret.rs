//! What a webhook is signed with.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a secret of ours begins with, and any in the form of Standard Webhooks.
const PREFIX: &str = "whsec_";
/// Bytes of a supplied secret, at least and at most.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=128;

/// The secret of one endpoint, shared with its receiver: ours (`whsec_` and base64 of 32 random bytes) or one that the
/// client brought along.
///
/// `X-Novatrade-Signature` is keyed on all its bytes as shown; Standard Webhooks on [`Secret::standard_key`]. It is
/// written nowhere by itself: no `Serialize`, and `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a text is no secret. The texts are the rule shown to the client; what was sent is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Too short to resist guessing, or absurdly long.
    #[error("must be 24 to 128 bytes")]
    Length,
    /// White space or a control character: a line break that was copied along makes every signature wrong.
    #[error("must not contain white space or control characters")]
    Blank,
}

impl Secret {
    /// A fresh secret, from the operating system's randomness.
    ///
    /// # Panics
    /// When the operating system has no randomness to give; there is nothing sensible to do then.
    #[must_use]
    pub fn fresh() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system provides randomness");
        Self(format!("{PREFIX}{}", STANDARD.encode(bytes)))
    }

    /// Reads a secret that a client supplies, or a stored one.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        if !LENGTH.contains(&text.len()) {
            return Err(SecretError::Length);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(SecretError::Blank);
        }
        Ok(Self(text.to_owned()))
    }

    /// The secret itself: to be signed with, stored, or shown to its owner, once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The key of Standard Webhooks: what stands after `whsec_`, decoded from padded standard base64, as its libraries
    /// decode it. `None` for a supplied secret of another form.
    #[must_use]
    pub fn standard_key(&self) -> Option<Vec<u8>> {
        STANDARD.decode(self.0.strip_prefix(PREFIX)?).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_secret_is_32_bytes_of_base64_after_whsec_and_never_the_same() {
        let (one, other) = (Secret::fresh(), Secret::fresh());
        assert_eq!(one.standard_key().unwrap().len(), 32);
        assert_eq!((&one.reveal()[..6], one.reveal().len()), ("whsec_", 50));
        assert_ne!(one, other);
        assert_eq!(Secret::parse(one.reveal()), Ok(one));
    }

    #[test]
    fn a_supplied_secret_has_24_to_128_bytes_and_no_blanks() {
        for length in [24, 128] {
            assert!(Secret::parse(&"a".repeat(length)).is_ok());
        }
        assert!(Secret::parse("ü-geheim-geheim-geheim!").is_ok(), "bytes are counted, not characters");
        for length in [0, 23, 129] {
            assert_eq!(Secret::parse(&"a".repeat(length)), Err(SecretError::Length));
        }
        for blank in ["\n", " ", "\t", "\0", "\u{a0}"] {
            assert_eq!(Secret::parse(&format!("{}{blank}", "a".repeat(24))), Err(SecretError::Blank), "{blank:?}");
        }
    }

    #[test]
    fn only_padded_standard_base64_after_whsec_is_a_key_of_standard_webhooks() {
        let key = |text: &str| Secret::parse(text).unwrap().standard_key();
        assert_eq!(key("whsec_MDEyMzQ1Njc4OWFiY2RlZg==").as_deref(), Some(&b"0123456789abcdef"[..]));
        for other in [
            "MDEyMzQ1Njc4OWFiY2RlZg==",       // no prefix
            "whsec_MDEyMzQ1Njc4OWFiY2RlZg",   // no padding
            "whsec_MDEyMzQ1Njc4-_FiY2RlZg==", // of the alphabet for URLs
            "whsec_correct-horse-battery-staple",
        ] {
            assert_eq!(key(other), None, "{other}");
        }
    }

    #[test]
    fn a_secret_is_not_in_its_debug_form() {
        assert_eq!(format!("{:?}", Secret::fresh()), "Secret(…)");
    }
}
