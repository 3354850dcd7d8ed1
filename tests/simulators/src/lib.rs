//! Stand-ins for the systems we talk to but do not own.
//!
//! Each is a small HTTP server on loopback that keeps the real contract, makes
//! every outcome reproducible (magic numbers, admin calls), and can fail on
//! order. The local stack runs them in its own process; a test may also start
//! its own, with `start(0)` for a free port.
//!
//! Admin calls live under `/_simulator/`, a path no real counterpart has, so a
//! client of the real thing cannot trip over them.
//!
//! [`Scripted`] is none of them: it stands in for anything, for one test, and does what its script says. Neither is
//! [`FaultProxy`]: it stands before the real thing, and breaks the way there.

pub mod fault_proxy;
pub mod identity_provider;
pub mod rsa_key;
pub mod scripted;
mod serving;
pub mod vies;
pub mod webhook_sink;

pub use fault_proxy::FaultProxy;
pub use identity_provider::IdentityProvider;
pub use scripted::Scripted;
pub use vies::Vies;
pub use webhook_sink::WebhookSink;
