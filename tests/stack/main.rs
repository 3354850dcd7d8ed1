//! Tests over the running stack: real template, real binaries, over HTTP.

mod admission;
mod block_buyer;
mod concurrency;
mod find_buyers;
mod functions;
mod get_buyer;
mod get_history;
mod get_me;
mod history;
mod idempotency;
mod issuer;
mod malformed;
mod modify;
mod operators;
mod outbox;
mod rights;
mod template;
mod tokens;
mod unmatched;
mod update_buyer;
mod upsert;
mod walk;
