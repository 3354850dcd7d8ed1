//! Guarantee 6, on every operation of the `OpenAPI` document: no request reads or changes what belongs to another seller.
//!
//! Each operation is called with a request that its owner could make (which is tried too), by nobody, by an organisation that
//! does not act for the seller, and by one that takes the buyer's id to a seller of its own. An operation that is
//! not in [`request`] fails the tests: nothing new is forgotten.

use blackbox::{Api, Draft, Reply, World, buyer_body, form, fresh_vat_number, pdf, send};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::contacts::{buyer_with, erika};
use crate::documents::{announce, announcement, id, upload};
use crate::hook::fired;
use crate::vies_checks::checked;
use crate::webhooks;

struct Operation {
    id: String,
    method: Method,
    path: String,
    secured: bool,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(include_str!("../../docs/openapi.json")).expect("the document is JSON");
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, it) in methods.as_object().expect("methods") {
            found.push(Operation {
                id: it["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                secured: !it["security"].as_array().expect("security").is_empty(),
            });
        }
    }
    assert!(found.len() >= 12);
    found
}

/// What the operation needs beside its path, for a buyer of version 0.
fn request(operation: &Operation, request: RequestBuilder) -> RequestBuilder {
    let written = |request: RequestBuilder| request.header("idempotency-key", Uuid::new_v4().to_string());
    match operation.id.as_str() {
        "get-me" | "find-buyers" | "list-contacts" | "get-buyer" | "get-history" | "openapi-document" | "docs-page"
        | "docs-page-asset" | "docs-page-problem" | "get-kyc-status" | "list-documents" | "get-document"
        | "get-upload" | "download-document" | "list-vies-checks" | "get-vies-check" | "list-deliveries"
        | "list-webhooks" | "get-webhook" => request,
        "upload-document" => {
            let texts = [("type", "COC_EXTRACT"), ("documentDate", "2026-11-01")];
            let file = pdf(&Uuid::new_v4().to_string());
            let (media_type, body) = form(&texts, Some(("x.pdf", "application/pdf", &file)));
            written(request).header("content-type", media_type).body(body)
        }
        "start-upload" => written(request).json(&announcement("COC_EXTRACT", &pdf("announced"))),
        "upsert-buyer" => written(request).json(&buyer_body(&fresh_vat_number())),
        "update-buyer" => written(request).header("if-match", "\"0\"").json(&json!({"companyName": "Taken Over GmbH"})),
        "add-contact" => written(request).json(&erika()),
        "update-contact" => written(request).json(&json!({"lastName": "Taken over"})),
        "test-webhook" => written(request).json(&json!({"eventType": "kyc.verification_completed", "data": {}})),
        "recover-webhook" => written(request).json(&json!({"since": "2026-11-22T00:00:00Z"})),
        "delete-contact" | "replay-delivery" | "request-vies-check" | "delete-webhook" | "rotate-webhook-secret" => {
            written(request)
        }
        "register-webhook" => written(request).json(&webhooks::body()),
        "update-webhook" => written(request).json(&json!({"url": "https://hooks.example.org/taken-over"})),
        "block-buyer" | "unblock-buyer" | "archive-document" => written(request).json(&json!({"reason": "tried"})),
        id => panic!("say here what {id} needs, so that strangers are tried on it"),
    }
}

/// A buyer, and of it a contact, a document, an upload and a check; and a webhook endpoint of the same organisation, and a delivery to that.
#[derive(Clone)]
struct Ids {
    buyer: String,
    contact: String,
    document: String,
    upload: String,
    check: String,
    webhook: String,
    delivery: String,
}

impl Ids {
    /// The same of another buyer.
    fn at(&self, buyer: &str) -> Self {
        Self { buyer: buyer.to_owned(), ..self.clone() }
    }
}

fn path(operation: &Operation, seller: &str, ids: &Ids) -> String {
    let path = operation.path.replace("{sellerId}", seller).replace("{buyerId}", &ids.buyer);
    let path = path.replace("{contactId}", &ids.contact).replace("{documentId}", &ids.document);
    let path = path.replace("{uploadId}", &ids.upload).replace("{checkId}", &ids.check);
    let path = path.replace("{webhookId}", &ids.webhook).replace("{deliveryId}", &ids.delivery);
    let path = path.replace("{asset}", "page.css").replace("{problem}", "not-found");
    assert!(!path.contains('{'), "say here what stands for the parameters of {path}");
    path
}

async fn call(api: &Api, operation: &Operation, seller: &str, ids: &Ids) -> Reply {
    let path = path(operation, seller, ids);
    send(request(operation, api.request(operation.method.clone(), &path))).await
}

/// A buyer with one of each.
async fn new_buyer(api: &Api) -> Ids {
    let path = buyer_with(api, &[erika()]).await;
    let contacts = api.get(&format!("{path}/contacts")).await;
    let contact = contacts.json[0]["uuid"].as_str().expect("an id").to_owned();
    let documents = format!("{path}/kyc/documents");
    let document = id(&upload(api, &documents, "VAT_CERTIFICATE", &pdf("its document")).await);
    let announced = announce(api, &documents, "ADDRESS_PROOF", &pdf("its upload")).await;
    let upload = announced.json["uploadId"].as_str().expect("an id").to_owned();
    // Over, so that nothing goes on beside the tests.
    let check = checked(api, &format!("{path}/kyc")).await["checkId"].as_str().expect("an id").to_owned();
    let (webhook, _) = webhooks::new_webhook(api).await;
    let delivery = fired(api, &webhook).await;
    let last = |path: &str| path.rsplit('/').next().expect("an id").to_owned();
    Ids { buyer: last(&path), contact, document, upload, check, webhook: last(&webhook), delivery }
}

