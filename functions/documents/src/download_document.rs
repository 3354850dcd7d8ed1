//! `GET /v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/{documentId}/content`

use std::time::Duration;

use description::{Operation, Shown};
use domain::{Disclosed, Instant, Reader, Violations};
use http_edge::{Answer, Call, Kind, Problem};
use objects::{Documents, Verdict, attachment};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use storage::{NoteDisclosures, ReadDocuments};

use crate::unavailable;

/// How long the address can be used, in seconds.
const VALID_SECONDS: i64 = 60;

/// What a download needs.
#[derive(Clone)]
pub(crate) struct Download {
    pub(crate) documents: ReadDocuments,
    pub(crate) disclosures: NoteDisclosures,
    pub(crate) bucket: Documents,
    /// Whether every object is scanned, and none goes out before it was found clean.
    pub(crate) scanned: bool,
}

/// Leads to the bytes of the document; who is led there is noted before.
pub(crate) async fn download_document(call: Call, download: Download) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    call.purpose()?;
    let redirect = call.query(parse)?;
    let buyer = call.buyer()?;
    let document = call.id("documentId", "document")?;
    let found = download.documents.get((seller, buyer), document).await?;
    let found = found.ok_or_else(|| Problem::not_found("document"))?;
    // Erased: what is left is what `get-document` shows.
    let Some(file_name) = &found.document.file_name else { return Err(Problem::not_found("content")) };
    if download.scanned {
        match unavailable::answered(download.bucket.verdict(&found.object).await)? {
            Verdict::Clean => {}
            Verdict::NotYet => return Err(Problem::not_scanned_yet()),
            Verdict::NotClean => return Err(Problem::not_clean()),
        }
    }
    download.disclosures.note(&call.disclosing(Disclosed::Document(document), buyer)?).await?;
    let valid = Duration::from_secs(VALID_SECONDS.unsigned_abs());
    let (content_type, disposition) = (&found.document.content_type, attachment(file_name));
    let url = unavailable::answered(download.bucket.link(&found.object, content_type, &disposition, valid).await)?;
    if redirect {
        return Ok(Answer::empty(302).with("location", url));
    }
    Ok(Answer::json(200, &Link { url, expires_at: call.at.plus_seconds(VALID_SECONDS) }))
}

/// `?redirect=false` asks for the address instead of being sent there.
fn parse(query: &Value) -> Result<bool, Violations> {
    let reader = Reader::default();
    let redirect = reader.root(query).field("redirect").if_sent(|node| {
        let wanted = match node.text(1..=5)?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        if wanted.is_none() {
            node.refuse("must be true or false");
        }
        wanted
    });
    reader.finish(Some(redirect.unwrap_or(true)))
}

/// Where the bytes are.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DownloadLink", description = "Where the bytes are.")]
struct Link {
    /// The address, signed. Send no `Authorization` with it.
    url: String,
    /// Until when it works.
    expires_at: Instant,
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "download-document",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/{documentId}/content",
        "Leads to the bytes of the document.",
    )
    .details("Who is led there is noted before, and the note is kept for six years. Do not send `Authorization` on to the address.")
    .discloses()
    .query::<bool>("redirect", "`false` to be told the address instead of being sent there.")
    .answers(Shown::nothing(302, "The bytes are there, for 60 seconds.").location())
    .answers(Shown::json::<Link>(200, "Where the bytes are, with `redirect=false`."))
    .refuses(Kind::DocumentNotAvailable)
}
