//! The answers of the functions of VIES checks.

use super::{Before, Calls, Expected, Scenario};

impl Scenario {
    pub(super) fn of_vies(function: &str, plain: impl Fn(Expected, Calls) -> Self) -> Vec<Self> {
        match function {
            "get-vies-check" => vec![plain(Expected::Success, Calls::Entered(&[("GetItem", 1)]))],
            "list-vies-checks" => vec![plain(Expected::Success, Calls::Entered(&[("GetItem", 1), ("Query", 1)]))],
            // One is open: nothing is written but the receipt.
            "request-vies-check" => {
                vec![plain(Expected::Status(202), Calls::Entered(&[("BatchGetItem", 1), ("PutItem", 1)]))]
            }
            // Read the check and its buyer, and who acts for the seller; ask VIES; read what is to change, and change it.
            "check-vies" => {
                let calls = Calls::Unentered(&[("BatchGetItem", 3), ("Query", 1), ("TransactWriteItems", 1)]);
                let over = plain(Expected::Success, Calls::Unentered(&[("BatchGetItem", 1)]));
                vec![
                    Self { name: "asked", ..plain(Expected::Success, calls) },
                    Self { name: "over", before: Before::PlainEvent, ..over },
                ]
            }
            _ => vec![plain(Expected::Success, Calls::Unlisted)],
        }
    }
}
