//! The group `documents`: its functions and how they are described.

mod archive_document;
mod download_document;
mod form;
mod get_document;
mod get_upload;
mod judgement;
mod list_documents;
mod register_upload;
mod resource;
mod start_upload;
mod unavailable;
mod upload_document;

use aws::{Aws, NotSet, required};
use description::Group;
use domain::Capability::KycDocumentDownload;
use http_edge::{Door, Endpoint, Environment, Function};
use lambda_runtime::Error;
use objects::{Documents, Incoming};
use storage::Table;

use download_document::Download;
use register_upload::Registration;

/// The endpoints of the group's binary.
pub const FUNCTIONS: [Function; 7] = [
    (
        "archive-document",
        Door::Callers(|table| Endpoint::writing(table.modify_documents(), archive_document::archive_document)),
    ),
    ("download-document", Door::Opening(download)),
    ("get-document", Door::Callers(|table| Endpoint::reading(table.read_documents(), get_document::get_document))),
    ("get-upload", Door::Callers(|table| Endpoint::reading(table.read_uploads(), get_upload::get_upload))),
    (
        "list-documents",
        Door::Callers(|table| Endpoint::reading(table.read_documents(), list_documents::list_documents)),
    ),
    (
        "start-upload",
        Door::Opening(|table, aws, from| {
            Ok(Endpoint::writing((table.start_uploads(), incoming(aws, from)?), start_upload::start_upload))
        }),
    ),
    (
        "upload-document",
        Door::Opening(|table, aws, from| {
            Ok(Endpoint::writing((table.modify_documents(), documents(aws, from)?), upload_document::upload_document))
        }),
    ),
];

/// What a function of the group does.
#[derive(Clone, Copy)]
pub enum Work {
    /// It answers callers.
    Endpoint(Door),
    /// It registers what arrived in the bucket.
    RegisterUpload,
}

/// All functions of the group's binary.
pub const ALL: [(&str, Work); FUNCTIONS.len() + 1] = {
    let mut all = [("register-upload", Work::RegisterUpload); FUNCTIONS.len() + 1];
    let mut index = 0;
    while index < FUNCTIONS.len() {
        all[index] = (FUNCTIONS[index].0, Work::Endpoint(FUNCTIONS[index].1));
        index += 1;
    }
    all
};

/// How the endpoints are described.
#[must_use]
pub fn described() -> Group {
    Group {
        name: "Documents",
        description: "A buyer's KYC documents. At most one of each type is ACTIVE; all that ever were are kept.",
        functions: &FUNCTIONS,
        operations: vec![
            upload_document::operation(),
            start_upload::operation(),
            get_upload::operation(),
            list_documents::operation(),
            get_document::operation(),
            download_document::operation(),
            archive_document::operation(),
        ],
        told: Vec::new(),
    }
}

/// Serves `register-upload`.
///
/// # Errors
/// When it cannot start, or loses the Lambda runtime.
pub async fn register_uploads() -> Result<(), Error> {
    let (table, aws) = Table::of_worker().await?;
    let uploads = table.register_uploads();
    let registration =
        Registration { uploads, incoming: incoming(&aws, &required)?, documents: documents(&aws, &required)? };
    messaging::serve(async |message: &_| register_upload::register_upload(message, &registration).await).await
}

fn download(table: &Table, aws: &Aws, from: &Environment) -> Result<Endpoint, NotSet> {
    let download = Download {
        documents: table.read_documents(),
        disclosures: table.note_disclosures(),
        bucket: documents(aws, from)?,
        scanned: from("MALWARE_SCAN")? == "true",
    };
    Ok(Endpoint::reading(download, download_document::download_document).needing(KycDocumentDownload))
}

fn documents(aws: &Aws, from: &Environment) -> Result<Documents, NotSet> {
    Ok(Documents::new(aws, &from("DOCUMENTS_BUCKET")?, &from("SPECIAL_KEY_ARN")?))
}

fn incoming(aws: &Aws, from: &Environment) -> Result<Incoming, NotSet> {
    Ok(Incoming::new(aws, &from("INCOMING_BUCKET")?))
}
