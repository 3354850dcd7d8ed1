//! `GET /v1/partners/{sellerId}/buyers/{buyerId}`, as it is or as it was

use description::Operation;
use domain::{Instant, Reader, Revision, Violations};
use http_edge::{Answer, Call, Problem};
use schemars::JsonSchema;
use serde_json::Value;
use storage::{Histories, ReadBuyers};

use crate::answers::{shown, shows_buyer};
use crate::resource::etag;

/// The buyer's business data with its `ETag`; 304 when the client already has that version. With `?version=` or
/// `?at=` as its history says it was.
pub(crate) async fn get_buyer(call: Call, (buyers, histories): (ReadBuyers, Histories)) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let when = call.query(When::parse)?;
    let buyer = call.buyer()?;
    let found = match when {
        When::Now => buyers.get(seller, buyer).await?,
        When::Version(version) => {
            let reaches = |revision: &Revision| revision.version <= version;
            histories.as_of((seller, buyer), reaches).await?.filter(|buyer| buyer.version == version)
        }
        When::At(at) => histories.as_of((seller, buyer), |revision: &Revision| revision.cause.at <= at).await?,
    };
    let buyer = found.ok_or_else(|| Problem::not_found("buyer"))?;
    let etag = etag(&buyer);
    Ok(if call.already_has(&etag) { Answer::empty(304).with("etag", etag) } else { shown(&buyer) })
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "get-buyer",
        "/v1/partners/{sellerId}/buyers/{buyerId}",
        "Shows the buyer's business data, as it is or as it was.",
    )
    .query::<Version>("version", "As it was in this version; not beside `at`.")
    .query::<Instant>("at", "As it was at this instant (RFC 3339).")
    .if_none_match()
    .answers(shows_buyer(200, "The buyer."))
}

/// A version in a query: at most twelve digits.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct Version(#[schemars(range(max = 999_999_999_999_u64))] u64);

/// As of when.
enum When {
    Now,
    Version(u64),
    At(Instant),
}

impl When {
    fn parse(query: &Value) -> Result<Self, Violations> {
        let reader = Reader::default();
        let root = reader.root(query);
        let (version, at) = (root.field("version"), root.field("at"));
        if version.is_sent() && at.is_sent() {
            at.refuse("must not stand beside `version`");
        }
        let when = if version.is_sent() {
            let number = version.text(1..=12).and_then(|text| text.parse().ok());
            if number.is_none() {
                version.refuse("must be a version: a whole number from 0");
            }
            number.map(Self::Version)
        } else if at.is_sent() {
            at.parse(1..=40).map(Self::At)
        } else {
            Some(Self::Now)
        };
        reader.finish(when)
    }
}
