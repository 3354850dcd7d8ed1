//! `…/kyc/documents/uploads`: straight to the bucket, then registered.

use std::time::Duration;

use blackbox::{Api, Draft, Reply, World, big_pdf, pdf, send};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::documents::{announce, announcement, buyer, download, upload};

/// Puts the bytes where the answer says, as it says.
async fn put(target: &Reply, bytes: &[u8]) -> StatusCode {
    assert_eq!(target.status, 201, "{target:?}");
    let http = reqwest::Client::new();
    let mut request = http.put(target.json["url"].as_str().unwrap()).body(bytes.to_vec());
    for (name, value) in target.json["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    request.send().await.unwrap().status()
}

/// Asks until the upload is no longer pending.
async fn ended(api: &Api, documents: &str, target: &Reply) -> Reply {
    let path = format!("{documents}/uploads/{}", target.json["uploadId"].as_str().unwrap());
    for _ in 0..100 {
        let upload = api.get(&path).await;
        assert_eq!(upload.status, 200, "{upload:?}");
        if upload.json["status"] != "PENDING" {
            return upload;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{path} stays pending");
}

#[tokio::test]
async fn an_announced_upload_becomes_the_same_document_as_by_form() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let before = upload(&api, &documents, "COC_EXTRACT", &pdf("before")).await;
    let file = big_pdf("larger than a form may be", 5 * 1024 * 1024);
    let target = announce(&api, &documents, "COC_EXTRACT", &file).await;
    assert_eq!(target.json["method"], "PUT");
    let path = format!("{documents}/uploads/{}", target.json["uploadId"].as_str().unwrap());
    assert_eq!(api.get(&path).await.json["status"], "PENDING");
    assert_eq!(put(&target, &file).await, 200);

    let upload = ended(&api, &documents, &target).await;
    assert_eq!(upload.json["status"], "REGISTERED", "{upload:?}");
    let document = format!("{documents}/{}", upload.json["documentId"].as_str().unwrap());
    let shown = api.get(&document).await;
    let mut expected = before.json.clone();
    for member in ["uuid", "uploadedAt", "size", "sha256"] {
        expected[member] = shown.json[member].clone();
    }
    assert_eq!(shown.json, expected, "but for its own bytes, the same");
    assert_eq!(shown.json["sha256"], announcement("COC_EXTRACT", &file)["sha256"]);
    assert_eq!(download(&api, &document).await.0, file);
    let old = api.get(&format!("{documents}/{}", before.json["uuid"].as_str().unwrap())).await;
    assert_eq!(old.json["status"], "SUPERSEDED");
    let items = World::shared().behind.items(&format!("BUYER#{}", documents.split('/').nth(5).unwrap())).await;
    let over = items.iter().find(|item| item["sk"]["S"].as_str().unwrap().starts_with("UPLOAD#")).unwrap();
    assert!(!over.to_string().contains("extract.pdf"), "a name is kept in one place that erasure reaches");
}

/// The bucket refuses bytes whose hash is not the signed one. Our own hashing is the guarantee, should it not.
#[tokio::test]
async fn bytes_that_differ_from_what_was_announced_are_rejected_and_say_why() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let (announced, same_length) = (pdf("announced"), pdf("different"));
    assert_eq!(announced.len(), same_length.len());
    let no_document = b"not a PDF, whatever was announced".to_vec();
    let picture = [b"\x89PNG\r\n\x1a\n".to_vec(), vec![0; 40]].concat();
    for (case, announced, sent, problem) in [
        ("another hash", &announced, &same_length, "validation-error"),
        ("another length", &announced, &pdf("longer than announced"), "validation-error"),
        ("no document", &no_document, &no_document, "unsupported-media-type"),
        ("a broken picture", &picture, &picture, "validation-error"),
    ] {
        let target = announce(&api, &documents, "COC_EXTRACT", announced).await;
        if announced != sent {
            assert!(!put(&target, sent).await.is_success(), "{case}: the bucket takes it");
        }
        let key = format!("{}/{}", documents.split('/').nth(5).unwrap(), target.json["uploadId"].as_str().unwrap());
        world.behind.put_object("IncomingBucket", &key, sent).await;
        let upload = ended(&api, &documents, &target).await;
        assert_eq!(upload.json["status"], "REJECTED", "{case}: {upload:?}");
        let kind = upload.json["problem"]["type"].as_str().unwrap();
        assert_eq!(kind.rsplit('/').next(), Some(problem), "{case}: {upload:?}");
        assert!(upload.json["problem"]["detail"].as_str().unwrap().starts_with("The file must "), "{case}: {upload:?}");
    }
    assert_eq!(api.get(&documents).await.json["data"], json!([]), "nothing became a document");
}

#[tokio::test]
async fn an_address_is_for_the_announced_bytes_and_a_repeat_signs_the_same_upload() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let file = pdf("announced twice");
    let announce =
        |body: Value| send(api.write_with_key("key", Method::POST, &format!("{documents}/uploads")).json(&body));
    let first = announce(announcement("COC_EXTRACT", &file)).await;
    let url = first.json["url"].as_str().unwrap();
    let signed = url.split('&').find_map(|part| part.split_once("X-Amz-SignedHeaders=")).unwrap().1.to_lowercase();
    for header in ["content-length", "content-type", "host", "x-amz-checksum-sha256"] {
        assert!(signed.contains(header), "{header} is not signed: {signed}");
    }
    assert!(url.contains("X-Amz-Expires=900"), "{url}");
    assert!(!url.contains("extract.pdf"), "a key holds no personal data");
    let again = announce(announcement("COC_EXTRACT", &file)).await;
    assert_eq!((again.status, &again.json["uploadId"]), (201, &first.json["uploadId"]));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = announce(announcement("COC_EXTRACT", &pdf("something else"))).await;
    assert_eq!((other.status, other.problem()), (422, "idempotency-key-reused"));
    assert_eq!(put(&again, &file).await, 200);
    assert_eq!(ended(&api, &documents, &again).await.json["status"], "REGISTERED");

    let mut too_big = announcement("COC_EXTRACT", &file);
    too_big["size"] = json!(50 * 1024 * 1024 + 1);
    let refused = send(api.write(Method::POST, &format!("{documents}/uploads")).json(&too_big)).await;
    assert_eq!((refused.status, refused.json["errors"][0]["field"].as_str()), (422, Some("size")));
    let nobody = format!("{}/{}/kyc/documents/uploads", api.buyers(), uuid::Uuid::new_v4());
    let refused = send(api.write(Method::POST, &nobody).json(&announcement("COC_EXTRACT", &file))).await;
    assert_eq!((refused.status, refused.problem()), (404, "not-found"));
    assert_eq!(api.get(&format!("{documents}/uploads/{}", uuid::Uuid::new_v4())).await.status, 404);
}