/// The buyer as its owner sees it, history included, and the owner's webhook endpoints.
async fn all_of(owner: &Api, buyer: &str) -> (String, String) {
    let now = owner.get(&format!("{}/{buyer}", owner.buyers())).await;
    let history = owner.get(&format!("{}/{buyer}/history?size=100", owner.buyers())).await;
    assert_eq!((now.status, history.status), (200, 200));
    let contacts = owner.get(&format!("{}/{buyer}/contacts", owner.buyers())).await;
    let documents = owner.get(&format!("{}/{buyer}/kyc/documents", owner.buyers())).await;
    let webhooks = owner.get(webhooks::HOOKS).await;
    (now.text, history.text + &contacts.text + &documents.text + &webhooks.text)
}

/// All that a client can tell an answer by, but for what names the request.
fn shape(reply: &Reply, id: &str) -> (u16, Vec<(String, String)>, String) {
    let own =
        ["x-request-id", "date", "content-length", "apigw-requestid", "x-ratelimit-remaining", "x-ratelimit-reset"];
    let headers = reply.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let mut headers: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    let trace = reply.json["traceId"].as_str().expect("a trace id");
    (reply.status, headers, reply.text.replace(trace, "<trace>").replace(id, "<id>"))
}

#[tokio::test]
async fn without_a_token_every_secured_operation_is_401_and_every_public_one_answers() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let ids = new_buyer(&api).await;
    let before = all_of(&api, &ids.buyer).await;
    for operation in operations() {
        let path = path(&operation, &api.seller, &ids);
        let reply = send(request(&operation, api.anonymous(operation.method.clone(), &path))).await;
        if operation.secured {
            assert_eq!((reply.status, reply.problem()), (401, "unauthorized"), "{}", operation.id);
            assert!(
                reply.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer")),
                "{}",
                operation.id
            );
        } else {
            assert!(reply.status < 400, "{}: {reply:?}", operation.id);
        }
    }
    assert_eq!(all_of(&api, &ids.buyer).await, before);
}

#[tokio::test]
async fn who_does_not_act_for_the_seller_is_refused_everywhere_and_changes_nothing() {
    let world = World::shared();
    let (owner, stranger) = (world.organisation(Draft::new()).await, world.organisation(Draft::new()).await);
    let ids = new_buyer(&owner).await;
    let before = all_of(&owner, &ids.buyer).await;
    for operation in operations().iter().filter(|operation| operation.path.contains("{sellerId}")) {
        let reply = call(&stranger, operation, &owner.seller, &ids).await;
        assert_eq!((reply.status, reply.problem()), (403, "forbidden"), "{}", operation.id);
    }
    assert_eq!(all_of(&owner, &ids.buyer).await, before);
    let listed = owner.get(&owner.buyers()).await;
    assert_eq!(listed.json["data"].as_array().map(Vec::len), Some(1), "{listed:?}");
}

#[tokio::test]
async fn the_buyer_of_another_seller_looks_absent_everywhere_and_is_left_alone() {
    let world = World::shared();
    let (owner, stranger) = (world.organisation(Draft::new()).await, world.organisation(Draft::new()).await);
    let (ids, absent) = (new_buyer(&owner).await, Uuid::new_v4().to_string());
    let before = all_of(&owner, &ids.buyer).await;
    for operation in operations().iter().filter(|operation| operation.path.contains("{buyerId}")) {
        let foreign = call(&stranger, operation, &stranger.seller, &ids).await;
        assert_eq!((foreign.status, foreign.problem()), (404, "not-found"), "{}", operation.id);
        let nowhere = call(&stranger, operation, &stranger.seller, &ids.at(&absent)).await;
        assert_eq!(shape(&foreign, &ids.buyer), shape(&nowhere, &absent), "{} tells them apart", operation.id);
    }
    assert_eq!(all_of(&owner, &ids.buyer).await, before);
}

#[tokio::test]
async fn the_webhook_of_another_organisation_looks_absent_everywhere_and_is_left_alone() {
    let world = World::shared();
    // Both act for the seller: buyers are shared, webhooks are not.
    let draft = Draft::new();
    let partner = Draft::new().acting_for(&draft.sellers);
    let (owner, stranger) = (world.organisation(draft).await, world.organisation(partner).await);
    let ids = new_buyer(&owner).await;
    let absent = format!("wh_{}", Uuid::new_v4().simple());
    let before = all_of(&owner, &ids.buyer).await;
    for operation in operations().iter().filter(|operation| operation.path.contains("{webhookId}")) {
        let foreign = call(&stranger, operation, &stranger.seller, &ids).await;
        assert_eq!((foreign.status, foreign.problem()), (404, "not-found"), "{}", operation.id);
        let nowhere = Ids { webhook: absent.clone(), ..ids.clone() };
        let nowhere = call(&stranger, operation, &stranger.seller, &nowhere).await;
        assert_eq!(shape(&foreign, &ids.webhook), shape(&nowhere, &absent), "{} tells them apart", operation.id);
    }
    assert_eq!(all_of(&owner, &ids.buyer).await, before);
}

/// Else the refusals above could have other reasons.
#[tokio::test]
async fn the_owner_succeeds_with_the_very_same_requests() {
    let world = World::shared();
    for operation in operations() {
        // An organisation has a limit of webhook endpoints.
        let owner = world.organisation(Draft::new()).await;
        let ids = new_buyer(&owner).await;
        let reply = call(&owner, &operation, &owner.seller, &ids).await;
        assert!(reply.status < 400, "{}: {reply:?}", operation.id);
    }
}
