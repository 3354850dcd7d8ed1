//! `POST /v1/partners/{sellerId}/buyers/{buyerId}/block` and `/unblock`

use domain::{Buyer, BuyerStatus, Reader, Violations};
use http_edge::{Answer, Call, Problem};
use serde_json::Value;
use storage::{Change, Decision, ModifyBuyers};

use crate::answers::{answered, shown};

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
    let reason = call.optional_body(parse_reason)?.flatten();
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

/// `{reason}`, 1 to 500 characters; it is kept in the buyer's history.
fn parse_reason(body: &Value) -> Result<Option<String>, Violations> {
    let reader = Reader::default();
    let reason = reader.root(body).field("reason");
    let read = if reason.is_present() { reason.text(1..=500).map(Some) } else { Some(None) };
    reader.finish(read)
}
