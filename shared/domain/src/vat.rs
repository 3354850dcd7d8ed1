//! VAT identification numbers of the EU member states and Northern Ireland.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A VAT number in the form VIES knows it: prefix and national number, upper case, no separators
/// (`DE136695976`). Greece is `EL`, Northern Ireland `XI`.
///
/// Only the *shape* is a rule. A failing check digit is no rejection: national authorities issue
/// exceptions, and VIES decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VatNumber(String);

/// Why a text is no VAT number. The texts are the rule shown to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VatNumberError {
    /// Something else than two letters and then letters and digits.
    #[error("must match ^[A-Z]{{2}}[0-9A-Z]+$ once spaces, dots and hyphens are removed")]
    Pattern,
    /// The prefix is no EU member state and not `XI`.
    #[error("must start with the prefix of an EU member state (EL for Greece) or XI")]
    Prefix,
    /// The national number has not the shape its state prescribes.
    #[error("has not the length or shape that its member state prescribes")]
    Shape,
}

impl VatNumber {
    /// Reads a number as people write it: spaces, dots and hyphens removed, upper case, `GR` as `EL`.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, VatNumberError> {
        let mut number: String =
            text.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '\u{a0}')).map(|c| c.to_ascii_uppercase()).collect();
        let letters = number.bytes().take(2).filter(u8::is_ascii_uppercase).count();
        if letters < 2 || number.len() < 3 || !number.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(VatNumberError::Pattern);
        }
        if number.starts_with("GR") {
            number.replace_range(..2, "EL");
        }
        let shapes = shapes(&number[..2]).ok_or(VatNumberError::Prefix)?;
        let number = with_old_forms_padded(number);
        if !shapes.iter().any(|shape| matches(shape, &number[2..])) {
            return Err(VatNumberError::Shape);
        }
        // What is left to refuse: forms that a state's numbering knows and a pattern does not.
        match eu_vat::Vat::parse(&number) {
            Err(eu_vat::Error::WrongLength { .. } | eu_vat::Error::InvalidFormat) => Err(VatNumberError::Shape),
            _ => Ok(Self(number)),
        }
    }

    /// The prefix: the member state's, `EL` or `XI`.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.0[..2]
    }

    /// The whole number with its prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The shapes of the national part, as VIES documents them (FAQ, "VAT number structure"); `None` for other prefixes.
/// `d` is a digit, `n` one that is not 0, `a` a letter, `c` a letter from A to W, `x` a letter or digit; all else is itself.
///
/// The crate eu-vat checks shapes too, but not all of them before it has looked at the check digits, whose
/// failing is no rejection here.
fn shapes(state: &str) -> Option<&'static [&'static str]> {
    Some(match state {
        "AT" => &["Udddddddd"],
        "BE" => &["0ddddddddd", "1ddddddddd"],
        "BG" => &["ddddddddd", "dddddddddd"],
        "CY" => &["dddddddda"],
        "CZ" => &["dddddddd", "ddddddddd", "dddddddddd"],
        "DE" => &["ndddddddd"],
        "EE" | "EL" | "PT" => &["ddddddddd"],
        "DK" | "FI" | "HU" | "LU" | "MT" => &["dddddddd"],
        "ES" => &["adddddddx", "dddddddda"],
        "FR" => &["xxddddddddd"],
        "HR" | "IT" | "LV" => &["ddddddddddd"],
        "IE" => &["dddddddc", "dddddddcc", "dadddddc"],
        "LT" => &["ddddddddd", "dddddddddddd"],
        "NL" => &["dddddddddBdd"],
        "PL" | "SK" => &["dddddddddd"],
        "RO" => &["dd", "ddd", "dddd", "ddddd", "dddddd", "ddddddd", "dddddddd", "ddddddddd", "dddddddddd"],
        "SE" => &["dddddddddddd"],
        "SI" => &["nddddddd"],
        "XI" => &["ddddddddd", "dddddddddddd", "GDddd", "HAddd"],
        _ => return None,
    })
}

