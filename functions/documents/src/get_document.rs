//! `GET /v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/{documentId}`

use description::{Operation, Shown};
use http_edge::{Answer, Call, Problem};
use storage::ReadDocuments;

use crate::resource::DocumentResource;

/// One document of the buyer: what is known of it, not its bytes.
pub(crate) async fn get_document(call: Call, documents: ReadDocuments) -> Result<Answer, Problem> {
    let of = (call.seller()?, call.buyer()?);
    let found = documents.get(of, call.id("documentId", "document")?).await?;
    let found = found.ok_or_else(|| Problem::not_found("document"))?;
    Ok(Answer::json(200, &DocumentResource::of(&found.document, found.status, call.caller.organisation.uuid)))
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "get-document",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/{documentId}",
        "One document of the buyer: what is known of it, not its bytes.",
    )
    .answers(Shown::json::<DocumentResource<'static>>(200, "The document."))
}
