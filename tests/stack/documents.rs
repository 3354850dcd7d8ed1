//! `…/kyc/documents`: uploaded, superseded, shown, put away.

use blackbox::{Api, Draft, Reply, World, buyer_body, form, fresh_vat_number, pdf, send};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A fresh buyer: the path of its documents.
pub(crate) async fn buyer(api: &Api) -> String {
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    assert_eq!(created.status, 201, "{created:?}");
    format!("{}/kyc/documents", created.header("location").unwrap())
}

/// Uploads a PDF under a fresh key.
pub(crate) async fn upload(api: &Api, documents: &str, kind: &str, file: &[u8]) -> Reply {
    upload_with_key(api, &Uuid::new_v4().to_string(), documents, kind, file).await
}

pub(crate) async fn upload_with_key(api: &Api, key: &str, documents: &str, kind: &str, file: &[u8]) -> Reply {
    let texts = [("type", kind), ("documentDate", "2026-11-01")];
    post_form(api, key, documents, form(&texts, Some(("extract.pdf", "application/pdf", file)))).await
}

pub(crate) async fn post_form(api: &Api, key: &str, documents: &str, (media_type, body): (String, Vec<u8>)) -> Reply {
    let request = api.write_with_key(key, Method::POST, documents).header("content-type", media_type);
    send(request.body(body)).await
}

/// Announces a PDF under a fresh key.
pub(crate) async fn announce(api: &Api, documents: &str, kind: &str, file: &[u8]) -> Reply {
    let body = announcement(kind, file);
    send(api.write(Method::POST, &format!("{documents}/uploads")).json(&body)).await
}

pub(crate) fn announcement(kind: &str, file: &[u8]) -> Value {
    json!({
        "type": kind, "documentDate": "2026-11-01", "fileName": "extract.pdf", "contentType": "application/pdf",
        "size": file.len(), "sha256": hex::encode(Sha256::digest(file))
    })
}

pub(crate) fn id(document: &Reply) -> String {
    document.json["uuid"].as_str().unwrap_or_else(|| panic!("a document: {document:?}")).to_owned()
}

/// Follows a download to the bytes, as a browser would but without the token.
pub(crate) async fn download(api: &Api, document: &str) -> (Vec<u8>, reqwest::header::HeaderMap) {
    let led = api.get(&format!("{document}/content")).await;
    assert_eq!(led.status, 302, "{led:?}");
    let answer = reqwest::get(led.header("location").unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    (answer.bytes().await.unwrap().to_vec(), headers)
}

#[tokio::test]
async fn an_uploaded_document_is_shown_listed_and_downloaded_as_it_was() {
    let draft = Draft::new();
    let (organisation, client) = (draft.organisation.uuid, draft.client());
    let api = World::shared().organisation(draft).await;
    let documents = buyer(&api).await;
    let file = pdf("the very bytes");
    let texts = [("type", "COC_EXTRACT"), ("documentDate", "2026-11-01")];
    let name = "Auszug \u{201e}M\u{fc}ller\u{201c}.pdf";
    let created = post_form(&api, "key", &documents, form(&texts, Some((name, "application/pdf", &file)))).await;
    assert_eq!(created.status, 201, "{created:?}");
    let uuid = id(&created);
    let expected = json!({
        "uuid": uuid, "type": "COC_EXTRACT", "status": "ACTIVE", "documentDate": "2026-11-01", "fileName": name,
        "contentType": "application/pdf", "size": file.len(), "sha256": hex::encode(Sha256::digest(&file)),
        "source": "API", "uploadedAt": created.json["uploadedAt"],
        "uploadedBy": {"organizationUuid": organisation, "clientId": client}
    });
    assert_eq!(created.json, expected);
    let path = created.header("location").unwrap();
    assert_eq!(path, format!("{documents}/{uuid}"));
    assert_eq!(api.get(path).await.json, expected);
    assert_eq!(api.get(&documents).await.json, json!({"data": [expected], "pagination": {"size": 20}}));

    let (bytes, headers) = download(&api, path).await;
    assert_eq!(bytes, file);
    assert_eq!(headers["content-type"], "application/pdf");
    assert_eq!(
        headers["content-disposition"],
        "attachment; filename=\"Auszug _M_ller_.pdf\"; filename*=UTF-8''Auszug%20%E2%80%9EM%C3%BCller%E2%80%9C.pdf"
    );
    let told = api.get(&format!("{path}/content?redirect=false")).await;
    assert_eq!(told.status, 200);
    assert_eq!(reqwest::get(told.json["url"].as_str().unwrap()).await.unwrap().bytes().await.unwrap(), file);
    assert!(told.json["expiresAt"].is_string());
}

#[tokio::test]
async fn a_new_document_of_a_type_supersedes_the_one_before_and_all_can_be_shown() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let first = upload(&api, &documents, "COC_EXTRACT", &pdf("first")).await;
    let other = upload(&api, &documents, "VAT_CERTIFICATE", &pdf("other")).await;
    let second = upload(&api, &documents, "COC_EXTRACT", &pdf("second")).await;
    assert_eq!((first.status, other.status, second.status), (201, 201, 201));

    let listed = api.get(&documents).await;
    let summary = |page: &Reply| {
        let documents = page.json["data"].as_array().unwrap().iter();
        documents.map(|document| (document["uuid"].clone(), document["status"].clone())).collect::<Vec<_>>()
    };
    let [first_id, other_id, second_id] = [&first, &other, &second].map(|reply| reply.json["uuid"].clone());
    let (active, superseded) = (json!("ACTIVE"), json!("SUPERSEDED"));
    assert_eq!(
        summary(&listed),
        [(second_id.clone(), active.clone()), (other_id, active.clone()), (first_id.clone(), superseded.clone())],
        "newest first"
    );
    let old = api.get(&format!("{documents}/{}", id(&first))).await;
    assert_eq!((&old.json["status"], &old.json["supersededAt"]), (&superseded, &second.json["uploadedAt"]));
    let (bytes, _) = download(&api, &format!("{documents}/{}", id(&first))).await;
    assert_eq!(bytes, pdf("first"));

    let filtered = api.get(&format!("{documents}?type=COC_EXTRACT&status=SUPERSEDED")).await;
    assert_eq!(summary(&filtered), [(first_id.clone(), superseded)]);
    let page = api.get(&format!("{documents}?type=COC_EXTRACT&size=1")).await;
    assert_eq!(summary(&page), [(second_id, active)]);
    let cursor = page.json["pagination"]["nextCursor"].as_str().unwrap();
    let last = api.get(&format!("{documents}?type=COC_EXTRACT&size=1&cursor={cursor}")).await;
    assert_eq!((summary(&last)[0].0.clone(), last.json["pagination"].get("nextCursor")), (first_id, None));
    for query in ["type=PASSPORT", "status=OLD", "size=0", "cursor=x"] {
        assert_eq!(api.get(&format!("{documents}?{query}")).await.status, 422, "{query}");
    }
}

