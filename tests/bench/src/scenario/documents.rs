//! The answers about documents.

use super::{Before, Calls, Expected, Peak, Scenario};
use crate::event::Event;

const MIB: u64 = 1024 * 1024;

/// An upload of 4 MiB arrives as 5.6 MB of text, is decoded, taken apart and put away.
const OF_A_FORM: Peak = Peak(32 * MIB);
/// An upload of 50 MiB streams by.
const OF_A_REGISTRATION: Peak = Peak(24 * MIB);

impl Scenario {
    /// The scenarios of a function of the group `documents`; `plain` makes those that are nothing special.
    pub(super) fn of_documents(function: &str, plain: impl Fn(Expected, Calls) -> Self) -> Vec<Self> {
        match function {
            "upload-document" => uploads(plain),
            "start-upload" => {
                let announced = Calls::Entered(&[("TransactWriteItems", 1)]);
                vec![
                    Self { name: "announced", ..plain(Expected::Status(201), announced) },
                    Self { name: "replayed", before: Before::PlainEvent, ..plain(Expected::Replay(201), announced) },
                ]
            }
            "get-upload" => vec![plain(Expected::Success, Calls::Entered(&[("GetItem", 1)]))],
            "list-documents" => vec![plain(Expected::Success, Calls::Entered(&[("Query", 2)]))],
            "get-document" => vec![plain(Expected::Success, Calls::Entered(&[("BatchGetItem", 1)]))],
            "download-document" => downloads(plain),
            "archive-document" => {
                let archived = Calls::Entered(&[("BatchGetItem", 1), ("TransactWriteItems", 1)]);
                let told = Calls::Entered(&[("BatchGetItem", 1), ("GetItem", 1)]);
                vec![
                    Self { name: "archived", ..plain(Expected::Status(200), archived) },
                    Self { name: "replayed", before: Before::PlainEvent, ..plain(Expected::Replay(200), told) },
                ]
            }
            _ => registrations(plain),
        }
    }
}

fn uploads(plain: impl Fn(Expected, Calls) -> Scenario) -> Vec<Scenario> {
    let created = Calls::Entered(&[("BatchGetItem", 1), ("S3 PutObject", 1), ("TransactWriteItems", 1)]);
    let told = Calls::Entered(&[("BatchGetItem", 1), ("GetItem", 1)]);
    let unchanged = Calls::Entered(&[("BatchGetItem", 1), ("GetItem", 1), ("PutItem", 1)]);
    vec![
        Scenario { name: "created", ..plain(Expected::Status(201), created) },
        Scenario { name: "replayed", before: Before::PlainEvent, ..plain(Expected::Replay(201), told) },
        Scenario {
            name: "unchanged",
            before: Before::PlainEvent,
            change: Event::with_new_key,
            ..plain(Expected::Status(200), unchanged)
        },
        Scenario {
            name: "4 MiB",
            change: Event::with_largest_file,
            peak: Some(OF_A_FORM),
            ..plain(Expected::Status(201), created)
        },
    ]
}

fn downloads(plain: impl Fn(Expected, Calls) -> Scenario) -> Vec<Scenario> {
    let noted = Calls::Entered(&[("BatchGetItem", 1), ("PutItem", 1)]);
    let checked = Calls::Entered(&[("BatchGetItem", 1), ("S3 GetObjectTagging", 1), ("PutItem", 1)]);
    let waiting = Calls::Entered(&[("BatchGetItem", 1), ("S3 GetObjectTagging", 1)]);
    let variables: &[_] = &[("MALWARE_SCAN", "true")];
    vec![
        Scenario { name: "link", ..plain(Expected::Status(302), noted) },
        Scenario { name: "scanned", before: Before::Scanned, variables, ..plain(Expected::Status(302), checked) },
        Scenario { name: "not scanned yet", variables, ..plain(Expected::Status(409), waiting) },
    ]
}

fn registrations(plain: impl Fn(Expected, Calls) -> Scenario) -> Vec<Scenario> {
    let registered = Calls::Unentered(&[
        ("GetItem", 1),
        ("S3 GetObject", 1),
        ("BatchGetItem", 1),
        ("S3 CopyObject", 1),
        ("TransactWriteItems", 1),
        ("S3 DeleteObject", 1),
    ]);
    let rejected = Calls::Unentered(&[("GetItem", 1), ("S3 GetObject", 1), ("PutItem", 1), ("S3 DeleteObject", 1)]);
    let over = Calls::Unentered(&[("GetItem", 1), ("S3 DeleteObject", 1)]);
    let gone = Calls::Unentered(&[("GetItem", 1), ("S3 GetObject", 1)]);
    vec![
        Scenario { name: "registered", ..plain(Expected::Success, registered) },
        Scenario {
            name: "50 MiB",
            before: Before::LargestUpload,
            peak: Some(OF_A_REGISTRATION),
            ..plain(Expected::Success, registered)
        },
        Scenario { name: "rejected", before: Before::OtherBytes, ..plain(Expected::Success, rejected) },
        Scenario { name: "over", before: Before::PlainEvent, ..plain(Expected::Success, over) },
        Scenario { name: "gone", before: Before::NoBytes, ..plain(Expected::Success, gone) },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_stays_below_its_peak() {
        let scenarios = Scenario::of("upload-document");
        let form = scenarios.iter().find(|scenario| scenario.name == "4 MiB").unwrap();
        assert!(form.judge_peak(32 * MIB - 1).is_ok());
        assert_eq!(form.judge_peak(33 * MIB).unwrap_err(), "had 33 MiB resident at its peak: should stay below 32");
        assert!(scenarios[0].judge_peak(u64::MAX).is_ok(), "nobody set a limit");
    }
}
