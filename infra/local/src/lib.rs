//! The local stack: the real template, the real binaries, no Docker, no account.
//!
//! As a program (`cargo local`) it starts everything and keeps it running. As a
//! library it lets tests find the stack ([`test_stack()`]), look at it ([`Stack`]), and
//! break a copy of it ([`Stack::deploy_beside`]).
//!
//! What runs, all on loopback:
//!
//! ```text
//! client ─▶ gateway ─▶ emulator ─▶ function ─▶ emulator (DynamoDB, SQS, ...)
//!    └──▶ identity provider ◀───────┘  └─▶ VIES, webhook sink
//! ```
//!
//! Gateway and simulators live in the runner's process, the emulator and the
//! functions under a guard that ends them when the runner ends, however it ends.

mod deployment;
mod emulator;
mod failure;
mod functions;
mod gateway;
mod guard;
mod places;
mod ports;
mod process;
mod report;
mod samconfig;
mod sandbox;
mod secrets;
mod stack;
mod template;
mod test_stack;
mod up;
mod venv;

pub use deployment::{Configuration, Deployment};
pub use emulator::Invoked;
pub use failure::Failure;
pub use gateway::Gateway;
#[doc(hidden)]
pub use guard::{guard, guarded};
pub use ports::DEFAULT_BASE as DEFAULT_PORT;
pub use report::addresses;
pub use stack::{Beside, Organization, Seller, Stack};
pub use test_stack::{STACK_VARIABLE, test_stack};
pub use up::{Options, up};
