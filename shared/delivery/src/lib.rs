//! Sends one signed webhook, safely.
//!
//! The URL is a tenant's, so the request goes where a stranger wants it to: this crate sees to it that it goes to the
//! public internet and nowhere else, that nobody can make it last, and that what comes back tells nothing it should not.
//!
//! ```text
//! Target::parse      https, a public name, port 443 or 8443               domain::webhook
//! one lookup         a literal is never looked up                         network
//! the filter         what is not public is dropped, none left is a failure   address
//! the connection     to an address of that list; name and trust checked by TLS
//! the request        signed; no proxy, no redirect, no second lookup      sender, signature
//! the answer         64 KiB read, 1 KiB kept, secrets masked              excerpt
//! ```
//!
//! There is no switch that turns the filter off. Tests put another [`Network`] under it; a local stack allows http to
//! loopback, which needs no lookup.

mod address;
mod answer;
mod excerpt;
mod network;
mod sender;
mod signature;

pub use address::is_public;
pub use answer::{Answer, Attempt, Failure, Outcome, Reason};
pub use network::{Internet, Network};
pub use sender::{LIMITS, Limits, NoTrust, Sender, Webhook};
pub use signature::{Signature, sign};
