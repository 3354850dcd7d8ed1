//! `POST /v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/uploads`

use std::collections::BTreeMap;
use std::time::Duration;

use description::{Operation, Shown};
use domain::{Announcement, Instant, UploadId};
use http_edge::{Answer, Call, Problem};
use objects::{Incoming, upload_key};
use schemars::JsonSchema;
use serde::Serialize;
use storage::{Announced, StartUploads, Upload};

use crate::unavailable;

/// How long the address can be used, in seconds. A repeat of the request signs the same upload again.
const VALID_SECONDS: i64 = 15 * 60;

/// Announces a document of at most 50 MiB and says where to put its bytes.
pub(crate) async fn start_upload(call: Call, (uploads, bucket): (StartUploads, Incoming)) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    let announcement = call.body(|body| Announcement::parse(body, call.at))?;
    let buyer = call.buyer()?;
    let remember = call.remember(&meaning(&announcement))?;
    let uuid = UploadId::of(call.caller.organisation.uuid, call.idempotency_key()?, call.at);
    match uploads.announce((seller, buyer), uuid, announcement, &call.cause(), &remember).await? {
        Announced::Done(answer, upload) => signed(&call, answer, &upload, &bucket).await,
        Announced::Replayed(answer, upload) => Ok(signed(&call, answer, &upload, &bucket).await?.replayed()),
        Announced::KeyReused => Err(Problem::key_reused()),
        Announced::NoBuyer => Err(Problem::not_found("buyer")),
    }
}

/// What tells one request from another: without the file's name, which is personal data.
fn meaning(announcement: &Announcement) -> impl Serialize + use<'_> {
    let Announcement { statement, content_type, size, sha256 } = announcement;
    (statement.kind, statement.document_date, content_type, size, sha256)
}

async fn signed(call: &Call, answer: Answer, upload: &Upload, bucket: &Incoming) -> Result<Answer, Problem> {
    let key = upload_key(call.buyer()?, upload.uuid);
    let valid = Duration::from_secs(VALID_SECONDS.unsigned_abs());
    let target = unavailable::answered(bucket.target(&key, &upload.announcement, valid).await)?;
    let resource = UploadTarget {
        upload_id: upload.uuid,
        method: "PUT",
        url: &target.url,
        headers: target.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        expires_at: call.at.plus_seconds(VALID_SECONDS),
    };
    Ok(Answer { headers: answer.headers, ..Answer::json(answer.status, &resource) })
}

/// Where to put the bytes, and how.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UploadTarget", description = "Where to put the bytes, and how.")]
struct UploadTarget<'t> {
    /// Names the upload from now on.
    upload_id: UploadId,
    /// `PUT`.
    method: &'static str,
    /// The address, signed: whoever has it may put exactly the announced bytes. Send no `Authorization` with it.
    url: &'t str,
    /// To be sent as they are: they are signed.
    headers: BTreeMap<&'t str, &'t str>,
    /// Until when the address works. The same request again, with its key, gives a new one for the same upload.
    expires_at: Instant,
}

pub(crate) fn operation() -> Operation {
    Operation::post(
        "start-upload",
        "/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/uploads",
        "Announces a document of at most 50 MiB and says where to put its bytes.",
    )
    .details(
        "Put the bytes to `url` with `headers` as they are, then ask `get-upload` what became of them. Bytes that are \
         not the announced ones are rejected.",
    )
    .body::<Announcement>()
    .answers(Shown::json::<UploadTarget<'static>>(201, "Where to put the bytes.").identifies("uploadId", "/uploadId"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        let now = "2026-11-22T09:00:00Z".parse().unwrap();
        boundaries::hold::<Announcement>(|body| Announcement::parse(body, now).is_ok());
    }
}
