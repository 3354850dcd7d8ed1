//! The group `buyers`: its functions and how they are described.

mod answers;
mod block_buyer;
mod find_buyers;
mod get_buyer;
mod get_history;
mod resource;
mod update_buyer;
mod upsert_buyer;

use description::Group;
use http_edge::{Door, Endpoint, Function};

/// The functions of the group's binary.
pub const FUNCTIONS: [Function; 7] = [
    ("block-buyer", Door::Callers(|table| Endpoint::writing(table.modify_buyers(), block_buyer::block_buyer))),
    (
        "find-buyers",
        Door::Callers(|table| Endpoint::reading((table.read_buyers(), table.list_buyers()), find_buyers::find_buyers)),
    ),
    (
        "get-buyer",
        Door::Callers(|table| Endpoint::reading((table.read_buyers(), table.histories()), get_buyer::get_buyer)),
    ),
    ("get-history", Door::Callers(|table| Endpoint::reading(table.histories(), get_history::get_history))),
    ("unblock-buyer", Door::Callers(|table| Endpoint::writing(table.modify_buyers(), block_buyer::unblock_buyer))),
    ("update-buyer", Door::Callers(|table| Endpoint::writing(table.modify_buyers(), update_buyer::update_buyer))),
    ("upsert-buyer", Door::Callers(|table| Endpoint::writing(table.create_buyers(), upsert_buyer::upsert_buyer))),
];

/// How they are described.
#[must_use]
pub fn described() -> Group {
    Group {
        name: "Buyers",
        description: "The buyers of a seller: created, found, changed, blocked, and every change in their history.",
        functions: &FUNCTIONS,
        operations: vec![
            upsert_buyer::operation(),
            find_buyers::operation(),
            get_buyer::operation(),
            update_buyer::operation(),
            block_buyer::block(),
            block_buyer::unblock(),
            get_history::operation(),
        ],
    }
}
