//! What can arrive, and what becomes of it.

use blackbox::{Request, pdf};

use crate::document_endpoints::{Asking, BUYER, FIRST, announce};
use crate::ground::Ground;

/// Bytes that arrive after they were announced, as they were or not.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    /// What is special about it.
    pub(crate) case: &'static str,
    /// What is done before, one after the other, all of it in peace and with success.
    pub(crate) before: &'static [Asking],
    /// What the announced PDF says.
    announced: &'static str,
    /// What the one says that arrives.
    pub(crate) sent: &'static str,
    pub(crate) becomes: Becomes,
}

/// What comes of it.
#[derive(Clone, Copy)]
pub(crate) enum Becomes {
    /// A document, the active one of its type.
    New,
    /// Nothing new: the active document has the very bytes.
    ActiveOne,
    /// Nothing: a problem says why.
    Rejected(&'static str),
}

impl Arrival {
    /// The request that announces it.
    pub(crate) fn announce(&self, ground: &Ground) -> Request {
        announce(ground, &pdf(self.announced))
    }
}

pub(crate) fn arrivals() -> [Arrival; 4] {
    let rejected = Becomes::Rejected("validation-error");
    [
        Arrival { case: "the first", before: &[BUYER], announced: "a", sent: "a", becomes: Becomes::New },
        Arrival { case: "superseding", before: &[BUYER, FIRST], announced: "a", sent: "a", becomes: Becomes::New },
        Arrival {
            case: "the active one's bytes",
            before: &[BUYER, FIRST],
            announced: "first",
            sent: "first",
            becomes: Becomes::ActiveOne,
        },
        Arrival { case: "other bytes", before: &[BUYER, FIRST], announced: "a", sent: "b", becomes: rejected },
    ]
}
