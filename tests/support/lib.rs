//! What the tests over the running stack share: callers, requests, and a look behind the curtain.
//!
//! Tests are isolated by seller and organisation, not by restart: each makes its own with [`World::organisation`].

mod alone;
mod api;
mod behind;
mod direct;
mod files;
mod patience;
mod queue;
mod request;
mod signed;
mod stream;
mod world;

pub use api::{Api, Reply, buyer_body, fresh_vat_number, send};
pub use behind::{Behind, Taken, event_file};
pub use direct::{Crew, Direct, Lent};
pub use files::{big_pdf, form, pdf, pdf_with};
pub use patience::{found, until};
pub use queue::{Message, Queue};
pub use request::{Body, Request, Route, routes};
pub use signed::signed_at;
pub use stream::Stream;
pub use world::{Draft, World};
