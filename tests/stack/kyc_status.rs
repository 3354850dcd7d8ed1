//! `…/kyc`: where a buyer's KYC stands.

use blackbox::{Draft, World, buyer_body, fresh_vat_number, pdf, send};
use reqwest::Method;
use serde_json::{Value, json};

use crate::documents::{id, upload};

#[tokio::test]
async fn the_requirements_of_mode_a_shrink_with_every_document_until_the_vat_check_is_left() {
    let api = World::shared().organisation(Draft::new()).await;
    let mut body = buyer_body(&fresh_vat_number());
    body["kycMode"] = json!("MARKETPLACE_LED");
    let created = api.upsert(&body).await;
    let kyc = format!("{}/kyc", created.header("location").unwrap());
    let documents = format!("{kyc}/documents");
    let status = api.get(&kyc).await;
    assert_eq!(status.status, 200, "{status:?}");
    assert_eq!(
        status.json,
        json!({
            "buyerId": created.json["uuid"], "kycMode": "MARKETPLACE_LED", "overallStatus": "INCOMPLETE",
            "viesResult": "UNKNOWN", "documentsComplete": false, "amlStatus": "NOT_APPLICABLE", "seq": 0,
            "requirements": {
                "missing": [
                    {"code": "DOCUMENT_MISSING", "family": "COC", "acceptedTypes": ["COC_EXTRACT", "COC_TRANSLATION"],
                     "message": "Upload an extract from the commercial register."},
                    {"code": "DOCUMENT_MISSING", "family": "VAT",
                     "acceptedTypes": ["VAT_CERTIFICATE", "VAT_NUMBER_CONFIRMATION"],
                     "message": "Upload a proof of the VAT registration."},
                    {"code": "DOCUMENT_MISSING", "family": "CONTACT",
                     "acceptedTypes": [
                        "CONTACT_ID_CARD", "CONTACT_PASSPORT", "CONTACT_DRIVING_LICENCE", "CONTACT_POWER_OF_ATTORNEY"
                     ],
                     "message": "Upload a proof of the contact person's identity or authority."},
                    {"code": "DOCUMENT_MISSING", "family": "AML_DECLARATION", "acceptedTypes": ["AML_DECLARATION"],
                     "message": "Upload a declaration against money laundering."},
                    {"code": "VIES_CHECK_MISSING", "message": "Request a VIES check."}
                ],
                "pending": [], "errors": []
            }
        })
    );
    let missing = |reply: &blackbox::Reply| {
        let missing = reply.json["requirements"]["missing"].as_array().unwrap().iter();
        missing.map(|entry| entry.get("family").unwrap_or(&entry["code"]).clone()).collect::<Vec<_>>()
    };
    let steps = [
        ("COC_TRANSLATION", vec!["VAT", "CONTACT", "AML_DECLARATION", "VIES_CHECK_MISSING"]),
        ("BANK_STATEMENT", vec!["VAT", "CONTACT", "AML_DECLARATION", "VIES_CHECK_MISSING"]),
        ("CONTACT_PASSPORT", vec!["VAT", "AML_DECLARATION", "VIES_CHECK_MISSING"]),
        ("AML_DECLARATION", vec!["VAT", "VIES_CHECK_MISSING"]),
        ("VAT_CERTIFICATE", vec!["VIES_CHECK_MISSING"]),
    ];
    let mut last = Value::Null;
    for (seq, (kind, left)) in (1..).zip(steps) {
        let uploaded = upload(&api, &documents, kind, &pdf(kind)).await;
        assert_eq!(uploaded.status, 201, "{uploaded:?}");
        let status = api.get(&kyc).await;
        assert_eq!(missing(&status), left, "{kind}");
        assert_eq!(status.json["seq"], seq);
        last = uploaded.json["uuid"].clone();
    }
    let complete = api.get(&kyc).await;
    assert_eq!(
        (&complete.json["documentsComplete"], &complete.json["overallStatus"]),
        (&json!(true), &json!("INCOMPLETE"))
    );
    let archive = format!("{documents}/{}/archive", last.as_str().unwrap());
    assert_eq!(send(api.write(Method::POST, &archive).json(&json!({"reason": "Wrong company"}))).await.status, 200);
    assert_eq!(missing(&api.get(&kyc).await), ["VAT", "VIES_CHECK_MISSING"], "what was put away no longer counts");
}

#[tokio::test]
async fn mode_b_asks_for_the_verification_and_has_statuses_of_its_own() {
    let api = World::shared().organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    let status = api.get(&format!("{}/kyc", created.header("location").unwrap())).await;
    assert_eq!(status.json["verificationStatus"], "NOT_STARTED");
    assert_eq!(status.json["amlStatus"], "PENDING");
    assert_eq!(
        status.json["requirements"]["missing"],
        json!([{"code": "VERIFICATION_MISSING", "message": "Start the verification."}])
    );
}

#[tokio::test]
async fn who_has_the_status_already_gets_304_until_anything_changes() {
    let api = World::shared().organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    let buyer = created.header("location").unwrap();
    let kyc = format!("{buyer}/kyc");
    let etag = api.get(&kyc).await.header("etag").unwrap().to_owned();
    let again = || send(api.request(Method::GET, &kyc).header("if-none-match", &etag));
    let known = again().await;
    assert_eq!((known.status, known.text.as_str(), known.header("etag")), (304, "", Some(etag.as_str())));
    let document = upload(&api, &format!("{kyc}/documents"), "COC_EXTRACT", &pdf("new")).await;
    assert_eq!(document.status, 201, "{}", id(&document));
    let changed = again().await;
    assert_eq!((changed.status, &changed.json["seq"]), (200, &json!(1)));
    assert_ne!(changed.header("etag"), Some(etag.as_str()));
    assert_eq!(api.get(buyer).await.header("etag"), Some("\"0\""), "the buyer's version is another matter");
}
