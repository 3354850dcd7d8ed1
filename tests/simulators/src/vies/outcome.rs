//! Which number leads to which answer.

/// How a check ends.
///
/// | code | outcome | code | outcome |
/// |---|---|---|---|
/// | 100 | valid | 700 | valid, after 20 s |
/// | 200 | not registered | 701 | an HTML page with status 502 |
/// | 201 | `INVALID_INPUT` | 702 | valid, for another number than asked |
/// | 202 | `INVALID_REQUESTER_INFO` | 703 | `VOW-ERR-1` with status 500 |
/// | 300 | `SERVICE_UNAVAILABLE` | 704 | 429 with `Retry-After: 2` |
/// | 301 | `MS_UNAVAILABLE` | 705 | `MS_MAX_CONCURRENT_REQ` twice, then valid |
/// | 302 | `TIMEOUT` | 706 | an HTML page with status 200 |
/// | 400 | `VAT_BLOCKED` | 707 | half an answer, then the connection is cut |
/// | 401 | `IP_BLOCKED` | 708 | `MS_UNAVAILABLE` with status 500 |
/// | 500 | `GLOBAL_MAX_CONCURRENT_REQ` | 709 | `MS_UNAVAILABLE` beside `valid: false` |
/// | 501 | `GLOBAL_MAX_CONCURRENT_REQ_TIME` | 710 | `NEVER_HEARD_OF`, a code that does not exist |
/// | 600 | `MS_MAX_CONCURRENT_REQ` | 711 | `valid` as a text |
/// | 601 | `MS_MAX_CONCURRENT_REQ_TIME` | 712 | valid, in 100 KB |
/// | | | 713 | a redirect |
///
/// Codes below 700 are the Commission's own (its test service takes them as the
/// whole number); those from 700 are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Registered.
    Valid,
    /// Not registered: the only negative verdict there is.
    NotRegistered,
    /// No verdict, for this reason.
    Refused(&'static str),
    /// The same with this status.
    RefusedWith(u16, &'static str),
    /// The same with a boolean beside it that means nothing.
    RefusedBesideFalse(&'static str),
    /// Valid, when the client waits long enough.
    Slow,
    /// HTML instead of JSON, with this status.
    MaintenancePage(u16),
    /// A verdict about a number nobody asked for.
    EchoesAnotherNumber,
    /// HTTP-level throttling.
    TooManyRequests,
    /// Throttled by the member state at first.
    BusyTwiceThenValid,
    /// The connection ends before the answer does.
    CutShort,
    /// A verdict that is no boolean.
    VerdictAsText,
    /// Far more than any answer has.
    Huge,
    /// Somewhere else.
    Redirect,
}

/// Every magic code.
pub const CODES: [&str; 27] = [
    "100", "200", "201", "202", "300", "301", "302", "400", "401", "500", "501", "600", "601", "700", "701", "702",
    "703", "704", "705", "706", "707", "708", "709", "710", "711", "712", "713",
];

impl Outcome {
    /// By the last five digits, but for what follows them in every number of that state: `99` and a code. Anything else
    /// is valid.
    #[must_use]
    pub fn by_magic(state: &str, number: &str) -> Self {
        let digits = match state {
            "NL" => number.split_once('B').map_or(number, |(digits, _)| digits),
            "SE" => number.strip_suffix("01").unwrap_or(number),
            _ => number.trim_end_matches(|last: char| last.is_ascii_alphabetic()),
        };
        let code = digits.len().checked_sub(5).and_then(|start| digits.get(start..)?.strip_prefix("99"));
        match code {
            Some("700") => Self::Slow,
            Some("701") => Self::MaintenancePage(502),
            Some("702") => Self::EchoesAnotherNumber,
            Some("703") => Self::RefusedWith(500, "VOW-ERR-1"),
            Some("704") => Self::TooManyRequests,
            Some("705") => Self::BusyTwiceThenValid,
            Some("706") => Self::MaintenancePage(200),
            Some("707") => Self::CutShort,
            Some("708") => Self::RefusedWith(500, "MS_UNAVAILABLE"),
            Some("709") => Self::RefusedBesideFalse("MS_UNAVAILABLE"),
            Some("710") => Self::Refused("NEVER_HEARD_OF"),
            Some("711") => Self::VerdictAsText,
            Some("712") => Self::Huge,
            Some("713") => Self::Redirect,
            Some(code) => Self::listed(code).unwrap_or(Self::Valid),
            None => Self::Valid,
        }
    }

    /// The test service: the number is the code, the country does not matter.
    #[must_use]
    pub fn of_test_table(number: &str) -> Self {
        Self::listed(number).unwrap_or(Self::Refused("SERVICE_UNAVAILABLE"))
    }

    fn listed(code: &str) -> Option<Self> {
        Some(match code {
            "100" => Self::Valid,
            "200" => Self::NotRegistered,
            "201" => Self::RefusedWith(400, "INVALID_INPUT"),
            "202" => Self::Refused("INVALID_REQUESTER_INFO"),
            "300" => Self::Refused("SERVICE_UNAVAILABLE"),
            "301" => Self::Refused("MS_UNAVAILABLE"),
            "302" => Self::Refused("TIMEOUT"),
            "400" => Self::Refused("VAT_BLOCKED"),
            "401" => Self::Refused("IP_BLOCKED"),
            "500" => Self::Refused("GLOBAL_MAX_CONCURRENT_REQ"),
            "501" => Self::Refused("GLOBAL_MAX_CONCURRENT_REQ_TIME"),
            "600" => Self::Refused("MS_MAX_CONCURRENT_REQ"),
            "601" => Self::Refused("MS_MAX_CONCURRENT_REQ_TIME"),
            _ => return None,
        })
    }
}

/// A VAT number of that state (prefix as VIES has it) for a code: of the state's shape, whatever its check digit.
///
/// # Panics
/// When VIES has no such state.
#[must_use]
pub fn magic_number(state: &str, code: &str) -> String {
    let (before, after) = match state {
        "AT" => ("U123", ""),
        "BE" => ("01234", ""),
        "BG" | "DE" | "EE" | "EL" | "LT" | "PT" | "XI" => ("1234", ""),
        "CY" => ("103", "L"),
        "CZ" | "DK" | "FI" | "HU" | "LU" | "MT" | "SI" => ("123", ""),
        "ES" => ("B12", "J"),
        "FR" => ("401234", ""),
        "HR" | "IT" | "LV" => ("412345", ""),
        "IE" => ("12", "L"),
        "NL" => ("1234", "B01"),
        "PL" | "RO" => ("12345", ""),
        "SE" => ("55612", "01"),
        "SK" => ("20234", ""),
        other => panic!("VIES knows no {other}"),
    };
    format!("{state}{before}99{code}{after}")
}

/// The n-th of a hundred numbers like [`magic_number`]: the two digits before the code are `n`.
///
/// # Panics
/// When VIES has no such state, or it is not one of a hundred.
#[must_use]
pub fn magic_variant(state: &str, code: &str, n: usize) -> String {
    assert!(n < 100, "{n} has more than two digits");
    let mut number = magic_number(state, code);
    let at = number.rfind(&format!("99{code}")).expect("a magic number contains its code");
    number.replace_range(at - 2..at, &format!("{n:02}"));
    number
}
