//! Which answer of a function is measured, and what leads to it.
//!
//! With each answer stand the AWS calls that it takes. `--check` compares them,
//! so that a lost cache or one more read does not pass unseen. A function that
//! is not listed can be measured, but not checked.

mod deliveries;
mod documents;
mod vies;
mod webhooks;

use serde_json::Value;

use crate::endpoint::Tally;
use crate::event::Event;

/// A change to the function's event.
type Change = fn(Event) -> Event;

/// One kind of answer.
pub(crate) struct Scenario {
    /// Shown in the table; empty for the only one.
    pub(crate) name: &'static str,
    /// What tables and buckets hold beside the seed.
    pub(crate) before: Before,
    /// Variables that are set for it otherwise than in the template.
    pub(crate) variables: &'static [(&'static str, &'static str)],
    change: Change,
    expected: Expected,
    calls: Calls,
    /// The memory that it may take.
    peak: Option<Peak>,
}

/// What a process may at most have had resident, in bytes.
#[derive(Debug, Clone, Copy)]
struct Peak(u64);

/// Operations and how often each is called.
type Operations = &'static [(&'static str, u32)];

/// What the rate limit takes: one update, whatever the answer.
const COUNTED: (&str, u32) = ("UpdateItem of limits", 1);

/// The AWS calls of an invocation.
#[derive(Debug, Clone, Copy)]
enum Calls {
    /// Of a function that callers enter. It reads the issuer's keys when it
    /// starts and who calls once, and counts each request; these are the calls
    /// beside that.
    Entered(Operations),
    /// Of one that nobody enters. It reads once when it starts, to learn which
    /// certificates to trust; these are the calls of each invocation.
    Unentered(Operations),
    /// None at all.
    Nothing,
    /// Nobody said.
    Unlisted,
}

/// A stretch of a process's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Until it wants its first event.
    Start,
    /// Its first invocation.
    First,
    /// Every later one.
    Warm,
}

