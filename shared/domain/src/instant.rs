//! A moment in time, to the millisecond, as the contract writes it (RFC 3339, UTC).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Milliseconds since 1970-01-01T00:00:00Z. The domain has no clock: instants come in as arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(inline, with = "String", extend("format" = "date-time", "examples" = ["2026-11-22T09:30:00.000Z"]))]
pub struct Instant(i64);

impl Instant {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant and so many seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + seconds * 1000)
    }
}

impl fmt::Display for Instant {
    /// Always with three decimals, so that texts sort as instants do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from_unix_timestamp(self.seconds()).map_err(|_| fmt::Error)?;
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            self.0.rem_euclid(1000)
        )
    }
}

/// The text is not an RFC 3339 instant.
#[derive(Debug, thiserror::Error)]
#[error("must be an RFC 3339 instant such as 2026-11-22T09:30:00Z")]
pub struct NotAnInstant;

impl FromStr for Instant {
    type Err = NotAnInstant;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let at = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| NotAnInstant)?;
        // An offset may lead beyond the year 9999 or before 0000, which cannot be written in UTC.
        OffsetDateTime::from_unix_timestamp(at.unix_timestamp())
            .ok()
            .filter(|at| at.year() >= 0)
            .ok_or(NotAnInstant)?;
        Ok(Self(at.unix_timestamp() * 1000 + i64::from(at.millisecond())))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_and_writes_rfc_3339() {
        let at: Instant = "2026-11-22T09:30:00.5+01:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-22T08:30:00.500Z");
        assert_eq!(at.to_string().parse::<Instant>().unwrap(), at);
        assert!("2026-11-22".parse::<Instant>().is_err());
        assert!("yesterday".parse::<Instant>().is_err());
        for beyond in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+01:00"] {
            assert!(beyond.parse::<Instant>().is_err(), "{beyond} cannot be written in UTC");
        }
    }

    #[test]
    fn instants_before_the_epoch_keep_their_milliseconds() {
        assert_eq!(Instant::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }
}
