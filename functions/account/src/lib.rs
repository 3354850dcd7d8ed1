//! The group `account`: its functions and how they are described.

mod get_me;
mod unmatched;

use description::Group;
use http_edge::{Door, Endpoint, Function};

/// The functions of the group's binary.
pub const FUNCTIONS: [Function; 2] = [
    ("get-me", Door::Callers(|table| Endpoint::reading(table.callers(), get_me::get_me).whatever_the_dpa())),
    ("unmatched", Door::Anyone(unmatched::unmatched)),
];

/// How they are described.
#[must_use]
pub fn described() -> Group {
    Group {
        name: "Account",
        description: "The caller's own organisation, and this documentation.",
        functions: &FUNCTIONS,
        operations: vec![get_me::operation()],
    }
}
