//! The group `kyc`: its functions and how they are described.

mod get_kyc_status;

use description::Group;
use http_edge::{Door, Endpoint, Function};

/// The functions of the group's binary.
pub const FUNCTIONS: [Function; 1] =
    [("get-kyc-status", Door::Callers(|table| Endpoint::reading(table.read_kyc(), get_kyc_status::get_kyc_status)))];

/// How they are described.
#[must_use]
pub fn described() -> Group {
    Group {
        name: "KYC",
        description: "Where a buyer's KYC stands, and what still has to happen.",
        functions: &FUNCTIONS,
        operations: vec![get_kyc_status::operation()],
    }
}
