//! A day of the calendar, as the contract writes it (`YYYY-MM-DD`).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Month, OffsetDateTime};

use crate::Instant;

/// A day from 1900 to 9999, in no time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(inline, with = "String", extend("format" = "date", "examples" = ["2026-11-01"]))]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is not a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a day such as 2026-11-22, from 1900 on")]
pub struct NotADate;

impl Date {
    /// The latest day that it already is somewhere on Earth (UTC+14).
    #[must_use]
    pub fn latest(now: Instant) -> Self {
        let there = OffsetDateTime::from_unix_timestamp(now.plus_seconds(14 * 60 * 60).seconds());
        let day = there.map_or(time::Date::MAX, OffsetDateTime::date);
        Self { year: u16::try_from(day.year()).unwrap_or(u16::MAX), month: day.month().into(), day: day.day() }
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |range: std::ops::Range<usize>| {
            let digits = text.get(range).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<u16>().ok()).ok_or(NotADate)
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        if text.len() != 10 || &text[4..5] != "-" || &text[7..8] != "-" || year < 1900 {
            return Err(NotADate);
        }
        let (month, day) = (month as u8, day as u8);
        let in_calendar =
            Month::try_from(month).ok().and_then(|m| time::Date::from_calendar_date(year.into(), m, day).ok());
        in_calendar.map(|_| Self { year, month, day }).ok_or(NotADate)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_day_that_exists() {
        for day in ["2026-11-22", "2024-02-29", "1900-01-01", "9999-12-31"] {
            assert_eq!(day.parse::<Date>().unwrap().to_string(), day);
        }
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "1899-12-31",
            "26-11-22",
            "2026-1-2",
            "2026/11/22",
            "+026-11-22",
            "2026-11-22T",
            "äöü-ß",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn today_is_whatever_day_it_is_anywhere() {
        let at = |text: &str| Date::latest(text.parse().unwrap()).to_string();
        assert_eq!(at("2026-11-22T09:59:59Z"), "2026-11-22");
        assert_eq!(at("2026-11-22T10:00:00Z"), "2026-11-23");
        assert_eq!(at("2026-12-31T23:00:00Z"), "2027-01-01");
    }
}