#[tokio::test]
async fn the_bytes_of_the_active_document_again_change_nothing() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let file = pdf("once");
    let first = upload(&api, &documents, "COC_EXTRACT", &file).await;
    let again = upload(&api, &documents, "COC_EXTRACT", &file).await;
    assert_eq!((again.status, &again.json, again.header("location")), (200, &first.json, None));
    let elsewhere = upload(&api, &documents, "COC_TRANSLATION", &file).await;
    assert_eq!(elsewhere.status, 201, "of another type it is another document");
    let buyer = documents.strip_suffix("/kyc/documents").unwrap();
    let history = api.get(&format!("{buyer}/history")).await;
    assert_eq!(history.json["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_repeated_upload_gets_the_same_answer_whatever_became_of_the_document() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let first = upload_with_key(&api, "key", &documents, "COC_EXTRACT", &pdf("first")).await;
    assert_eq!(upload(&api, &documents, "COC_EXTRACT", &pdf("second")).await.status, 201);
    let again = upload_with_key(&api, "key", &documents, "COC_EXTRACT", &pdf("first")).await;
    assert_eq!((again.status, &again.text), (201, &first.text));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    for (case, kind, file) in [("another file", "COC_EXTRACT", "third"), ("another type", "COC_TRANSLATION", "first")] {
        let reused = upload_with_key(&api, "key", &documents, kind, &pdf(file)).await;
        assert_eq!((reused.status, reused.problem()), (422, "idempotency-key-reused"), "{case}");
    }
    assert_eq!(api.get(&documents).await.json["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_archived_document_no_longer_counts_and_can_still_be_shown() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let document = format!("{documents}/{}", id(&upload(&api, &documents, "COC_EXTRACT", &pdf("to go")).await));
    let archive = |key: &'static str, body: Value| {
        send(api.write_with_key(key, Method::POST, &format!("{document}/archive")).json(&body))
    };
    let unreasoned = archive("none", json!({})).await;
    assert_eq!((unreasoned.status, unreasoned.json["errors"][0]["field"].as_str()), (422, Some("reason")));
    let archived = archive("key", json!({"reason": "Illegible"})).await;
    assert_eq!(archived.status, 200, "{archived:?}");
    assert_eq!((&archived.json["status"], &archived.json["archivedReason"]), (&json!("ARCHIVED"), &json!("Illegible")));
    assert!(archived.json["archivedAt"].is_string());
    let again = archive("key", json!({"reason": "Illegible"})).await;
    assert_eq!((again.text == archived.text, again.header("idempotent-replayed")), (true, Some("true")));
    let anew = archive("other", json!({"reason": "Something else"})).await;
    assert_eq!((anew.status, &anew.json), (200, &archived.json), "it stays as it is");
    assert_eq!(download(&api, &document).await.0, pdf("to go"));
    assert_eq!(upload(&api, &documents, "COC_EXTRACT", &pdf("to go")).await.status, 201, "and can come again");

    let buyer = documents.strip_suffix("/kyc/documents").unwrap();
    let history = api.get(&format!("{buyer}/history")).await;
    let kinds: Vec<_> = history.json["data"].as_array().unwrap().iter().map(|r| r["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["CREATED", "DOCUMENT_ADDED", "DOCUMENT_ARCHIVED", "DOCUMENT_ADDED"]);
    assert_eq!(history.json["data"][2]["reason"], "Illegible");
    assert!(!history.text.contains("extract.pdf"), "a file's name is personal data");
}

#[tokio::test]
async fn a_download_needs_its_capability_and_is_noted_before() {
    let world = World::shared();
    let able = Draft::new();
    let seller = able.sellers[0];
    let client = able.client();
    let api = world.organisation(able).await;
    let documents = buyer(&api).await;
    let document = format!("{documents}/{}", id(&upload(&api, &documents, "CONTACT_PASSPORT", &pdf("passport")).await));
    let unable = Draft::new().acting_for(&[seller]).with(|o| o.capabilities.allow_kyc_document_download = false);
    let refused = world.organisation(unable).await.get(&format!("{document}/content")).await;
    assert_eq!((refused.status, refused.problem()), (403, "capability-required"));

    let led = api.request(Method::GET, &format!("{document}/content")).header("x-purpose", "KYC-REVIEW");
    let led = send(led).await;
    assert_eq!(led.status, 302);
    let buyer = documents.split('/').nth(5).unwrap().parse().unwrap();
    let from = "2026-01-01T00:00:00Z".parse().unwrap();
    let log = world.operator().disclosures(buyer, from, storage::now().plus_seconds(60)).await.unwrap();
    assert_eq!(log.len(), 1, "who was refused was shown nothing");
    let noted = json!(log[0]);
    let uuid = document.rsplit('/').next().unwrap();
    assert_eq!(noted["disclosed"], json!({ "DOCUMENT": uuid }));
    assert_eq!((&noted["purpose"], &noted["client"]), (&json!("KYC-REVIEW"), &json!(client)));
    assert_eq!(noted["requestId"].as_str(), led.header("x-request-id"));
    for query in ["redirect=maybe", "redirect="] {
        assert_eq!(api.get(&format!("{document}/content?{query}")).await.status, 422, "{query}");
    }
}

#[tokio::test]
async fn special_categories_are_encrypted_under_a_key_of_their_own() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let mut keys = Vec::new();
    for kind in ["COC_EXTRACT", "CONTACT_ID_CARD", "BANK_STATEMENT", "AML_DECLARATION", "ADDRESS_PROOF"] {
        let uuid = id(&upload(&api, &documents, kind, &pdf(kind)).await);
        let buyer = documents.split('/').nth(5).unwrap();
        keys.push((kind, world.behind.key_of_object("DocumentsBucket", &format!("{buyer}/{uuid}")).await));
    }
    let special = |kind: &str| ["CONTACT", "BANK", "AML"].iter().any(|prefix| kind.starts_with(prefix));
    let (theirs, others): (Vec<_>, Vec<_>) = keys.iter().partition(|(kind, _)| special(kind));
    assert!(theirs.iter().all(|(_, key)| key.is_some() && *key == theirs[0].1), "{keys:?}");
    assert!(others.iter().all(|(_, key)| *key == others[0].1 && *key != theirs[0].1), "{keys:?}");
}

#[tokio::test]
async fn where_documents_are_scanned_nothing_goes_out_before_it_was_found_clean() {
    let world = World::beside("scanned", &[("MalwareScan", "true")]).await;
    let api = world.organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let uuid = id(&upload(&api, &documents, "COC_EXTRACT", &pdf("to be scanned")).await);
    let document = format!("{documents}/{uuid}");
    let unscanned = api.get(&format!("{document}/content")).await;
    assert_eq!((unscanned.status, unscanned.problem()), (409, "document-not-available"));
    assert!(unscanned.header("retry-after").is_some());
    let key = format!("{}/{uuid}", documents.split('/').nth(5).unwrap());
    for (verdict, status) in [("THREATS_FOUND", 409), ("UNSUPPORTED", 409), ("NO_THREATS_FOUND", 302)] {
        world.behind.tag_object("DocumentsBucket", &key, ("GuardDutyMalwareScanStatus", verdict)).await;
        let asked = api.get(&format!("{document}/content")).await;
        assert_eq!(asked.status, status, "{verdict}: {asked:?}");
        assert_eq!(asked.header("retry-after"), None, "{verdict}: waiting does not help");
    }
    let shown = world.behind.items(&format!("PIILOG#{}", documents.split('/').nth(5).unwrap())).await;
    assert_eq!(shown.len(), 1, "only what was given out is noted");
}
