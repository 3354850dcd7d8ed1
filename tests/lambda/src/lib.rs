//! A function as Lambda runs it: a process that asks a Runtime API for events. The Runtime API is ours.
//!
//! So a function can be measured, which the bench does with [`runtime_api`] and a process of its own making, and it
//! can be killed at any moment and started again, which tests do with [`Function`].

mod environment;
mod function;
pub mod runtime_api;

pub use environment::Setting;
pub use function::{Function, Life, Program, Unanswered};
