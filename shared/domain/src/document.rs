//! KYC documents: what a client states about one, what is kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Actor, Date, DocumentId, DocumentType, Instant, Node, Reader, TEXT, Violations};

/// Largest document by multipart upload, in bytes: a request to Lambda has at most 6 MB, a third of it lost to base64.
pub const MOST_MULTIPART: u64 = 4 * 1024 * 1024;
/// Largest document at all, in bytes.
pub const MOST_UPLOAD: u64 = 50 * 1024 * 1024;

/// What a client states about a document.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: DocumentType,
    /// Of when it is; not in the future.
    pub document_date: Date,
    /// What it is called, 1 to 255 characters. People put names into it: it is treated as personal data.
    #[schemars(length(min = 1, max = 255), regex(pattern = TEXT), example = &"extract.pdf")]
    pub file_name: String,
}

impl Statement {
    /// Reads the members `type`, `documentDate` and, from a node of its own, the file's name.
    #[must_use]
    pub fn read(root: &Node<'_>, file_name: &Node<'_>, now: Instant) -> Option<Self> {
        let kind = root.field("type").parse(1..=40);
        let day = root.field("documentDate");
        let document_date = day.parse(1..=10).filter(|date| {
            let past = *date <= Date::latest(now);
            if !past {
                day.refuse("must not be in the future");
            }
            past
        });
        let file_name = file_name.clone().confidential().text(1..=255);
        Some(Self { kind: kind?, document_date: document_date?, file_name: file_name? })
    }
}

/// The announcement of a direct upload: what the bytes will be.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "UploadStart", description = "What the bytes will be.")]
pub struct Announcement {
    /// What is stated about the document.
    #[serde(flatten)]
    pub statement: Statement,
    /// Its media type.
    #[schemars(extend("enum" = MEDIA_TYPES))]
    pub content_type: String,
    /// In bytes, 1 to 50 MiB.
    #[schemars(range(min = 1, max = MOST_UPLOAD), example = 48_213)]
    pub size: u64,
    /// SHA-256 of the bytes, lower-case hex.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"), example = &"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
}

/// Media types that documents may have.
pub const MEDIA_TYPES: [&str; 5] = ["application/pdf", "image/jpeg", "image/png", "image/heic", "image/webp"];

impl Announcement {
    /// Parses `{type, documentDate, fileName, contentType, size, sha256}`. Unknown members are ignored.
    ///
    /// # Errors
    /// Every rule that the body breaks.
    pub fn parse(body: &Value, now: Instant) -> Result<Self, Violations> {
        let reader = Reader::default();
        let announcement = Self::read(&reader.root(body), now);
        reader.finish(announcement)
    }

    fn read(root: &Node<'_>, now: Instant) -> Option<Self> {
        root.object()?;
        let statement = Statement::read(root, &root.field("fileName"), now);
        let content_type = read_media_type(&root.field("contentType"));
        let size = root.field("size").integer(1..=MOST_UPLOAD);
        let sha256 = read_sha256(&root.field("sha256"));
        Some(Self { statement: statement?, content_type: content_type?, size: size?, sha256: sha256? })
    }
}

fn read_media_type(node: &Node<'_>) -> Option<String> {
    let text = node.text(1..=100)?.to_ascii_lowercase();
    let known = MEDIA_TYPES.contains(&text.as_str());
    if !known {
        node.refuse(format!("must be one of {}", MEDIA_TYPES.join(", ")));
    }
    known.then_some(text)
}

fn read_sha256(node: &Node<'_>) -> Option<String> {
    let text = node.text(1..=64)?.to_ascii_lowercase();
    let valid = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !valid {
        node.refuse("must be a SHA-256 in hex: 64 digits");
    }
    valid.then_some(text)
}

/// Through what a document came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DocumentSource {
    /// This API.
    Api,
    /// The self-service pages.
    SelfService,
}

/// What a document is to the buyer's KYC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum DocumentStatus {
    /// The one of its type that counts.
    Active,
    /// Another one of its type came after it.
    Superseded,
    /// Somebody put it away.
    Archived,
}

