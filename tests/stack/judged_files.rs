//! What a file is, its bytes say.

use blackbox::{Draft, World, big_pdf, form, pdf, pdf_with};
use serde_json::json;

use crate::documents::{buyer, post_form};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn what_is_no_document_is_refused_with_its_reason_and_leaves_nothing() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let good = pdf("good");
    let zip = b"PK\x03\x04\x14\0\0\0\x08\0 an archive that says it is a PDF".to_vec();
    let cases: Vec<(&str, &str, Vec<u8>, u16, &str)> = vec![
        ("zero bytes", "application/pdf", vec![], 422, "validation-error"),
        ("encrypted", "application/pdf", pdf_with("x", "/Encrypt 9 0 R"), 422, "validation-error"),
        ("truncated", "application/pdf", good[..good.len() - 20].to_vec(), 422, "validation-error"),
        ("two formats", "application/pdf", [good.clone(), b"<html>".to_vec()].concat(), 422, "validation-error"),
        ("an archive in disguise", "application/pdf", zip, 415, "unsupported-media-type"),
        ("a script", "image/png", b"<script>alert(1)</script>".to_vec(), 415, "unsupported-media-type"),
        ("another type than declared", "image/jpeg", good.clone(), 415, "unsupported-media-type"),
        ("declared as something else", "text/plain", good.clone(), 415, "unsupported-media-type"),
        ("a byte too many", "application/pdf", big_pdf("x", 4 * MIB), 413, "payload-too-large"),
    ];
    for (case, declared, file, status, problem) in cases {
        let texts = [("type", "COC_EXTRACT"), ("documentDate", "2026-11-01")];
        let reply = post_form(&api, case, &documents, form(&texts, Some(("x.pdf", declared, &file)))).await;
        assert_eq!((reply.status, reply.problem()), (status, problem), "{case}: {reply:?}");
        if status == 422 {
            assert_eq!(reply.json["errors"][0]["field"], "file", "{case}");
        }
    }
    assert_eq!(api.get(&documents).await.json["data"], json!([]));
}

#[tokio::test]
async fn a_file_that_came_without_a_type_is_what_its_bytes_say() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let texts = [("type", "COC_EXTRACT"), ("documentDate", "2026-11-01")];
    let (media_type, body) = form(&texts, Some(("x.pdf", "application/octet-stream", &pdf("x"))));
    let reply = post_form(&api, "key", &documents, (media_type, body)).await;
    assert_eq!((reply.status, &reply.json["contentType"]), (201, &json!("application/pdf")), "{reply:?}");
}

#[tokio::test]
async fn a_form_tells_every_field_that_breaks_a_rule() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let file = pdf("x");
    let file = || Some(("x.pdf", "application/pdf", file.as_slice()));
    let none: &[(&str, &str)] = &[];
    let cases = [
        (none, None, ["type", "documentDate", "file"].as_slice()),
        (&[("type", "PASSPORT"), ("documentDate", "2999-01-01")], file(), &["type", "documentDate"]),
        (&[("type", "COC_EXTRACT"), ("documentDate", "01.11.2026")], file(), &["documentDate"]),
        (&[("type", "COC_EXTRACT"), ("documentDate", "2026-11-01")], None, &["file"]),
    ];
    for (texts, file, fields) in cases {
        let reply = post_form(&api, "key", &documents, form(texts, file)).await;
        assert_eq!((reply.status, reply.problem()), (422, "validation-error"), "{texts:?}");
        let errors = reply.json["errors"].as_array().unwrap();
        assert_eq!(errors.iter().map(|error| error["field"].as_str().unwrap()).collect::<Vec<_>>(), fields);
    }
    let texts = [("type", "COC_EXTRACT"), ("type", "COC_EXTRACT"), ("documentDate", "2026-11-01")];
    assert_eq!(post_form(&api, "twice", &documents, form(&texts, file())).await.status, 400);
    let (_, body) = form(&texts[1..], file());
    for (media_type, status) in
        [("application/json", 415), ("multipart/form-data", 415), ("multipart/form-data; boundary=another", 400)]
    {
        let reply = post_form(&api, "shape", &documents, (media_type.to_owned(), body.clone())).await;
        assert_eq!(reply.status, status, "{media_type}: {reply:?}");
    }
}

#[tokio::test]
async fn the_size_and_type_of_a_file_come_first_and_every_other_rule_together() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let texts = [("type", "PASSPORT"), ("documentDate", "2999-01-01")];
    let zip = b"PK\x03\x04 an archive".as_slice();
    let unsupported = post_form(&api, "zip", &documents, form(&texts, Some(("x.pdf", "application/pdf", zip)))).await;
    assert_eq!((unsupported.status, unsupported.problem()), (415, "unsupported-media-type"));
    let empty = post_form(&api, "empty", &documents, form(&texts, Some(("x.pdf", "application/pdf", b"")))).await;
    assert_eq!((empty.status, empty.problem()), (422, "validation-error"));
    let errors = empty.json["errors"].as_array().unwrap();
    let fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["type", "documentDate", "file"]);
}
