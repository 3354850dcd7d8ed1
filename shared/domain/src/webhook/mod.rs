//! Webhooks: where a delivery may go, and what it is signed with.

mod secret;
mod target;

pub use secret::{Secret, SecretError};
pub use target::{LONGEST_TARGET, Plain, Target, TargetError, public_name};