impl std::str::FromStr for DocumentStatus {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ACTIVE" => Ok(Self::Active),
            "SUPERSEDED" => Ok(Self::Superseded),
            "ARCHIVED" => Ok(Self::Archived),
            _ => Err("must be ACTIVE, SUPERSEDED or ARCHIVED"),
        }
    }
}

/// A stored document. Whether it is ACTIVE is not part of it: that is said by one pointer a type, so two never are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Its id.
    pub uuid: DocumentId,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: DocumentType,
    /// Of when it is.
    pub document_date: Date,
    /// What it was called; gone once it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// Media type, judged by its bytes.
    pub content_type: String,
    /// In bytes.
    pub size: u64,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
    /// Through what it came.
    pub source: DocumentSource,
    /// When.
    pub uploaded_at: Instant,
    /// By whom.
    pub uploaded_by: Actor,
    /// The revision that added it: orders the documents of a buyer.
    pub seq: u64,
    /// When another one took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_at: Option<Instant>,
    /// When somebody put it away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Instant>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_reason: Option<String>,
    /// When its bytes were erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Instant>,
}

impl Document {
    /// Whether nothing took its place and nobody put it away: then the pointer leads to it.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.superseded_at.is_none() && self.archived_at.is_none()
    }

    /// What it is, given which document of its type is the active one.
    #[must_use]
    pub fn status(&self, active: Option<DocumentId>) -> DocumentStatus {
        if active == Some(self.uuid) {
            DocumentStatus::Active
        } else if self.archived_at.is_some() {
            DocumentStatus::Archived
        } else {
            DocumentStatus::Superseded
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Instant {
        "2026-11-22T09:00:00Z".parse().unwrap()
    }

    fn body() -> Value {
        json!({
            "type": "COC_EXTRACT", "documentDate": "2026-11-01", "fileName": "extract.pdf",
            "contentType": "application/pdf", "size": 1000, "sha256": "A".repeat(64)
        })
    }

    #[test]
    fn an_announcement_reads_whole_or_tells_every_rule_it_breaks() {
        let read = Announcement::parse(&body(), now()).ok().unwrap();
        assert_eq!((read.size, read.sha256.as_str()), (1000, "a".repeat(64).as_str()));
        let cases = [
            ("type", json!("PASSPORT"), "must be a document type such as COC_EXTRACT"),
            ("documentDate", json!("2026-11-23"), "must not be in the future"),
            ("documentDate", json!("22.11.2026"), "must be a day such as 2026-11-22, from 1900 on"),
            ("fileName", json!(""), "must be 1 to 255 characters"),
            (
                "contentType",
                json!("application/zip"),
                "must be one of application/pdf, image/jpeg, image/png, image/heic, image/webp",
            ),
            ("size", json!(0), "must be a whole number from 1 to 52428800"),
            ("size", json!(52_428_801), "must be a whole number from 1 to 52428800"),
            ("size", json!("1000"), "must be a whole number from 1 to 52428800"),
            ("sha256", json!("abc"), "must be a SHA-256 in hex: 64 digits"),
        ];
        for (field, value, rule) in cases {
            let mut wrong = body();
            wrong[field] = value.clone();
            let Err(Violations(found)) = Announcement::parse(&wrong, now()) else { panic!("{field} {value}") };
            assert_eq!((found[0].field.as_str(), found[0].message.as_str()), (field, rule));
        }
        let Err(Violations(found)) = Announcement::parse(&json!({}), now()) else { panic!("all are required") };
        assert_eq!(found.len(), 6);
    }

    #[test]
    fn a_file_name_is_never_shown_again() {
        let mut wrong = body();
        wrong["fileName"] = json!("Erika\u{7}.pdf");
        let Err(Violations(found)) = Announcement::parse(&wrong, now()) else { panic!("refused") };
        assert_eq!(found[0].rejected_value, None);
    }
}
