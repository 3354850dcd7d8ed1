//! The group `account`: its functions and how they are described.

mod docs_page;
mod get_me;
mod openapi_document;
mod unmatched;

use description::Group;
use http_edge::{Door, Endpoint, Function};

/// The functions of the group's binary.
pub const FUNCTIONS: [Function; 4] = [
    ("docs-page", Door::Anyone(docs_page::docs_page)),
    ("get-me", Door::Callers(|table| Endpoint::reading(table.callers(), get_me::get_me).whatever_the_dpa())),
    ("openapi-document", Door::Anyone(openapi_document::openapi_document)),
    ("unmatched", Door::Anyone(unmatched::unmatched)),
];

/// How they are described.
#[must_use]
pub fn described() -> Group {
    let mut operations = vec![get_me::operation(), openapi_document::operation()];
    operations.extend(docs_page::operations());
    Group {
        name: "Account",
        description: "The caller's own organisation, and this documentation.",
        functions: &FUNCTIONS,
        operations,
        told: Vec::new(),
    }
}
