//! `GET /v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/uploads/{uploadId}`

use description::{Operation, Shown};
use domain::{DocumentId, DocumentType, Instant, UploadId};
use http_edge::{Answer, Call, Kind, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use storage::{ReadUploads, Upload, UploadState};

/// What became of an announced upload.
pub(crate) async fn get_upload(call: Call, uploads: ReadUploads) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let buyer = call.buyer()?;
    let found = uploads.get((seller, buyer), call.id("uploadId", "upload")?, call.at).await?;
    let upload = found.ok_or_else(|| Problem::not_found("upload"))?;
    Ok(Answer::json(200, &UploadResource::of(&upload, &call)))
}

/// An announced upload.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Upload", description = "A direct upload, and what became of it.")]
struct UploadResource<'u> {
    /// Its id.
    upload_id: UploadId,
    /// What became of it.
    status: UploadStatus,
    /// What the document is.
    #[serde(rename = "type")]
    kind: DocumentType,
    /// When it was announced; its bytes are waited for 24 hours.
    announced_at: Instant,
    /// Of a registered one.
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<DocumentId>,
    /// Of a rejected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Rejection<'u>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum UploadStatus {
    /// The bytes have not arrived, or are being judged.
    Pending,
    /// It is a document.
    Registered,
    /// The bytes are not what was announced, or no document.
    Rejected,
    /// The bytes did not arrive in time.
    Expired,
}

/// Why an upload was rejected, as the same bytes by multipart upload would have been.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Rejection")]
struct Rejection<'u> {
    /// As of a problem.
    #[serde(rename = "type")]
    kind: String,
    /// The same for every problem of a type.
    title: &'static str,
    /// The HTTP status that it would have had.
    status: u16,
    /// What is wrong with the bytes, for people.
    detail: &'u str,
}

impl<'u> UploadResource<'u> {
    fn of(upload: &'u Upload, call: &Call) -> Self {
        let (status, document_id, problem) = match &upload.state {
            UploadState::Pending => (UploadStatus::Pending, None, None),
            UploadState::Registered { document } => (UploadStatus::Registered, Some(*document), None),
            UploadState::Rejected { problem, detail } => {
                (UploadStatus::Rejected, None, Some(Rejection::of(problem, detail, call)))
            }
            UploadState::Expired => (UploadStatus::Expired, None, None),
        };
        let kind = upload.announcement.statement.kind;
        Self { upload_id: upload.uuid, status, kind, announced_at: upload.announced_at, document_id, problem }
    }
}

impl<'u> Rejection<'u> {
    fn of(id: &str, detail: &'u str, call: &Call) -> Self {
        let kind = Kind::ALL.into_iter().find(|kind| kind.id() == id).unwrap_or(Kind::ValidationError);
        Self { kind: call.problem_type(kind), title: kind.title(), status: kind.status(), detail }
    }
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "get-upload",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/uploads/{uploadId}",
        "What became of an announced upload.",
    )
    .answers(Shown::json::<UploadResource<'static>>(200, "The upload."))
}