/// What tables and buckets hold beside the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Before {
    /// Nothing.
    Seed,
    /// A revision whose effect was not sent yet.
    PendingEffect,
    /// What an invocation with the plain event left.
    PlainEvent,
    /// The upload is of 50 MiB.
    LargestUpload,
    /// Other bytes arrived than were announced.
    OtherBytes,
    /// The bytes of the upload are gone.
    NoBytes,
    /// Every object was found clean.
    Scanned,
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
        let plain = |expected, calls| Self {
            name: "",
            before: Before::Seed,
            variables: &[],
            change: |event| event,
            expected,
            calls,
            peak: None,
        };
        match function {
            "get-buyer" => vec![plain(Expected::Success, Calls::Entered(&[("GetItem", 1)]))],
            "get-me" | "find-buyers" | "get-history" | "get-kyc-status" => {
                vec![plain(Expected::Success, Calls::Entered(&[("Query", 1)]))]
            }
            "update-buyer" | "block-buyer" => {
                let changed = Calls::Entered(&[("BatchGetItem", 1), ("TransactWriteItems", 1)]);
                vec![plain(Expected::Success, changed)]
            }
            // The buyer of the seed is not blocked: nothing changes but the receipt.
            "unblock-buyer" => {
                vec![plain(Expected::Success, Calls::Entered(&[("BatchGetItem", 1), ("PutItem", 1)]))]
            }
            "upsert-buyer" => {
                let transaction = Calls::Entered(&[("TransactWriteItems", 1)]);
                let again = Self { before: Before::PlainEvent, ..plain(Expected::Replay(201), transaction) };
                vec![
                    Self { name: "created", ..plain(Expected::Status(201), transaction) },
                    Self { name: "replayed", ..again },
                    Self {
                        name: "unchanged",
                        change: Event::with_new_key,
                        expected: Expected::Status(200),
                        calls: Calls::Entered(&[("TransactWriteItems", 1), ("PutItem", 1)]),
                        ..again
                    },
                    Self {
                        name: "differs",
                        change: |event| event.with_new_key().with_other_company(),
                        expected: Expected::Status(409),
                        ..again
                    },
                ]
            }
            "relay-outbox" => {
                let calls = Calls::Unentered(&[("PutEvents", 1), ("UpdateItem", 1)]);
                vec![Self { before: Before::PendingEffect, ..plain(Expected::Success, calls) }]
            }
            "run-due" => {
                let calls = Calls::Unentered(&[("Query", 16), ("UpdateItem", 2), ("PutEvents", 1)]);
                vec![
                    Self { name: "nothing due", ..plain(Expected::Success, Calls::Unentered(&[("Query", 16)])) },
                    Self { name: "one due", before: Before::PendingEffect, ..plain(Expected::Success, calls) },
                ]
            }
            "send-mail" => {
                let calls = Calls::Unentered(&[("PutItem", 2), ("GetItem", 1), ("SES SendEmail", 1)]);
                let over = plain(Expected::Success, Calls::Unentered(&[("PutItem", 1)]));
                vec![
                    Self { name: "sent", ..plain(Expected::Success, calls) },
                    Self { name: "over", before: Before::PlainEvent, ..over },
                ]
            }
            "list-contacts" => {
                let noted = Calls::Entered(&[("GetItem", 1), ("Query", 1), ("PutItem", 1)]);
                vec![plain(Expected::Success, noted)]
            }
            "add-contact" | "update-contact" => {
                let changed = Calls::Entered(&[("BatchGetItem", 1), ("TransactWriteItems", 1)]);
                let told = Calls::Entered(&[("BatchGetItem", 1), ("GetItem", 1), ("PutItem", 1)]);
                let status = if function == "add-contact" { 201 } else { 200 };
                let again = Self { before: Before::PlainEvent, ..plain(Expected::Replay(status), told) };
                vec![
                    Self { name: "changed", ..plain(Expected::Status(status), changed) },
                    Self { name: "replayed", ..again },
                ]
            }
            "delete-contact" => {
                let changed = Calls::Entered(&[("BatchGetItem", 1), ("TransactWriteItems", 1)]);
                vec![plain(Expected::Status(204), changed)]
            }
            "upload-document" | "start-upload" | "get-upload" | "list-documents" | "get-document"
            | "download-document" | "archive-document" | "register-upload" => Self::of_documents(function, plain),
            "register-webhook"
            | "list-webhooks"
            | "get-webhook"
            | "update-webhook"
            | "delete-webhook"
            | "rotate-webhook-secret" => Self::of_webhooks(function, plain),
            "list-deliveries" | "replay-delivery" | "test-webhook" | "recover-webhook" | "fan-out-event"
            | "deliver-webhook" | "release-deliveries" => Self::of_deliveries(function, plain),
            "request-vies-check" | "list-vies-checks" | "get-vies-check" | "check-vies" => {
                Self::of_vies(function, plain)
            }
            "openapi-document" | "docs-page" => vec![plain(Expected::Success, Calls::Nothing)],
            "unmatched" => vec![plain(Expected::Status(404), Calls::Nothing)],
            _ => vec![plain(Expected::Success, Calls::Unlisted)],
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

    /// In how many processes of the wished number it is measured, at which of the three shares: megabytes take their
    /// time, and nobody gives them the least memory.
    pub(crate) fn thrift(&self, runs: u16) -> (u16, usize) {
        if self.peak.is_some() { (runs.min(3), 2) } else { (runs, 3) }
    }

    /// How many warm invocations show whether it is right: memory may grow for some.
    pub(crate) fn warm_to_check(&self) -> u16 {
        if self.peak.is_some() { 12 } else { 2 }
    }

    /// Whether the process kept to its memory; else what is wrong.
    pub(crate) fn judge_peak(&self, found: u64) -> Result<(), String> {
        match self.peak {
            Some(Peak(most)) if found >= most => {
                let mib = |bytes: u64| bytes.div_ceil(1024 * 1024);
                Err(format!("had {} MiB resident at its peak: should stay below {}", mib(found), mib(most)))
            }
            _ => Ok(()),
        }
    }

    /// Whether a stretch called AWS as often as it should; else what is wrong.
    pub(crate) fn judge_calls(&self, stage: Stage, found: &Tally) -> Result<(), String> {
        let (own, edge): (Operations, Operations) = match (self.calls, stage) {
            (Calls::Entered(_) | Calls::Unentered(_), Stage::Start) => (&[], &[("GetItem", 1)]),
            (Calls::Entered(own), Stage::First) => (own, &[("GetItem", 1), ("BatchGetItem", 1), COUNTED]),
            (Calls::Entered(own), Stage::Warm) => (own, &[COUNTED]),
            (Calls::Unentered(own), _) => (own, &[]),
            (Calls::Nothing, _) => (&[], &[]),
            (Calls::Unlisted, _) => return Err("has no list of AWS calls in scenario.rs to compare with".to_owned()),
        };
        let mut expected = Tally::default();
        for (operation, count) in own.iter().chain(edge) {
            *expected.calls.entry((*operation).to_owned()).or_default() += count;
        }
        if expected.calls == found.calls {
            return Ok(());
        }
        let when = match stage {
            Stage::Start => "before its first event",
            Stage::First => "in its first invocation",
            Stage::Warm => "in a warm invocation",
        };
        Err(format!("made other AWS calls {when}: expected {}, found {}", expected.shown_calls(), found.shown_calls()))
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
    use crate::endpoint::Units;

    fn tally(operations: &[&str]) -> Tally {
        let mut tally = Tally::default();
        for operation in operations {
            tally.add(operation, Units::default());
        }
        tally
    }

    #[test]
    fn who_calls_is_read_once_the_keys_at_the_start_and_each_request_counted() {
        let [scenario] = &Scenario::of("get-buyer")[..] else { panic!("one") };
        let (one, counted) = (tally(&["GetItem"]), tally(&["GetItem", COUNTED.0]));
        let all = tally(&["GetItem", "GetItem", "BatchGetItem", COUNTED.0]);
        assert!(scenario.judge_calls(Stage::Start, &one).is_ok());
        assert!(scenario.judge_calls(Stage::First, &all).is_ok());
        assert!(scenario.judge_calls(Stage::Warm, &counted).is_ok());
        assert!(scenario.judge_calls(Stage::First, &counted).is_err());
        assert!(scenario.judge_calls(Stage::Warm, &one).is_err());
        assert_eq!(
            scenario.judge_calls(Stage::Warm, &all).unwrap_err(),
            "made other AWS calls in a warm invocation: expected GetItem, UpdateItem of limits, \
             found BatchGetItem, 2 × GetItem, UpdateItem of limits"
        );
    }

    #[test]
    fn where_nothing_is_called_one_call_is_too_many() {
        let [scenario] = &Scenario::of("unmatched")[..] else { panic!("one") };
        assert!(scenario.judge_calls(Stage::First, &tally(&[])).is_ok());
        let wrong = scenario.judge_calls(Stage::Start, &tally(&["Query"])).unwrap_err();
        assert!(wrong.ends_with("before its first event: expected none, found Query"), "{wrong}");
    }

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
