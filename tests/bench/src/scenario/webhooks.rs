//! The answers about webhook endpoints.

use super::{Before, Calls, Expected, Scenario};

impl Scenario {
    /// The scenarios of a function of the group `webhooks`; `plain` makes those that are nothing special.
    pub(super) fn of_webhooks(function: &str, plain: impl Fn(Expected, Calls) -> Self) -> Vec<Self> {
        let again = |status, calls| Self {
            name: "replayed",
            before: Before::PlainEvent,
            ..plain(Expected::Replay(status), calls)
        };
        match function {
            "list-webhooks" => vec![plain(Expected::Success, Calls::Entered(&[("Query", 1)]))],
            "get-webhook" => vec![plain(Expected::Success, Calls::Entered(&[("GetItem", 1)]))],
            "register-webhook" => {
                let registered = Calls::Entered(&[("Encrypt", 1), ("TransactWriteItems", 1)]);
                let told =
                    Calls::Entered(&[("Encrypt", 1), ("TransactWriteItems", 1), ("BatchGetItem", 1), ("Decrypt", 1)]);
                vec![Self { name: "registered", ..plain(Expected::Status(201), registered) }, again(201, told)]
            }
            "rotate-webhook-secret" => {
                let rotated = Calls::Entered(&[("Encrypt", 1), ("BatchGetItem", 1), ("TransactWriteItems", 1)]);
                let told = Calls::Entered(&[("Encrypt", 1), ("BatchGetItem", 2), ("Decrypt", 1)]);
                vec![Self { name: "rotated", ..plain(Expected::Status(200), rotated) }, again(200, told)]
            }
            "update-webhook" => {
                let changed = Calls::Entered(&[("BatchGetItem", 1), ("TransactWriteItems", 1)]);
                let told = Calls::Entered(&[("BatchGetItem", 2)]);
                vec![Self { name: "changed", ..plain(Expected::Status(200), changed) }, again(200, told)]
            }
            _ => {
                let deleted = Calls::Entered(&[("BatchGetItem", 1), ("TransactWriteItems", 1)]);
                let told = Calls::Entered(&[("BatchGetItem", 1)]);
                vec![Self { name: "deleted", ..plain(Expected::Status(204), deleted) }, again(204, told)]
            }
        }
    }
}
