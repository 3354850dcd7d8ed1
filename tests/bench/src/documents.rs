//! The documents of the world that functions are measured in, and their bytes.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use aws::Aws;
use axum::body::Bytes;
use domain::{Announcement, BuyerId, Cause, DocumentId, DocumentSource, OrganisationId, SellerId, UploadId};
use objects::{Documents, document_key, upload_key};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use storage::{Announced, Answer, DocumentModified, NewDocument, Remember, Table};

use crate::endpoint::{Endpoint, Stored};
use crate::file::pdf_of;
use crate::scenario::Before;

/// The bucket of documents.
pub(crate) const DOCUMENTS_BUCKET: &str = "documents";
/// The bucket where bytes arrive.
pub(crate) const INCOMING_BUCKET: &str = "incoming";
/// The key of special categories.
pub(crate) const SPECIAL_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/bench";

/// Of the small files.
const SMALL: usize = 60_000;
/// The largest that a direct upload may have.
const LARGEST: usize = 50 * 1024 * 1024;
const PDF: &str = "application/pdf";

/// Whose documents, and who puts them there.
pub(crate) struct Owner {
    pub(crate) organisation: OrganisationId,
    pub(crate) seller: SellerId,
    pub(crate) buyer: BuyerId,
    pub(crate) cause: Cause,
}

/// A document, and an announced upload whose bytes have arrived.
pub(crate) struct Seeded {
    pub(crate) document: DocumentId,
    pub(crate) upload: UploadId,
    /// What is stored, by what an invocation needs.
    pub(crate) states: BTreeMap<Before, Stored>,
}

/// Stores them in the tables and buckets of `endpoint`.
pub(crate) async fn seed(endpoint: &Endpoint, aws: &Aws, table: &Table, owner: &Owner) -> anyhow::Result<Seeded> {
    let mut stored = endpoint.stored();
    stored.objects = stored.objects.with_bucket(DOCUMENTS_BUCKET).with_bucket(INCOMING_BUCKET);
    endpoint.restore(&stored);
    let document = add(aws, table, owner).await?;
    let before = endpoint.stored();
    let upload = UploadId::of(owner.organisation, "the upload of the bench", owner.cause.at);
    let key = upload_key(owner.buyer, upload);
    let arrived = |stored: &Stored, file: &Bytes| {
        let objects = stored.objects.clone().with(INCOMING_BUCKET, &key, PDF, file.clone());
        Stored { items: stored.items.clone(), objects }
    };

    let large = Bytes::from(pdf_of(LARGEST));
    announce(table, owner, upload, &large).await?;
    let largest_upload = arrived(&endpoint.stored(), &large);

    endpoint.restore(&before);
    let small = Bytes::from(pdf_of(SMALL));
    announce(table, owner, upload, &small).await?;
    let announced = endpoint.stored();
    let others = Bytes::from(vec![0; SMALL]);
    let mut scanned = announced.clone();
    scanned.objects = scanned.objects.tagged("GuardDutyMalwareScanStatus", "NO_THREATS_FOUND");
    let states = BTreeMap::from([
        (Before::LargestUpload, largest_upload),
        (Before::OtherBytes, arrived(&announced, &others)),
        (Before::Seed, arrived(&announced, &small)),
        (Before::NoBytes, announced),
        (Before::Scanned, scanned),
    ]);
    Ok(Seeded { document, upload, states })
}

/// Of another type than the event of `upload-document` brings.
async fn add(aws: &Aws, table: &Table, owner: &Owner) -> anyhow::Result<DocumentId> {
    let file = pdf_of(SMALL);
    let Announcement { statement, content_type, size, sha256 } = announcement("ADDRESS_PROOF", &file, owner)?;
    let uuid =
        DocumentId::of(owner.organisation, "the document of the bench", (statement.kind, &sha256), owner.cause.at);
    let object = document_key(owner.buyer, uuid);
    let source = DocumentSource::Api;
    let new = NewDocument { uuid, statement, content_type, size, sha256, source, object };
    let bucket = Documents::new(aws, DOCUMENTS_BUCKET, SPECIAL_KEY);
    bucket.put(&new.object, file, (&new.content_type, &new.sha256), false).await.context("store a document's bytes")?;
    let of = (owner.seller, owner.buyer);
    let answers = (Answer::empty(201), Answer::empty(200));
    let remember = owner.remember("document");
    let added = table.modify_documents().add(of, &new, answers, &owner.cause, &remember, async { Ok(()) }).await;
    match added.context("store a document")? {
        DocumentModified::Done(..) => Ok(uuid),
        _ => bail!("the document of the seed was not added"),
    }
}

async fn announce(table: &Table, owner: &Owner, upload: UploadId, file: &[u8]) -> anyhow::Result<()> {
    let announcement = announcement("VAT_CERTIFICATE", file, owner)?;
    let (of, remember) = ((owner.seller, owner.buyer), owner.remember("upload"));
    let announced = table.start_uploads().announce(of, upload, announcement, &owner.cause, &remember).await;
    match announced.context("announce an upload")? {
        Announced::Done(..) => Ok(()),
        _ => bail!("the upload of the seed was not announced"),
    }
}

fn announcement(kind: &str, file: &[u8], owner: &Owner) -> anyhow::Result<Announcement> {
    let body: Value = json!({
        "type": kind,
        "documentDate": "2025-11-03",
        "fileName": "scan.pdf",
        "contentType": PDF,
        "size": file.len(),
        "sha256": hex::encode(digest(&SHA256, file)),
    });
    Ok(Announcement::parse(&body, owner.cause.at)?)
}

impl Owner {
    fn remember(&self, what: &str) -> Remember {
        Remember::new(self.organisation, format!("seed of {what}"), "the seed of the bench".to_owned(), self.cause.at)
    }
}
