//! What the endpoints have in common: how a buyer and a change of it are answered.

use description::Shown;
use domain::Buyer;
use http_edge::{Answer, Problem};
use storage::Modified;

use crate::resource::{BuyerResource, etag};

/// The buyer as it is now, with its entity tag.
pub(crate) fn shown(buyer: &Buyer) -> Answer {
    Answer::json(200, &BuyerResource::from(buyer)).with("etag", etag(buyer))
}

/// The description of [`shown`]: with its entity tag, and leading to whatever takes a buyer.
pub(crate) fn shows_buyer(status: u16, description: &'static str) -> Shown {
    Shown::json::<BuyerResource<'static>>(status, description).etag().identifies("buyerId", "/uuid")
}

/// What the client gets for a change that ended so.
pub(crate) fn answered(modified: Modified<Problem>) -> Result<Answer, Problem> {
    match modified {
        Modified::Done(answer) => Ok(answer),
        Modified::Replayed(answer) => Ok(answer.replayed()),
        Modified::KeyReused => Err(Problem::key_reused()),
        Modified::Refused(problem) => Err(problem),
        Modified::Absent => Err(Problem::not_found("buyer")),
    }
}
