//! The answers about deliveries to webhook endpoints, and the workers that make them.

use super::{Before, Calls, Expected, Scenario};

impl Scenario {
    /// A delivery to a receiver on this machine that takes it.
    pub(crate) fn delivered() -> Self {
        Self {
            name: "delivered",
            before: Before::Seed,
            variables: &[("WEBHOOK_TARGETS", "https-and-loopback")],
            change: |event| event,
            expected: Expected::Success,
            calls: Calls::Unentered(&[("BatchGetItem", 1), ("Decrypt", 1), ("GetItem", 1), ("PutItem", 1)]),
            peak: None,
        }
    }

    /// The scenarios of a function about deliveries; `plain` makes those that are nothing special.
    pub(super) fn of_deliveries(function: &str, plain: impl Fn(Expected, Calls) -> Self) -> Vec<Self> {
        let ordered = Calls::Entered(&[("BatchGetItem", 1), ("TransactWriteItems", 1)]);
        let told = Calls::Entered(&[("BatchGetItem", 1)]);
        match function {
            // Of an endpoint without deliveries; one more read for a page of them.
            "list-deliveries" => vec![plain(Expected::Success, Calls::Entered(&[("GetItem", 1), ("Query", 1)]))],
            // The seed has no delivery.
            "replay-delivery" => vec![Self { name: "absent", ..plain(Expected::Status(404), told) }],
            "test-webhook" | "recover-webhook" => vec![
                Self { name: "ordered", ..plain(Expected::Status(202), ordered) },
                Self { name: "replayed", before: Before::PlainEvent, ..plain(Expected::Replay(202), told) },
            ],
            "fan-out-event" => {
                let recorded =
                    Calls::Unentered(&[("Query", 2), ("BatchGetItem", 1), ("PutItem", 1), ("SendMessage", 1)]);
                let seen = Self { before: Before::PlainEvent, ..plain(Expected::Success, recorded) };
                vec![
                    Self { name: "recorded", ..plain(Expected::Success, recorded) },
                    Self { name: "seen again", ..seen },
                ]
            }
            // There is no delivery: what an attempt takes depends on its receiver.
            "deliver-webhook" => {
                vec![Self { name: "absent", ..plain(Expected::Success, Calls::Unentered(&[("BatchGetItem", 1)])) }]
            }
            _ => vec![plain(Expected::Success, Calls::Unentered(&[("GetItem", 1), ("Query", 1)]))],
        }
    }
}
