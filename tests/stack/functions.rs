//! One event a function, invoked as Lambda would.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use blackbox::{Draft, World, buyer_body, event_file, fresh_vat_number, pdf};
use serde_json::{Value, json};

use crate::documents::{announce, upload};
use crate::hook::fired;
use crate::vies_checks::request;
use crate::webhooks::new_webhook;

#[tokio::test]
async fn every_function_answers_its_event() {
    let world = World::shared();
    let draft = Draft::new();
    let organisation = draft.organisation.uuid.to_string();
    let api = world.organisation(draft).await;
    let mut body = buyer_body(&fresh_vat_number());
    body["contacts"] = json!([{"firstName": "Max", "lastName": "Muster", "email": "max@example.org"}]);
    let created = api.upsert(&body).await;
    let contacts = api.get(&format!("{}/{}/contacts", api.buyers(), created.json["uuid"].as_str().unwrap())).await;
    let documents = format!("{}/{}/kyc/documents", api.buyers(), created.json["uuid"].as_str().unwrap());
    let document = upload(&api, &documents, "AML_DECLARATION", &pdf("of every function")).await;
    let upload = announce(&api, &documents, "ADDRESS_PROOF", &pdf("to be put")).await;
    let kyc = format!("{}/{}/kyc", api.buyers(), created.json["uuid"].as_str().unwrap());
    let check = request(&api, &kyc).await;
    let (webhook, _) = new_webhook(&api).await;
    let delivery = fired(&api, &webhook).await;
    let values = [
        ("CHECK", check.json["checkId"].as_str().unwrap()),
        ("DELIVERY", delivery.as_str()),
        ("WEBHOOK", webhook.rsplit('/').next().unwrap()),
        ("DOCUMENT", document.json["uuid"].as_str().unwrap()),
        ("UPLOAD", upload.json["uploadId"].as_str().unwrap()),
        ("CONTACT", contacts.json[0]["uuid"].as_str().unwrap()),
        ("ORGANISATION", organisation.as_str()),
        ("TOKEN", api.token.as_str()),
        ("SELLER", api.seller.as_str()),
        ("BUYER", created.json["uuid"].as_str().unwrap()),
    ];
    let expected = [
        ("get-me", json!(200)),
        ("openapi-document", json!(200)),
        ("docs-page", json!(200)),
        ("unmatched", json!(404)),
        ("upsert-buyer", json!(201)),
        ("get-buyer", json!(200)),
        ("find-buyers", json!(200)),
        ("get-history", json!(200)),
        ("update-buyer", json!(200)),
        ("block-buyer", json!(200)),
        ("unblock-buyer", json!(200)),
        ("list-contacts", json!(200)),
        ("add-contact", json!(201)),
        ("update-contact", json!(200)),
        ("delete-contact", json!(204)),
        ("upload-document", json!(201)),
        ("start-upload", json!(201)),
        ("get-upload", json!(200)),
        ("list-documents", json!(200)),
        ("get-document", json!(200)),
        ("download-document", json!(302)),
        ("archive-document", json!(200)),
        ("register-upload", Value::Null),
        ("get-kyc-status", json!(200)),
        ("request-vies-check", json!(202)),
        ("list-vies-checks", json!(200)),
        ("get-vies-check", json!(200)),
        ("check-vies", Value::Null),
        ("send-mail", Value::Null),
        ("register-webhook", json!(201)),
        ("list-webhooks", json!(200)),
        ("get-webhook", json!(200)),
        ("update-webhook", json!(200)),
        ("rotate-webhook-secret", json!(200)),
        ("list-deliveries", json!(200)),
        ("replay-delivery", json!(202)),
        ("test-webhook", json!(202)),
        ("recover-webhook", json!(202)),
        ("fan-out-event", Value::Null),
        ("deliver-webhook", Value::Null),
        ("release-deliveries", Value::Null),
        ("delete-webhook", json!(204)),
        ("relay-outbox", Value::Null),
        ("run-due", Value::Null),
    ];
    let deployed: BTreeSet<_> = world.behind.deployment.functions.keys().map(String::as_str).collect();
    assert_eq!(deployed, expected.iter().map(|(name, _)| *name).collect(), "a function without an event");
    let events = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")).unwrap().count();
    assert_eq!(events, expected.len(), "an event without a function");

    for (function, status) in expected {
        let answer = world.behind.invoke(function, &event_file(function, &values)).await;
        assert_eq!(answer.function_error, None, "{function}: {}", answer.log_tail);
        if status == Value::Null {
            assert!(answer.payload.is_object(), "{function}: {}", answer.payload);
        } else {
            assert_eq!(answer.payload["statusCode"], status, "{function}: {}", answer.payload);
        }
        assert!(!answer.log_tail.contains(&api.token), "{function} logs the token");
    }
}

#[tokio::test]
async fn a_request_is_logged_as_one_json_line_with_its_id_and_no_personal_data() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let mut event = event_file("upsert-buyer", &[("TOKEN", &api.token), ("SELLER", &api.seller)]);
    event["headers"]["x-request-id"] = json!("logged-4711");
    let mut body = buyer_body(&fresh_vat_number());
    body["contacts"] = json!([{"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"}]);
    event["body"] = json!(body.to_string());
    let answer = world.behind.invoke("upsert-buyer", &event).await;
    assert_eq!(answer.payload["statusCode"], 201, "{}", answer.payload);
    let lines = answer.log_tail.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines.into_iter().find(|line| line["span"]["request_id"] == "logged-4711");
    let line = line.unwrap_or_else(|| panic!("no line names the request: {}", answer.log_tail));
    assert_eq!((&line["level"], &line["status"]), (&json!("INFO"), &json!(201)), "{line}");
    assert_eq!(line["span"]["function"], "upsert-buyer");
    assert!(line["duration_ms"].is_u64() && line["span"]["organisation"].is_string(), "{line}");
    for secret in [api.token.as_str(), "Erika", "example.org", "Muster"] {
        assert!(!answer.log_tail.contains(secret), "the log shows {secret}");
    }
}
