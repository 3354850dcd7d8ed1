//! Webhooks: where a delivery may go, and what it is signed with.

mod target;

pub use target::{LONGEST_TARGET, Plain, Target, TargetError};
