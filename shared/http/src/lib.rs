//! The edge of an endpoint: what happens before and after a handler, the same for all of them.
//!
//! A handler is an `async fn(Call, Store) -> Result<Answer, Problem>` that reads like its sentence in the
//! API guide. What it need not say again is here, always in the order the API promises:
//! 401 → 403 (DPA) → 429 → 403 (seller, capability of the route) → 400 (headers), and then, called by the
//! handler, 415/413/400 (body) → 422 (validation); the rest is the handler's own.

mod call;
mod caller;
mod endpoint;
mod event;
mod function;
mod issuer;
mod json;
mod limits;
mod page;
mod problem;
mod settings;
mod token;
mod visit;

pub use call::Call;
pub use caller::Caller;
pub use endpoint::{Door, Endpoint, Environment};
pub use function::{Function, LONGEST_KEY, main, serve};
pub use page::Listed;
pub use problem::{Kind, Problem, ProblemBody};
pub use storage::Answer;
pub use visit::{Publication, Visit};
