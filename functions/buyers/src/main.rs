//! The group `buyers`: one binary, one Lambda function per endpoint.

mod get_buyer;
mod resource;
mod upsert_buyer;

use http_edge::{Door, Endpoint, Function};

const FUNCTIONS: [Function; 2] = [
    ("get-buyer", Door::Callers(|table| Endpoint::reading(table.read_buyers(), get_buyer::get_buyer))),
    ("upsert-buyer", Door::Callers(|table| Endpoint::writing(table.create_buyers(), upsert_buyer::upsert_buyer))),
];

fn main() -> std::process::ExitCode {
    http_edge::main(&FUNCTIONS)
}
