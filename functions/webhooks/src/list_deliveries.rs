//! `GET /v1/webhooks/{webhookId}/deliveries`

use std::str::FromStr;

use description::{Operation, Shown};
use domain::webhook::DeliveryStatus;
use domain::{Instant, PageSize, Reader, Violations};
use http_edge::{Answer, Call, Problem};
use schemars::JsonSchema;
use serde_json::Value;
use storage::{DeliveryFilter, ReadDeliveries};

use crate::delivery_resource::DeliveryList;
use crate::resource::not_found;

/// The deliveries of the last 30 days, page by page, with exact totals.
pub(crate) async fn list_deliveries(call: Call, deliveries: ReadDeliveries) -> Result<Answer, Problem> {
    let (filter, page, size) = call.query(parse)?;
    let id = call.id("webhookId", "webhook endpoint")?;
    let (page, size) = (page as usize, usize::from(size.get()));
    let of = (call.caller.organisation.uuid, &id);
    let found = deliveries.page(of, filter, (page, size), call.at).await?.ok_or_else(not_found)?;
    Ok(Answer::json(200, &DeliveryList::of(&found, (page, size))))
}

/// Which page, from 0.
#[derive(Clone, Copy, Default, JsonSchema)]
#[schemars(inline, transparent, extend("default" = 0))]
struct PageNumber(#[schemars(range(min = 0, max = 1_000_000))] u32);

impl FromStr for PageNumber {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(page @ 0..=1_000_000) => Ok(Self(page)),
            _ => Err("must be a whole number from 0 to 1000000"),
        }
    }
}

/// In what order.
#[derive(Clone, Copy, Default, PartialEq, Eq, JsonSchema)]
#[schemars(inline, extend("default" = "createdAt,desc"))]
enum Sort {
    #[serde(rename = "createdAt,asc")]
    OldestFirst,
    #[default]
    #[serde(rename = "createdAt,desc")]
    NewestFirst,
}

impl FromStr for Sort {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "createdAt,asc" => Ok(Self::OldestFirst),
            "createdAt,desc" => Ok(Self::NewestFirst),
            _ => Err("must be `createdAt,asc` or `createdAt,desc`"),
        }
    }
}

fn parse(query: &Value) -> Result<(DeliveryFilter, u32, PageSize), Violations> {
    let reader = Reader::default();
    let root = reader.root(query);
    let status = root.field("status").if_sent(|node| node.parse(1..=20));
    let since = root.field("since").if_sent(|node| node.parse(1..=40));
    let page: PageNumber = root.field("page").if_sent(|node| node.parse(1..=7)).unwrap_or_default();
    let size = root.field("size").if_sent(|node| node.parse(1..=3)).unwrap_or_default();
    let sort: Sort = root.field("sort").if_sent(|node| node.parse(1..=20)).unwrap_or_default();
    let filter = DeliveryFilter { status, since, oldest_first: sort == Sort::OldestFirst };
    reader.finish(Some((filter, page.0, size)))
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "list-deliveries",
        "/v1/webhooks/{webhookId}/deliveries",
        "The deliveries to a webhook endpoint of the last 30 days, with exact totals.",
    )
    .query::<DeliveryStatus>("status", "Of that status only.")
    .query::<Instant>("since", "Recorded after that only.")
    .query::<PageNumber>("page", "Which page, from 0.")
    .query::<PageSize>("size", "Most items of a page.")
    .query::<Sort>("sort", "By when they were recorded.")
    .answers(Shown::json::<DeliveryList<'static>>(200, "A page of deliveries.").identifies("deliveryId", "/data/0/id"))
}
