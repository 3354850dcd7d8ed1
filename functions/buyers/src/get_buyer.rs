//! `GET /v1/partners/{sellerId}/buyers/{buyerId}`

use http_edge::{Answer, Call, Problem};
use storage::ReadBuyers;

use crate::resource::{BuyerResource, etag};

/// The buyer's business data with its `ETag`; 304 when the client already has that version.
pub(crate) async fn get_buyer(call: Call, buyers: ReadBuyers) -> Result<Answer, Problem> {
    let found = buyers.get(call.seller()?, call.buyer()?).await?;
    let buyer = found.ok_or_else(|| Problem::not_found("buyer"))?;
    let etag = etag(&buyer);
    let answer =
        if call.already_has(&etag) { Answer::empty(304) } else { Answer::json(200, &BuyerResource::from(&buyer)) };
    Ok(answer.with("etag", etag))
}
