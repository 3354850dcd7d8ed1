//! The group `kyc`: its functions and how they are described.

mod get_kyc_status;
mod get_vies_check;
mod list_vies_checks;
mod request_vies_check;
mod vies_check_resource;

use description::Group;
use http_edge::{Door, Endpoint, Function};

/// The functions of the group's binary.
pub const FUNCTIONS: [Function; 4] = [
    ("get-kyc-status", Door::Callers(|table| Endpoint::reading(table.read_kyc(), get_kyc_status::get_kyc_status))),
    (
        "get-vies-check",
        Door::Callers(|table| Endpoint::reading(table.read_vies_checks(), get_vies_check::get_vies_check)),
    ),
    (
        "list-vies-checks",
        Door::Callers(|table| Endpoint::reading(table.read_vies_checks(), list_vies_checks::list_vies_checks)),
    ),
    (
        "request-vies-check",
        Door::Callers(|table| Endpoint::writing(table.request_vies_checks(), request_vies_check::request_vies_check)),
    ),
];

/// How they are described.
#[must_use]
pub fn described() -> Group {
    Group {
        name: "KYC",
        description: "Where a buyer's KYC stands, what still has to happen, and the checks of its VAT number.",
        functions: &FUNCTIONS,
        operations: vec![
            get_kyc_status::operation(),
            request_vies_check::operation(),
            list_vies_checks::operation(),
            get_vies_check::operation(),
        ],
        told: Vec::new(),
    }
}
