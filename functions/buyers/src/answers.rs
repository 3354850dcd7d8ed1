//! What the endpoints have in common: how a buyer and a change of it are answered.

use domain::Buyer;
use http_edge::{Answer, Problem};
use storage::Modified;

use crate::resource::{BuyerResource, etag};

/// The buyer as it is now, with its entity tag.
pub(crate) fn shown(buyer: &Buyer) -> Answer {
    Answer::json(200, &BuyerResource::from(buyer)).with("etag", etag(buyer))
}

/// A stored answer, marked as such.
pub(crate) fn replayed(answer: Answer) -> Answer {
    answer.with("idempotent-replayed", "true")
}

/// What the client gets for a change that ended so.
pub(crate) fn answered(modified: Modified<Problem>) -> Result<Answer, Problem> {
    match modified {
        Modified::Done(answer) => Ok(answer),
        Modified::Replayed(answer) => Ok(replayed(answer)),
        Modified::KeyReused => Err(Problem::key_reused()),
        Modified::Refused(problem) => Err(problem),
        Modified::Absent => Err(Problem::not_found("buyer")),
    }
}
