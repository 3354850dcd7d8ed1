//! A document as clients see it, and how a change of one is answered.

use domain::{
    Actor, ClientId, Date, Document, DocumentId, DocumentSource, DocumentStatus, DocumentType, Instant, OrganisationId,
};
use http_edge::{Answer, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use storage::{DocumentModified, DocumentRefusal};

/// A KYC document.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Document", description = "A KYC document of a buyer: what is known of it, not its bytes.")]
pub(crate) struct DocumentResource<'d> {
    /// Its id.
    uuid: DocumentId,
    /// What it is.
    #[serde(rename = "type")]
    kind: DocumentType,
    /// Whether it counts.
    status: DocumentStatus,
    /// Of when it is.
    document_date: Date,
    /// What it was called; absent once it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<&'d str>,
    /// Media type, judged by its bytes.
    content_type: &'d str,
    /// In bytes.
    size: u64,
    /// SHA-256 of its bytes, lower-case hex.
    sha256: &'d str,
    /// Through what it came.
    source: DocumentSource,
    /// When it came.
    uploaded_at: Instant,
    /// From whom.
    uploaded_by: Uploader<'d>,
    /// When another one of its type took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_at: Option<Instant>,
    /// When it was put away.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Instant>,
    /// Why it was put away.
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_reason: Option<&'d str>,
    /// When its bytes were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<Instant>,
}

/// Who uploaded it: of another organisation only that organisation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Uploader")]
struct Uploader<'d> {
    /// Absent when it was the buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_uuid: Option<OrganisationId>,
    /// Of the caller's own organisation only.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'d ClientId>,
}

impl<'d> DocumentResource<'d> {
    /// As this organisation sees it.
    pub(crate) fn of(document: &'d Document, status: DocumentStatus, viewer: OrganisationId) -> Self {
        Self {
            uuid: document.uuid,
            kind: document.kind,
            status,
            document_date: document.document_date,
            file_name: document.file_name.as_deref(),
            content_type: &document.content_type,
            size: document.size,
            sha256: &document.sha256,
            source: document.source,
            uploaded_at: document.uploaded_at,
            uploaded_by: Uploader::of(&document.uploaded_by, viewer),
            superseded_at: document.superseded_at,
            archived_at: document.archived_at,
            archived_reason: document.archived_reason.as_deref(),
            erased_at: document.erased_at,
        }
    }
}

impl<'d> Uploader<'d> {
    fn of(actor: &'d Actor, viewer: OrganisationId) -> Self {
        match actor {
            Actor::Client { organisation, client } => {
                Self { organization_uuid: Some(*organisation), client_id: (*organisation == viewer).then_some(client) }
            }
            Actor::System { .. } => Self { organization_uuid: None, client_id: None },
        }
    }
}

/// What the client gets for a change that ended so.
pub(crate) fn answered(modified: DocumentModified, viewer: OrganisationId) -> Result<Answer, Problem> {
    let shown = |answer: Answer, (document, status): &(Document, DocumentStatus)| Answer {
        headers: answer.headers,
        ..Answer::json(answer.status, &DocumentResource::of(document, *status, viewer))
    };
    match modified {
        DocumentModified::Done(answer, document) => Ok(shown(answer, &document)),
        DocumentModified::Replayed(answer, document) => Ok(shown(answer, &document).replayed()),
        DocumentModified::Refused(DocumentRefusal::KeyReused) => Err(Problem::key_reused()),
        DocumentModified::Refused(DocumentRefusal::NoBuyer) => Err(Problem::not_found("buyer")),
        DocumentModified::Refused(DocumentRefusal::NoDocument) => Err(Problem::not_found("document")),
    }
}
