//! The endpoints that write documents, each with the requests that end differently.

use blackbox::{Request, form, pdf};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::document_rules::{of_kind, text};
use crate::endpoints::{KEY, create};
use crate::ground::{Ground, Stored};

/// A request as it is made up when its turn comes, of what is stored then.
pub(crate) type Asking = fn(&Ground, &Stored) -> Request;

/// One kind of request.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) function: &'static str,
    /// What is special about it.
    pub(crate) case: &'static str,
    /// What is done before, one after the other, all of it in peace and with success.
    pub(crate) before: &'static [Asking],
    pub(crate) request: Asking,
    /// Whether it was answered before, too: all that is to come of it is that answer again.
    pub(crate) answered: bool,
    /// Whether it is refused in all the words there are.
    pub(crate) in_all_words: bool,
    pub(crate) outcome: Outcome,
}

/// What it comes to, however often it is sent.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    /// What it adds.
    pub(crate) documents: usize,
    pub(crate) revisions: usize,
    pub(crate) uploads: usize,
    /// Documents that are active after it.
    pub(crate) active: usize,
}

pub(crate) const KIND: &str = "CONTACT_PASSPORT";

/// Uploads a PDF that says this.
fn upload(ground: &Ground, key: &str, says: &str) -> Request {
    let texts = [("type", KIND), ("documentDate", "2025-11-01")];
    let form = form(&texts, Some(("extract.pdf", "application/pdf", &pdf(says))));
    ground.about_buyer("upload-document", key).form(form)
}

/// Announces these bytes.
pub(crate) fn announce(ground: &Ground, file: &[u8]) -> Request {
    let announcement: Value = json!({
        "type": KIND, "documentDate": "2025-11-01", "fileName": "extract.pdf", "contentType": "application/pdf",
        "size": file.len(), "sha256": hex::encode(Sha256::digest(file))
    });
    ground.about_buyer("start-upload", KEY).json(announcement)
}

/// Archives the document whose bytes say this.
fn archive(ground: &Ground, stored: &Stored, key: &str, says: &str) -> Request {
    let sha256 = hex::encode(Sha256::digest(pdf(says)));
    let documents = of_kind(stored, "DOC#");
    let document = documents.iter().find(|document| text(document, "sha256") == sha256).expect("uploaded before");
    let request = ground.about_buyer("archive-document", key).of("documentId", text(document, "uuid"));
    request.json(json!({"reason": "Illegible"}))
}

pub(crate) const BUYER: Asking = |ground, _| create(ground);
pub(crate) const FIRST: Asking = |ground, _| upload(ground, "first", "first");
const SECOND: Asking = |ground, _| upload(ground, "second", "second");

impl Row {
    /// The same request, once it was answered.
    fn answered(self) -> Self {
        let outcome = Outcome { documents: 0, revisions: 0, uploads: 0, ..self.outcome };
        Self { answered: true, in_all_words: false, outcome, ..self }
    }
}

/// Every endpoint of documents whose method is not GET.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![
        Row {
            function: "upload-document",
            case: "the first",
            before: &[BUYER],
            request: |ground, _| upload(ground, KEY, "new"),
            answered: false,
            in_all_words: false,
            outcome: Outcome { status: 201, documents: 1, revisions: 1, uploads: 0, active: 1 },
        },
        Row {
            function: "upload-document",
            case: "superseding",
            before: &[BUYER, FIRST],
            request: |ground, _| upload(ground, KEY, "new"),
            answered: false,
            in_all_words: true,
            outcome: Outcome { status: 201, documents: 1, revisions: 1, uploads: 0, active: 1 },
        },
        Row {
            function: "upload-document",
            case: "the active one's bytes",
            before: &[BUYER, FIRST],
            request: |ground, _| upload(ground, KEY, "first"),
            answered: false,
            in_all_words: false,
            outcome: Outcome { status: 200, documents: 0, revisions: 0, uploads: 0, active: 1 },
        },
        Row {
            function: "archive-document",
            case: "active",
            before: &[BUYER, FIRST],
            request: |ground, stored| archive(ground, stored, KEY, "first"),
            answered: false,
            in_all_words: true,
            outcome: Outcome { status: 200, documents: 0, revisions: 1, uploads: 0, active: 0 },
        },
        Row {
            function: "archive-document",
            case: "superseded",
            before: &[BUYER, FIRST, SECOND],
            request: |ground, stored| archive(ground, stored, KEY, "first"),
            answered: false,
            in_all_words: false,
            outcome: Outcome { status: 200, documents: 0, revisions: 1, uploads: 0, active: 1 },
        },
        Row {
            function: "start-upload",
            case: "announcing",
            before: &[BUYER],
            request: |ground, _| announce(ground, &pdf("announced")),
            answered: false,
            in_all_words: true,
            outcome: Outcome { status: 201, documents: 0, revisions: 0, uploads: 1, active: 0 },
        },
    ];
    let answered: Vec<_> = rows.iter().filter(|row| row.case != "superseding").cloned().map(Row::answered).collect();
    rows.extend(answered);
    rows
}
