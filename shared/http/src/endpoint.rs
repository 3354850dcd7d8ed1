//! An endpoint: a handler, and what must be true before it is called.

use std::pin::Pin;
use std::sync::Arc;

use aws::{Aws, NotSet};
use domain::Capability;
use storage::{Answer, Table};

use crate::{Call, Problem, Publication, Visit};

type Answering = Pin<Box<dyn Future<Output = Result<Answer, Problem>> + Send>>;

/// A handler with its store, behind one pointer: the group's binary has one Lambda loop for all of them.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) handler: Arc<dyn Fn(Call) -> Answering + Send + Sync>,
    pub(crate) writes: bool,
    pub(crate) dpa: bool,
    pub(crate) capability: Option<Capability>,
}

impl Endpoint {
    /// An endpoint that reads: no idempotency key.
    pub fn reading<S, H, F>(store: S, handler: H) -> Self
    where
        S: Clone + Send + Sync + 'static,
        H: Fn(Call, S) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        let handler = Arc::new(move |call| Box::pin(handler(call, store.clone())) as Answering);
        Self { handler, writes: false, dpa: true, capability: None }
    }

    /// An endpoint that writes: an idempotency key is required.
    pub fn writing<S, H, F>(store: S, handler: H) -> Self
    where
        S: Clone + Send + Sync + 'static,
        H: Fn(Call, S) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        Self { writes: true, ..Self::reading(store, handler) }
    }

    /// The same, open to organisations that have not accepted the data processing agreement.
    #[must_use]
    pub fn whatever_the_dpa(self) -> Self {
        Self { dpa: false, ..self }
    }

    /// The same, for organisations with this capability.
    #[must_use]
    pub fn needing(self, capability: Capability) -> Self {
        Self { capability: Some(capability), ..self }
    }
}

/// What an endpoint asks of its callers, for its description.
impl Endpoint {
    /// Whether it needs an idempotency key.
    #[must_use]
    pub const fn writes(&self) -> bool {
        self.writes
    }

    /// Whether the data processing agreement must be accepted.
    #[must_use]
    pub const fn asks_for_dpa(&self) -> bool {
        self.dpa
    }

    /// What the organisation must be allowed to.
    #[must_use]
    pub const fn capability(&self) -> Option<Capability> {
        self.capability
    }
}

/// What the template tells a function, by name.
pub type Environment<'e> = dyn Fn(&'static str) -> Result<String, NotSet> + 'e;

/// How a function is entered.
#[derive(Clone, Copy)]
pub enum Door {
    /// By authenticated callers.
    Callers(fn(&Table) -> Endpoint),
    /// The same, with more than the table to open.
    Opening(fn(&Table, &Aws, &Environment) -> Result<Endpoint, NotSet>),
    /// By anyone, with nothing but a path; there is no store behind it.
    Anyone(fn(&Visit) -> Result<Publication, Problem>),
}
