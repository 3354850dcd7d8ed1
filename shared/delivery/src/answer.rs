//! How a delivery ended.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Instant;

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// From the name lookup to the end of the answer.
    pub duration: Duration,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered with any 2xx.
    Delivered(Answer),
    /// The receiver answered with something else; a redirect is among it, and is not followed.
    Refused {
        /// What it answered.
        answer: Answer,
        /// Seconds to wait from the answer on, where `Retry-After` says so as a number or a date (RFC 9110, 10.2.3). As the
        /// receiver wrote it: the caller bounds it.
        retry_after: Option<u32>,
    },
    /// There was no answer.
    Failed(Failure),
}

/// What a receiver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The first 1 KiB of the body as text, secrets masked.
    pub excerpt: String,
}

impl Outcome {
    /// The status, if there was an answer.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Delivered(answer) | Self::Refused { answer, .. } => Some(answer.status),
            Self::Failed(_) => None,
        }
    }

    /// 410: the receiver says that nobody listens there any more, and means it for good.
    #[must_use]
    pub const fn is_gone(&self) -> bool {
        matches!(self.status(), Some(410))
    }
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Failure {
    /// The kind.
    pub reason: Reason,
    /// More about it, fit for the owner of the endpoint: no address, no secret.
    pub detail: String,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Reason {
    /// The name has no address, or nobody knows.
    #[error("resolution")]
    Resolution,
    /// The name has no *public* address, or the URL gives an address for a name.
    #[error("forbidden address")]
    ForbiddenAddress,
    /// No address takes connections.
    #[error("connect")]
    Connect,
    /// No TLS: most often a certificate that is not trusted, not of this name, or out of date.
    #[error("tls")]
    Tls,
    /// No connection, or no status, in time.
    #[error("timeout")]
    Timeout,
    /// The connection ended, or what came is not HTTP/1.
    #[error("protocol")]
    Protocol,
}

impl Failure {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

/// The seconds that `Retry-After` asks for at this moment; a date in the past asks for none.
pub(crate) fn retry_after(value: &str, now: Instant) -> Option<u32> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(value.parse().unwrap_or(u32::MAX));
    }
    let at: SystemTime = httpdate::parse_http_date(value).ok()?;
    let at = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let seconds = at.saturating_sub(u64::try_from(now.seconds()).unwrap_or_default());
    Some(u32::try_from(seconds).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_a_number_or_one_of_the_three_dates_of_http() {
        let now = "1994-11-06T08:49:07Z".parse().unwrap();
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999999999999", Some(u32::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30)),
            ("Sun Nov  6 08:49:37 1994", Some(30)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(u32::MAX)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), seconds, "{value}");
        }
    }
}
