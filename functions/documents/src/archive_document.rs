//! `POST /v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/{documentId}/archive`

use description::{Operation, Shown};
use domain::{Reader, TEXT, Violations};
use http_edge::{Answer, Call, Problem};
use schemars::JsonSchema;
use serde_json::Value;
use storage::ModifyDocuments;

use crate::resource::{DocumentResource, answered};

/// Puts a document away: it no longer counts, and can still be shown.
pub(crate) async fn archive_document(call: Call, documents: ModifyDocuments) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let reason = call.body(parse)?;
    let buyer = call.buyer()?;
    let document = call.id("documentId", "document")?;
    let remember = call.remember(&reason)?;
    let archived = documents.archive((seller, buyer), document, &reason, &call.cause(), &remember).await?;
    answered(archived, call.caller.organisation.uuid)
}

/// `{reason}`, required, 1 to 500 characters.
fn parse(body: &Value) -> Result<String, Violations> {
    let reader = Reader::default();
    let reason = reader.root(body).field("reason").text(1..=500);
    reader.finish(reason)
}

/// The body, for its schema.
#[derive(JsonSchema)]
#[schemars(rename = "ArchiveReason", description = "Why the document is put away.")]
#[expect(dead_code, reason = "only its schema is used")]
struct ArchiveReason {
    /// Kept in the history for good: no personal data.
    #[schemars(length(min = 1, max = 500), regex(pattern = TEXT), example = &"Replaced by a paper original")]
    reason: String,
}

pub(crate) fn operation() -> Operation {
    Operation::post(
        "archive-document",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/{documentId}/archive",
        "Puts a document away: it no longer counts, and can still be shown.",
    )
    .details("One that is put away already stays as it is.")
    .body::<ArchiveReason>()
    .answers(Shown::json::<DocumentResource<'static>>(200, "The document."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        boundaries::hold::<ArchiveReason>(|body| parse(body).is_ok());
    }
}
