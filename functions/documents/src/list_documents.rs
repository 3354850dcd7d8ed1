//! `GET /v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents`

use description::{Operation, Shown};
use domain::{DocumentStatus, DocumentType, Node, PageSize, Reader, Violations};
use http_edge::{Answer, Call, Listed, Problem};
use serde_json::Value;
use storage::{DocumentFilter, ReadDocuments};

use crate::resource::DocumentResource;

/// The buyer's documents, newest first, page by page.
pub(crate) async fn list_documents(call: Call, documents: ReadDocuments) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let (filter, before, size) = call.query(parse)?;
    let buyer = call.buyer()?;
    let page = documents.page((seller, buyer), filter, before, size).await?;
    let page = page.ok_or_else(|| Problem::not_found("buyer"))?;
    let viewer = call.caller.organisation.uuid;
    let shown = page.items.iter().map(|(document, status)| DocumentResource::of(document, *status, viewer));
    Ok(Answer::json(200, &Listed::of(shown.collect(), size, page.next)))
}

fn parse(query: &Value) -> Result<(DocumentFilter, Option<u64>, PageSize), Violations> {
    let reader = Reader::default();
    let root = reader.root(query);
    let filter = DocumentFilter {
        kind: root.field("type").if_sent(|node| node.parse(1..=40)),
        status: root.field("status").if_sent(|node| node.parse(1..=20)),
    };
    let before = root.field("cursor").if_sent(Node::numeric_cursor);
    let size = root.field("size").if_sent(|node| node.parse(1..=3)).unwrap_or_default();
    reader.finish(Some((filter, before, size)))
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "list-documents",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents",
        "The buyer's documents, newest first.",
    )
    .query::<DocumentType>("type", "Only documents of this type.")
    .query::<DocumentStatus>("status", "Only documents of this status.")
    .paged()
    .answers(Shown::json::<Listed<DocumentResource<'static>>>(200, "A page of documents."))
}
