//! A table of requests that are wrong in one way each → status, problem, field.

use blackbox::{Draft, World, buyer_body, event_file, fresh_vat_number, send};
use reqwest::Method;
use serde_json::{Value, json};

/// Changes of a correct body; the field that the answer must name and the rule it must state.
fn wrong_bodies() -> Vec<(Value, &'static str, &'static str)> {
    let long = |count: usize| "x".repeat(count);
    vec![
        (json!({"kycMode": null}), "kycMode", "is required"),
        (json!({"kycMode": "BOTH"}), "kycMode", "must be MARKETPLACE_LED or NT24_LED"),
        (json!({"kycMode": "nt24_led"}), "kycMode", "must be MARKETPLACE_LED or NT24_LED"),
        (json!({"kycMode": 1}), "kycMode", "must be text"),
        (json!({"vatNumber": null}), "vatNumber", "is required"),
        (json!({"vatNumber": ""}), "vatNumber", "must be 1 to 40 characters"),
        (json!({"vatNumber": "123456789"}), "vatNumber", "must match"),
        (json!({"vatNumber": "DE12345678ß"}), "vatNumber", "must match"),
        (json!({"vatNumber": "GB980780684"}), "vatNumber", "EU member state"),
        (json!({"vatNumber": "CHE123456789"}), "vatNumber", "EU member state"),
        (json!({"vatNumber": "DE12345678"}), "vatNumber", "length or shape"),
        (json!({"vatNumber": "ATU1234567"}), "vatNumber", "length or shape"),
        (json!({"vatNumber": ["DE136695976"]}), "vatNumber", "must be text"),
        (json!({"companyName": null}), "companyName", "is required"),
        (json!({"companyName": "   "}), "companyName", "must be 1 to 200 characters"),
        (json!({"companyName": long(201)}), "companyName", "must be 1 to 200 characters"),
        (
            json!({"companyName": "Muster\u{0}GmbH"}),
            "companyName",
            "must not contain control or undecodable characters",
        ),
        (
            json!({"companyName": "Muster\u{202e}HbmG"}),
            "companyName",
            "must not contain control or undecodable characters",
        ),
        (json!({"companyName": {"de": "Muster"}}), "companyName", "must be text"),
        (json!({"address": null}), "address", "is required"),
        (json!({"address": "Am Hafen 1, Hamburg"}), "address", "must be an object"),
        (json!({"address": {"street": long(201)}}), "address.street", "must be 1 to 200 characters"),
        (json!({"address": {"postCode": long(21)}}), "address.postCode", "must be 1 to 20 characters"),
        (json!({"address": {"city": 5}}), "address.city", "must be text"),
        (json!({"address": {"country": "XX"}}), "address.country", "ISO 3166-1 alpha-2"),
        (json!({"address": {"country": "DEU"}}), "address.country", "ISO 3166-1 alpha-2"),
        (json!({"contacts": {"firstName": "Erika"}}), "contacts", "must be an array"),
        (json!({"contacts": vec![json!({}); 21]}), "contacts", "must have at most 20 items"),
        (json!({"contacts": [7]}), "contacts[0]", "must be an object"),
        (json!({"contacts": [person("email", "nobody")]}), "contacts[0].email", "must be an e-mail address"),
        (json!({"contacts": [person("phone", "call me")]}), "contacts[0].phone", "must be a phone number"),
        (json!({"contacts": [person("lastName", "")]}), "contacts[0].lastName", "must be 1 to 100 characters"),
    ]
}

fn person(field: &str, value: &str) -> Value {
    let mut person = json!({"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"});
    person[field] = json!(value);
    person
}

