//! Which number leads to which answer.

/// How a check ends.
///
/// | code | outcome | code | outcome |
/// |---|---|---|---|
/// | 100 | valid | 500, 501 | `GLOBAL_MAX_CONCURRENT_REQ`, `…_TIME` |
/// | 200 | not registered | 600, 601 | `MS_MAX_CONCURRENT_REQ`, `…_TIME` |
/// | 201 | `INVALID_INPUT` | 700 | valid, after 20 s |
/// | 202 | `INVALID_REQUESTER_INFO` | 701 | an HTML page with status 502 |
/// | 300 | `SERVICE_UNAVAILABLE` | 702 | valid, for another number than asked |
/// | 301 | `MS_UNAVAILABLE` | 703 | `VOW-ERR-1` with status 500 |
/// | 302 | `TIMEOUT` | 704 | 429 with `Retry-After: 2` |
/// | 400, 401 | `VAT_BLOCKED`, `IP_BLOCKED` | 705 | `MS_MAX_CONCURRENT_REQ` twice, then valid |
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
    /// Valid, when the client waits long enough.
    Slow,
    /// HTML instead of JSON.
    MaintenancePage,
    /// A verdict about a number nobody asked for.
    EchoesAnotherNumber,
    /// HTTP-level throttling.
    TooManyRequests,
    /// Throttled by the member state at first.
    BusyTwiceThenValid,
}

impl Outcome {
    /// By the last five digits: `99` and a code. Anything else is valid.
    #[must_use]
    pub fn by_magic(number: &str) -> Self {
        let digits = match number.rsplit_once('B') {
            Some((digits, suffix)) if digits.len() == 9 && suffix.len() == 2 => digits, // the Netherlands
            _ => number.trim_end_matches(|last: char| last.is_ascii_alphabetic()),
        };
        let code = digits.len().checked_sub(5).and_then(|start| digits.get(start..)?.strip_prefix("99"));
        match code {
            Some("700") => Self::Slow,
            Some("701") => Self::MaintenancePage,
            Some("702") => Self::EchoesAnotherNumber,
            Some("703") => Self::Refused("VOW-ERR-1"),
            Some("704") => Self::TooManyRequests,
            Some("705") => Self::BusyTwiceThenValid,
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
            "201" => Self::Refused("INVALID_INPUT"),
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
