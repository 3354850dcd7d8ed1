//! `GET /v1/partners/{sellerId}/buyers`, with or without `?vatNumber=`

use description::{Operation, Shown};
use domain::{BuyerId, BuyerStatus, KycMode, PageSize, Reader, VatNumber, Violations};
use http_edge::{Answer, Call, Kind, Listed, Problem};
use schemars::JsonSchema;
use serde_json::Value;
use storage::{BuyerFilter, ListBuyers, ListCursor, ReadBuyers};

use crate::answers::shown;
use crate::resource::BuyerResource;

/// The seller's buyer with that VAT number; without one, all its buyers, newest first, page by page.
pub(crate) async fn find_buyers(call: Call, (one, all): (ReadBuyers, ListBuyers)) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    match call.query(Search::parse)? {
        Search::One(vat_number) => {
            let found = one.get(seller, BuyerId::of(seller, &vat_number)).await?;
            found.as_ref().map(shown).ok_or_else(|| Problem::not_found("buyer"))
        }
        Search::Page { filter, after, size } => {
            let page = all.page(seller, filter, after, size).await?;
            let buyers = page.items.iter().map(BuyerResource::from).collect();
            Ok(Answer::json(200, &Listed::of(buyers, size, page.next)))
        }
    }
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "find-buyers",
        "/v1/partners/{sellerId}/buyers",
        "Finds the buyer with a VAT number, or lists the seller's buyers, newest first.",
    )
    .details(
        "With `vatNumber` the answer is that one buyer with its `ETag`, or 404, and the other parameters mean nothing. A buyer \
         appears in the list a moment after it was created.",
    )
    .query::<VatNumber>("vatNumber", "The one buyer with this number; written as in `upsert-buyer`.")
    .query::<BuyerStatus>("status", "Only buyers of this status.")
    .query::<KycMode>("kycMode", "Only buyers of this mode.")
    .paged()
    .answers(Shown::json::<Found<'static>>(200, "The buyer, or a page of buyers.").with("ETag-of-one"))
    .refuses(Kind::NotFound)
}

/// What is found.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum Found<'b> {
    One(BuyerResource<'b>),
    Page(Listed<BuyerResource<'b>>),
}

/// What is looked for.
#[derive(Debug)]
enum Search {
    One(VatNumber),
    Page { filter: BuyerFilter, after: Option<ListCursor>, size: PageSize },
}

impl Search {
    fn parse(query: &Value) -> Result<Self, Violations> {
        let reader = Reader::default();
        let search = Self::read(&reader, query);
        reader.finish(search)
    }

    fn read(reader: &Reader, query: &Value) -> Option<Self> {
        let root = reader.root(query);
        let vat_number = root.field("vatNumber");
        if vat_number.is_sent() {
            return vat_number.parse(1..=40).map(Self::One);
        }
        let filter = BuyerFilter {
            status: root.field("status").if_sent(|node| node.parse(1..=20)),
            kyc_mode: root.field("kycMode").if_sent(|node| node.parse(1..=20)),
        };
        let after = root.field("cursor").if_sent(|node| node.parse(1..=200));
        let size = root.field("size").if_sent(|node| node.parse(1..=3)).unwrap_or_default();
        Some(Self::Page { filter, after, size })
    }
}