/// Members of objects are changed, everything else is replaced; `null` takes away.
fn change(body: &mut Value, changes: &Value) {
    match (body, changes) {
        (Value::Object(body), Value::Object(changes)) => {
            for (name, value) in changes {
                if value.is_null() {
                    body.remove(name);
                } else {
                    change(body.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (body, value) => *body = value.clone(),
    }
}

#[tokio::test]
async fn a_wrong_body_is_422_and_names_the_field_and_the_rule() {
    let api = World::shared().organisation(Draft::new()).await;
    for (changes, field, rule) in wrong_bodies() {
        let mut body = buyer_body(&fresh_vat_number());
        change(&mut body, &changes);
        let reply = api.upsert(&body).await;
        assert_eq!((reply.status, reply.problem()), (422, "validation-error"), "{changes}: {reply:?}");
        let errors = reply.json["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{changes}: {errors:?}");
        assert_eq!(errors[0]["field"], field, "{changes}");
        assert!(errors[0]["message"].as_str().unwrap().contains(rule), "{changes}: {errors:?}");
        let shown = errors[0].get("rejectedValue");
        if field.starts_with("contacts") {
            assert_eq!(shown, None, "{changes}: contact data is not shown again");
        }
        assert!(
            errors[0].as_object().unwrap().keys().all(|k| ["field", "message", "rejectedValue"].contains(&k.as_str()))
        );
    }
}

#[tokio::test]
async fn all_violations_of_a_body_come_together() {
    let api = World::shared().organisation(Draft::new()).await;
    let reply = api.upsert(&json!({"vatNumber": "??", "address": {}})).await;
    let fields: Vec<_> =
        reply.json["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(
        fields,
        [
            "kycMode",
            "vatNumber",
            "companyName",
            "address.street",
            "address.postCode",
            "address.city",
            "address.country"
        ]
    );
    assert_eq!(reply.json["errors"][1]["rejectedValue"], "??");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_says_why_and_is_never_a_500() {
    let api = World::shared().organisation(Draft::new()).await;
    let huge = format!("{{\"companyName\": \"{}\"}}", "x".repeat(5 * 1024 * 1024));
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let cases: [(&str, &str, Vec<u8>, u16, &str); 13] = [
        ("no body", "application/json", vec![], 400, "ends too early"),
        ("half a body", "application/json", b"{\"kycMode\": \"NT24".to_vec(), 400, "ends too early"),
        ("no JSON", "application/json", b"kycMode=NT24_LED".to_vec(), 400, "not JSON"),
        ("two documents", "application/json", b"{} {}".to_vec(), 400, "not JSON"),
        ("an array", "application/json", b"[]".to_vec(), 400, "not a JSON object"),
        ("a text", "application/json", b"\"x\"".to_vec(), 400, "not a JSON object"),
        ("null", "application/json", b"null".to_vec(), 400, "not a JSON object"),
        ("a member twice", "application/json", b"{\"kycMode\": 1, \"kycMode\": 2}".to_vec(), 400, "twice"),
        ("deep nesting", "application/json", deep.into_bytes(), 400, "nested too deeply"),
        ("5 MB", "application/json", huge.into_bytes(), 413, "65536 bytes"),
        ("a form", "application/x-www-form-urlencoded", b"kycMode=NT24_LED".to_vec(), 415, "application/json"),
        ("XML", "text/xml; charset=utf-8", b"<buyer/>".to_vec(), 415, "application/json"),
        ("no type", "", b"{}".to_vec(), 415, "application/json"),
    ];
    for (case, content_type, body, status, detail) in cases {
        let mut request = api.request(Method::POST, &api.buyers()).header("idempotency-key", case).body(body);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let reply = send(request).await;
        assert_eq!(reply.status, status, "{case}: {reply:?}");
        let kind = reply.problem();
        assert!(!kind.is_empty() && reply.json["detail"].as_str().unwrap().contains(detail), "{case}: {reply:?}");
    }
    let body = buyer_body(&fresh_vat_number()).to_string();
    let request = api.request(Method::POST, &api.buyers()).header("idempotency-key", "charset");
    let reply = send(request.header("content-type", "Application/JSON; charset=utf-8").body(body)).await;
    assert_eq!(reply.status, 201, "a charset is no other type: {reply:?}");
}

/// A gateway passes bytes it cannot read as text on in base64.
#[tokio::test]
async fn invalid_utf_8_is_400_and_what_a_gateway_made_of_it_422() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let mut event = event_file("upsert-buyer", &[("TOKEN", &api.token), ("SELLER", &api.seller)]);
    event["isBase64Encoded"] = json!(true);
    event["body"] = json!("eyJhIjogIv8ifQ=="); // {"a": "<ff>"}
    let answer = world.behind.invoke("upsert-buyer", &event).await.payload;
    assert_eq!(answer["statusCode"], 400, "{answer}");
    assert!(answer["body"].as_str().unwrap().contains("not UTF-8 at byte 7"), "{answer}");

    let mut body = buyer_body(&fresh_vat_number());
    body["companyName"] = json!("Muster \u{fffd} GmbH");
    let reply = api.upsert(&body).await;
    assert_eq!((reply.status, reply.json["errors"][0]["field"].as_str()), (422, Some("companyName")));
}