fn matches(shape: &str, national: &str) -> bool {
    let fits = |(class, c): (u8, u8)| match class {
        b'd' => c.is_ascii_digit(),
        b'n' => matches!(c, b'1'..=b'9'),
        b'a' => c.is_ascii_uppercase(),
        b'c' => matches!(c, b'A'..=b'W'),
        b'x' => c.is_ascii_alphanumeric(),
        literal => c == literal,
    };
    shape.len() == national.len() && shape.bytes().zip(national.bytes()).all(fits)
}

/// Numbers that states once wrote without leading zeros have them today: Belgium until 2008, Greece until 2014,
/// the Netherlands in the citizen numbers of sole traders. Both forms are one number, and so one identity.
fn with_old_forms_padded(number: String) -> String {
    let (state, national) = number.split_at(2);
    let digits = if state == "NL" { national.find('B').unwrap_or_default() } else { national.len() };
    let missing = match (state, digits) {
        ("BE", 9) | ("EL" | "NL", 8) => 1,
        ("NL", 7) => 2,
        _ => return number,
    };
    format!("{state}{}{national}", &"00"[..missing])
}

impl fmt::Display for VatNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for VatNumber {
    type Err = VatNumberError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One valid number per prefix, accepted by python-stdnum 2.2.
    const VECTORS: [&str; 28] = [
        "ATU13585627",
        "BE0403019261",
        "BG175074752",
        "CY10259033P",
        "CZ25123891",
        "DE136695976",
        "DK13585628",
        "EE100931558",
        "EL094259216",
        "ESB58378431",
        "FI20774740",
        "FR40303265045",
        "HR33392005961",
        "HU12892312",
        "IE6433435F",
        "IT00743110157",
        "LT119511515",
        "LU15027442",
        "LV40003521600",
        "MT11679112",
        "NL004495445B01",
        "PL8567346215",
        "PT501964843",
        "RO18547290",
        "SE556188840401",
        "SI50223054",
        "SK2022749619",
        "XI980780684",
    ];

    #[test]
    fn every_state_has_an_accepted_number() {
        for vector in VECTORS {
            assert_eq!(VatNumber::parse(vector).map(|v| v.to_string()).as_deref(), Ok(vector));
        }
    }

    #[test]
    fn separators_and_case_do_not_matter_and_greece_is_el() {
        assert_eq!(VatNumber::parse("gr 094.259-216").unwrap().as_str(), "EL094259216");
    }

    #[test]
    fn an_old_form_and_its_new_one_are_one_number_whatever_the_check_digit() {
        for (old, new) in [
            ("BE403019261", "BE0403019261"),
            ("BE403019262", "BE0403019262"),
            ("EL94259216", "EL094259216"),
            ("GR94259217", "EL094259217"),
            ("NL4495445B01", "NL004495445B01"),
            ("NL14495445B02", "NL014495445B02"),
        ] {
            assert_eq!(VatNumber::parse(old).map(|v| v.to_string()).as_deref(), Ok(new), "{old}");
            assert_eq!(VatNumber::parse(new).map(|v| v.to_string()).as_deref(), Ok(new));
        }
    }

    #[test]
    fn a_failing_check_digit_is_left_to_vies() {
        assert!(VatNumber::parse("DE136695977").is_ok());
        assert!(VatNumber::parse("DE123456789").is_ok());
    }

    #[test]
    fn each_broken_rule_is_named() {
        use VatNumberError::{Pattern, Prefix, Shape};
        for (text, rule) in [
            ("", Pattern),
            ("DE", Pattern),
            ("12345", Pattern),
            ("DE12345678ß", Pattern),
            ("DE/136695976", Pattern),
            ("IE8*49289F", Pattern),
            ("GB980780684", Prefix),
            ("US123456789", Prefix),
            ("DE12345678", Shape),
            ("DE1234567890", Shape),
            ("DEA23456789", Shape),
            ("NL004495445X01", Shape),
            ("IE6433435OX", Shape),
            // These pass through a check of check digits alone.
            ("XIABCDEFGHIJK", Shape),
            ("XIAB123", Shape),
            ("CY123456789", Shape),
            ("BE9123456789", Shape),
            ("ES123456789", Shape),
            ("IEAB12345W", Shape),
        ] {
            assert_eq!(VatNumber::parse(text), Err(rule), "{text}");
        }
    }
}
