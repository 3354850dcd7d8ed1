//! `POST /v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents`

use description::{Operation, Shown};
use domain::{Date, DocumentId, DocumentSource, DocumentType, MOST_MULTIPART};
use http_edge::{Answer, Call, Kind, Problem};
use objects::{Documents, document_key};
use schemars::JsonSchema;
use storage::{ModifyDocuments, NewDocument};

use crate::form::Form;
use crate::judgement::{accepted, judge};
use crate::resource::{DocumentResource, answered};
use crate::unavailable::stored;

/// Takes a document of at most 4 MiB, which becomes the active one of its type.
pub(crate) async fn upload_document(
    mut call: Call,
    (documents, bucket): (ModifyDocuments, Documents),
) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let Form { statement, declared, file } = Form::read(&mut call).await?;
    let inspection = content::inspect(&file, MOST_MULTIPART);
    let (statement, content_type) = accepted(statement, judge(&inspection, declared.as_deref()))?;
    let content_type = content_type.to_string();
    let (buyer, sha256) = (call.buyer()?, hex::encode(inspection.sha256));
    // Without the file's name, which is personal data: its bytes tell one request from another.
    let remember = call.remember(&(statement.kind, statement.document_date, &sha256, &content_type))?;
    let uuid =
        DocumentId::of(call.caller.organisation.uuid, call.idempotency_key()?, (statement.kind, &sha256), call.at);
    let (object, special) = (document_key(buyer, uuid), statement.kind.is_special());
    let (size, source) = (inspection.size, DocumentSource::Api);
    let new = NewDocument { uuid, statement, content_type, size, sha256, source, object };
    let location = format!("/v1/partners/{seller}/buyers/{buyer}/kyc/documents/{uuid}");
    let answers = (Answer::empty(201).with("location", location), Answer::empty(200));
    let put = async { stored(bucket.put(&new.object, file, (&new.content_type, &new.sha256), special).await) };
    let added = documents.add((seller, buyer), &new, answers, &call.cause(), &remember, put).await?;
    answered(added, call.caller.organisation.uuid)
}

/// The form of an upload, for its schema.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DocumentForm", description = "What a document is, and its bytes.")]
#[expect(dead_code, reason = "only its schema is used")]
struct DocumentForm {
    /// What it is.
    #[serde(rename = "type")]
    kind: DocumentType,
    /// Of when it is; not in the future.
    document_date: Date,
    /// At most 4 MiB of PDF, JPEG, PNG, HEIC or WebP. Send its name and its media type with it.
    #[schemars(extend("format" = "binary"))]
    file: String,
}

pub(crate) fn operation() -> Operation {
    Operation::post(
        "upload-document",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents",
        "Takes a document of at most 4 MiB, which becomes the active one of its type.",
    )
    .details(
        "What the file is, its bytes say: PDF, JPEG, PNG, HEIC or WebP, whole, not encrypted, one format, and what it was \
         declared as. The very bytes of the active document again change nothing. Larger files go the way of `start-upload`.",
    )
    .form::<DocumentForm>("application/pdf, image/jpeg, image/png, image/heic, image/webp")
    .answers(
        Shown::json::<DocumentResource<'static>>(201, "The document, now the active one of its type.")
            .location()
            .identifies("documentId", "/uuid"),
    )
    .answers(Shown::json::<DocumentResource<'static>>(200, "The active document, which has the very same bytes."))
    .refuses(Kind::NotFound)
}
