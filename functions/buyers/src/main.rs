//! The group `buyers`: one binary, one Lambda function per endpoint.

mod answers;
mod block_buyer;
mod find_buyers;
mod get_buyer;
mod get_history;
mod resource;
mod update_buyer;
mod upsert_buyer;

use http_edge::{Door, Endpoint, Function};

const FUNCTIONS: [Function; 7] = [
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

fn main() -> std::process::ExitCode {
    http_edge::main(&FUNCTIONS)
}
