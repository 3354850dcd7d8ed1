//! `GET /v1/partners/{sellerId}/buyers/{buyerId}/kyc/vies-checks`

use description::{Operation, Shown};
use domain::{CheckId, PageSize, Reader, Violations};
use http_edge::{Answer, Call, Listed, Problem};
use serde_json::Value;
use storage::ReadViesChecks;

use crate::vies_check_resource::ViesCheckResource;

/// The checks of the buyer's VAT number, newest first, page by page.
pub(crate) async fn list_vies_checks(call: Call, checks: ReadViesChecks) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let (before, size) = call.query(parse)?;
    let page = checks.page((seller, call.buyer()?), before, size).await?;
    let page = page.ok_or_else(|| Problem::not_found("buyer"))?;
    let shown = page.items.iter().map(ViesCheckResource::of).collect();
    Ok(Answer::json(200, &Listed::of(shown, size, page.next)))
}

fn parse(query: &Value) -> Result<(Option<CheckId>, PageSize), Violations> {
    let reader = Reader::default();
    let root = reader.root(query);
    let before = root.field("cursor").if_sent(|node| node.parse(1..=36));
    let size = root.field("size").if_sent(|node| node.parse(1..=3)).unwrap_or_default();
    reader.finish(Some((before, size)))
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "list-vies-checks",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc/vies-checks",
        "The checks of the buyer's VAT number, newest first.",
    )
    .paged()
    .answers(Shown::json::<Listed<ViesCheckResource<'static>>>(200, "A page of checks."))
}
