//! VAT identification numbers of the EU member states and Northern Ireland.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A VAT number in the form VIES knows it: prefix and national number, upper case, no separators
/// (`DE136695976`). Greece is `EL`, Northern Ireland `XI`.
///
/// Only the *shape* is a rule. A failing check digit is no rejection: national authorities issue
/// exceptions, and VIES decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(description = "Without separators, upper case: as VIES knows it.")]
pub struct VatNumber(#[schemars(regex(pattern = pattern()), example = &"DE136695976")] String);

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

    /// The number without its prefix.
    #[must_use]
    pub fn national(&self) -> &str {
        &self.0[2..]
    }

    /// The whole number with its prefix.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The shapes of the national part, as VIES documents them (FAQ, "VAT number structure"); `None` for other prefixes.
/// Small letters are those of [`class`]; all else is itself. After `?` stands a shape that is not all of the rule: the number
/// contains a date of birth, which eu-vat judges.
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
        "DE" | "PT" => &["ndddddddd"],
        "EE" | "EL" => &["ddddddddd"],
        "DK" | "MT" | "SI" => &["nddddddd"],
        "FI" | "HU" | "LU" => &["dddddddd"],
        "ES" => &["edddddddx", "dddddddda"],
        "FR" => &["ffddddddddd"],
        "HR" | "IT" | "LV" => &["ddddddddddd"],
        "IE" => &["dddddddc", "dddddddcc", "dadddddc"],
        "LT" => &["ddddddddd", "dddddddddddd"],
        "NL" => &["dddddddddB0n", "dddddddddBnd"],
        "PL" => &["dddddddddd"],
        "SK" => &["ndgddddddd", "?dddddddddd"],
        "RO" => &["nd", "ndd", "nddd", "ndddd", "nddddd", "ndddddd", "nddddddd", "ndddddddd", "nddddddddd"],
        "SE" => &["dddddddddd01"],
        "XI" => &["ddddddddd", "dddddddddddd", "GDddd", "HAddd"],
        _ => return None,
    })
}

/// What a small letter of a shape stands for.
fn class(letter: u8) -> Option<&'static [RangeInclusive<u8>]> {
    Some(match letter {
        b'd' => &[b'0'..=b'9'],
        b'n' => &[b'1'..=b'9'],
        b'a' => &[b'A'..=b'Z'],
        b'c' => &[b'A'..=b'W'],
        // France writes no I and no O, Spain begins with neither them nor T.
        b'f' => &[b'0'..=b'9', b'A'..=b'H', b'J'..=b'N', b'P'..=b'Z'],
        b'e' => &[b'A'..=b'H', b'J'..=b'N', b'P'..=b'S', b'U'..=b'Z'],
        b'g' => &[b'2'..=b'4', b'7'..=b'9'],
        b'x' => &[b'0'..=b'9', b'A'..=b'Z'],
        _ => return None,
    })
}

fn matches(shape: &str, national: &str) -> bool {
    let fits =
        |(letter, c): (u8, u8)| class(letter).map_or(c == letter, |all| all.iter().any(|some| some.contains(&c)));
    let shape = shape.trim_start_matches('?');
    shape.len() == national.len() && shape.bytes().zip(national.bytes()).all(fits)
}

/// The shapes as one regular expression, for the schema; without those that are not all of a rule.
fn pattern() -> String {
    let written = |letter| match class(letter) {
        Some(ranges) => {
            let range =
                |range: &RangeInclusive<u8>| format!("{}-{}", char::from(*range.start()), char::from(*range.end()));
            format!("[{}]", ranges.iter().map(range).collect::<String>())
        }
        None => char::from(letter).to_string(),
    };
    let letters = || 'A'..='Z';
    let states = letters().flat_map(|first| letters().map(move |second| format!("{first}{second}")));
    let of_state = |state: String| {
        let shapes = shapes(&state)?
            .iter()
            .filter(|shape| !shape.starts_with('?'))
            .map(|shape| shape.bytes().map(written).collect::<String>());
        Some(format!("{state}(?:{})", shapes.collect::<Vec<_>>().join("|")))
    };
    format!("^(?:{})$", states.filter_map(of_state).collect::<Vec<_>>().join("|"))
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

    /// Numbers of that shape, in a fixed order that looks random.
    fn of_shape(state: &str, shape: &str, count: usize) -> Vec<String> {
        let mut seed = 7_u32;
        let mut pick = move |from: &[u8]| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(from[(seed >> 8) as usize % from.len()])
        };
        let mut written = |letter| match class(letter) {
            Some(ranges) => pick(&ranges.iter().cloned().flatten().collect::<Vec<_>>()),
            None => char::from(letter),
        };
        (0..count).map(|_| format!("{state}{}", shape.bytes().map(&mut written).collect::<String>())).collect()
    }

    #[test]
    fn whatever_the_schema_allows_is_taken() {
        let mut refused = Vec::new();
        for vector in VECTORS {
            let state = &vector[..2];
            assert!(pattern().contains(&format!("{state}(?:")), "{state}");
            for shape in shapes(state).unwrap().iter().filter(|shape| !shape.starts_with('?')) {
                let numbers = of_shape(state, shape, 500);
                refused.extend(numbers.into_iter().filter(|number| VatNumber::parse(number).is_err()));
            }
        }
        assert_eq!(refused, Vec::<String>::new());
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
