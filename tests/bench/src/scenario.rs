//! Which answer of a function is measured, and what leads to it.
//!
//! A function is one scenario, its event and a success, unless it is listed
//! here: one whose answers cost differently, or whose right answer is no 2xx.

use serde_json::Value;

use crate::event::Event;

/// A change to the function's event.
type Change = fn(Event) -> Event;

/// One kind of answer.
pub(crate) struct Scenario {
    /// Shown in the table; empty for the only one.
    pub(crate) name: &'static str,
    /// What the tables hold beside the seed.
    pub(crate) before: Before,
    change: Change,
    expected: Expected,
}

/// What the tables hold beside the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing.
    Seed,
    /// A revision whose effect was not sent yet.
    PendingEffect,
    /// What an invocation with the plain event left.
    PlainEvent,
}

#[derive(Debug, Clone, Copy)]
enum Expected {
    /// 2xx over HTTP; a whole batch from a queue or a stream.
    Success,
    Status(u16),
    /// This status, and `Idempotent-Replayed`.
    Replay(u16),
}

impl Scenario {
    /// The scenarios of `function`, the plain event first.
    pub(crate) fn of(function: &str) -> Vec<Self> {
        let plain = |expected| Self { name: "", before: Before::Seed, change: |event| event, expected };
        match function {
            "upsert-buyer" => vec![
                Self { name: "created", ..plain(Expected::Status(201)) },
                Self { name: "replayed", before: Before::PlainEvent, ..plain(Expected::Replay(201)) },
                Self {
                    name: "unchanged",
                    before: Before::PlainEvent,
                    change: Event::with_new_key,
                    expected: Expected::Status(200),
                },
                Self {
                    name: "differs",
                    before: Before::PlainEvent,
                    change: |event| event.with_new_key().with_other_company(),
                    expected: Expected::Status(409),
                },
            ],
            "relay-outbox" => vec![Self { before: Before::PendingEffect, ..plain(Expected::Success) }],
            "run-due" => vec![
                Self { name: "nothing due", ..plain(Expected::Success) },
                Self { name: "one due", before: Before::PendingEffect, ..plain(Expected::Success) },
            ],
            "unmatched" => vec![plain(Expected::Status(404))],
            _ => vec![plain(Expected::Success)],
        }
    }

    /// The event that leads to the answer.
    pub(crate) fn event(&self, plain: &Event) -> Event {
        (self.change)(plain.clone())
    }

    /// Whether `answer` is the one meant; else what is wrong with it.
    pub(crate) fn judge(&self, answer: &Value) -> Result<(), String> {
        let status = answer["statusCode"].as_u64();
        let right = match self.expected {
            Expected::Success => status.map_or_else(|| whole_batch(answer), |status| (200..300).contains(&status)),
            Expected::Status(expected) => status == Some(expected.into()),
            Expected::Replay(expected) => status == Some(expected.into()) && is_replay(answer),
        };
        if right { Ok(()) } else { Err(format!("expected {:?}, got {answer}", self.expected)) }
    }
}

fn whole_batch(answer: &Value) -> bool {
    answer["batchItemFailures"].as_array().is_none_or(Vec::is_empty)
}

fn is_replay(answer: &Value) -> bool {
    let headers = answer["headers"].as_object();
    headers
        .into_iter()
        .flatten()
        .any(|(name, value)| name.eq_ignore_ascii_case("idempotent-replayed") && value == "true")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn success_is_2xx_or_a_whole_batch() {
        let [scenario] = &Scenario::of("any")[..] else { panic!("one") };
        assert!(scenario.judge(&json!({ "statusCode": 204 })).is_ok());
        assert!(scenario.judge(&json!({ "statusCode": 401 })).is_err());
        assert!(scenario.judge(&json!({ "batchItemFailures": [] })).is_ok());
        assert!(scenario.judge(&json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] })).is_err());
        assert!(scenario.judge(&Value::Null).is_ok());
    }

    #[test]
    fn a_replay_says_so() {
        let scenarios = Scenario::of("upsert-buyer");
        let fresh = json!({ "statusCode": 201, "headers": { "etag": "\"0\"" } });
        let replay = json!({ "statusCode": 201, "headers": { "idempotent-replayed": "true" } });
        assert!(scenarios[0].judge(&fresh).is_ok());
        assert!(scenarios[1].judge(&fresh).is_err());
        assert!(scenarios[1].judge(&replay).is_ok());
    }
}
