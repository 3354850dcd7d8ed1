//! The group `account`: one binary, one Lambda function per endpoint.

mod get_me;
mod unmatched;

use http_edge::{Door, Endpoint, Function};

const FUNCTIONS: [Function; 2] = [
    ("get-me", Door::Callers(|table| Endpoint::reading(table.callers(), get_me::get_me).whatever_the_dpa())),
    ("unmatched", Door::Anyone(unmatched::unmatched)),
];

fn main() -> std::process::ExitCode {
    http_edge::main(&FUNCTIONS)
}
