//! `POST /v1/partners/{sellerId}/buyers/{buyerId}/block` and `/unblock`

use description::Operation;
use domain::{Buyer, BuyerStatus, Reader, TEXT, Violations};
use http_edge::{Answer, Call, Problem};
use schemars::JsonSchema;
use serde_json::Value;
use storage::{Change, Decision, ModifyBuyers};

use crate::answers::{answered, shown, shows_buyer};

/// Refuses new business with the buyer from now on.
pub(crate) async fn block_buyer(call: Call, buyers: ModifyBuyers) -> Result<Answer, Problem> {
    set_status(call, buyers, BuyerStatus::Blocked).await
}

/// Allows new business with the buyer again.
pub(crate) async fn unblock_buyer(call: Call, buyers: ModifyBuyers) -> Result<Answer, Problem> {
    set_status(call, buyers, BuyerStatus::Active).await
}

async fn set_status(call: Call, buyers: ModifyBuyers, status: BuyerStatus) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let reason = call.optional_body(StatusChange::parse)?.and_then(|stated| stated.reason);
    let buyer = call.buyer()?;
    let remember = call.remember(&reason)?;
    let decide = |now: &Buyer| {
        if now.status == status {
            return Decision::Keep;
        }
        Decision::Change(Box::new(Change::of_status(now, status, reason.clone())))
    };
    answered(buyers.modify((seller, buyer), &call.cause(), Some(&remember), decide, shown).await?)
}

/// Why the status changes.
#[derive(JsonSchema)]
struct StatusChange {
    /// Kept in the buyer's history for good: no personal data here.
    #[schemars(length(min = 1, max = 500), regex(pattern = TEXT), example = &"Unpaid invoices")]
    reason: Option<String>,
}

impl StatusChange {
    fn parse(body: &Value) -> Result<Self, Violations> {
        let reader = Reader::default();
        let reason = reader.root(body).field("reason");
        let reason = if reason.is_present() { reason.text(1..=500).map(Some) } else { Some(None) };
        reader.finish(reason.map(|reason| Self { reason }))
    }
}

pub(crate) fn block() -> Operation {
    let path = "/v1/partners/{sellerId}/buyers/{buyerId}/block";
    Operation::post("block-buyer", path, "Refuses new business with the buyer from now on.")
        .details("Reads, upserts and business data go on. A buyer that is blocked already is answered unchanged.")
        .optional_body::<StatusChange>()
        .answers(shows_buyer(200, "The buyer, blocked."))
}

pub(crate) fn unblock() -> Operation {
    let path = "/v1/partners/{sellerId}/buyers/{buyerId}/unblock";
    Operation::post("unblock-buyer", path, "Allows new business with the buyer again.")
        .details("A buyer that is not blocked is answered unchanged.")
        .optional_body::<StatusChange>()
        .answers(shows_buyer(200, "The buyer, not blocked."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        boundaries::hold::<StatusChange>(|body| StatusChange::parse(body).is_ok());
    }
}