#[tokio::test]
async fn a_message_that_comes_again_registers_nothing_twice() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let file = pdf("delivered more than once");
    let target = announce(&api, &documents, "COC_EXTRACT", &file).await;
    assert_eq!(put(&target, &file).await, 200);
    assert_eq!(ended(&api, &documents, &target).await.json["status"], "REGISTERED");
    let buyer = documents.split('/').nth(5).unwrap();
    let values = [("BUYER", buyer), ("UPLOAD", target.json["uploadId"].as_str().unwrap())];
    let event = blackbox::event_file("register-upload", &values);
    for _ in 0..2 {
        let answer = world.behind.invoke("register-upload", &event).await;
        assert_eq!(answer.payload, json!({"batchItemFailures": []}), "{}", answer.log_tail);
    }
    assert_eq!(api.get(&documents).await.json["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_poisoned_message_holds_up_none_of_the_others_and_the_test_message_of_a_bucket_is_taken() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let documents = buyer(&api).await;
    let buyer = documents.split('/').nth(5).unwrap();
    let values = [("BUYER", buyer), ("UPLOAD", "00000000-0000-4000-8000-000000000000")];
    let mut event = blackbox::event_file("register-upload", &values);
    let good = event["Records"][0].clone();
    let with = |id: &str, body: &str| {
        let mut record = good.clone();
        record["messageId"] = json!(id);
        record["body"] = json!(body);
        record
    };
    let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"onboarding-incoming"}"#;
    event["Records"] = json!([good, with("poison", "no JSON at all"), with("test", test)]);
    let answer = world.behind.invoke("register-upload", &event).await;
    assert_eq!(answer.payload, json!({"batchItemFailures": [{"itemIdentifier": "poison"}]}), "{}", answer.log_tail);
}
