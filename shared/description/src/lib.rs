//! How endpoints are described, and the `OpenAPI` document made of the descriptions.
//!
//! A group of functions says of each endpoint, beside its code, what only it knows: method, path, sentence, schemas,
//! answers, its own problems ([`Operation`]). What follows from the rest is not said again: what callers must send
//! and may be refused with comes from the function's [`Endpoint`](http_edge::Endpoint), from the path, and from the
//! presence of a body or a query; it is put together in one place, [`document()`]. Nothing here is part of a function.

mod answer;
pub mod answers;
pub mod boundaries;
mod document;
mod headers;
mod operation;
mod parameters;
mod refusals;
mod schemas;
mod told;

pub use answer::Shown;
pub use document::{About, Group, document};
pub use operation::Operation;
pub use told::Told;
