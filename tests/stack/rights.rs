//! Roles are as narrow as they can be: without any one statement something fails.
//!
//! On a copy of the deployment, a statement is taken from a function's role, the function is called, and the
//! statement is put back. The emulator does not tell kinds of items apart (`LeadingKeys`), so a statement whose
//! action another one allows on other items cannot be missed here; `template.rs` asserts those on the template.

use blackbox::{Draft, World, buyer_body, event_file, fresh_vat_number};
use serde_json::{Value, json};

/// The statements of a function's own policy, by their Sid.
async fn policy_of(world: &World, function: &str) -> (String, String, Value) {
    let deployment = &world.behind.deployment;
    let role = deployment.role_of(function).await.unwrap();
    let policies = deployment.policies_of(&role).await.unwrap();
    let (name, document) = policies.into_iter().next().unwrap_or_else(|| panic!("{function} has no policy of its own"));
    (role, name, serde_json::from_str(&document).unwrap())
}

/// Runs the check without that statement.
async fn without<F: Future<Output = ()>>(world: &World, function: &str, sid: &str, check: impl FnOnce() -> F) {
    let deployment = &world.behind.deployment;
    let (role, name, document) = policy_of(world, function).await;
    let mut stripped = document.clone();
    let statements = stripped["Statement"].as_array_mut().unwrap();
    let before = statements.len();
    statements.retain(|statement| statement["Sid"] != sid);
    assert_eq!(statements.len(), before - 1, "{function} has no statement {sid}: {document}");
    if statements.is_empty() {
        deployment.delete_policy(&role, &name).await.unwrap();
    } else {
        deployment.put_policy(&role, &name, &stripped.to_string()).await.unwrap();
    }
    check().await;
    deployment.put_policy(&role, &name, &document.to_string()).await.unwrap();
}

#[tokio::test]
async fn a_buyers_function_without_its_statement_fails_and_says_nothing_of_roles() {
    let world = World::beside("rights-buyers", &[]).await;
    let api = world.organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    assert_eq!(created.status, 201, "{created:?}");

    without(&world, "upsert-buyer", "CreateBuyer", || async {
        let reply = api.upsert(&buyer_body(&fresh_vat_number())).await;
        assert_eq!((reply.status, reply.problem()), (500, "internal-error"));
        assert!(!reply.text.contains("AccessDenied") && !reply.text.contains("arn:"), "{reply:?}");
    })
    .await;
    assert_eq!(api.upsert(&buyer_body(&fresh_vat_number())).await.status, 201, "and with it, it works again");
}

#[tokio::test]
async fn an_account_function_without_its_statement_fails() {
    let world = World::beside("rights-account", &[]).await;
    let api = world.organisation(Draft::new()).await;
    without(&world, "get-me", "ReadOrganisation", || async {
        assert_eq!(api.get("/v1/me").await.status, 500);
    })
    .await;
    assert_eq!(api.get("/v1/me").await.status, 200);
}

#[tokio::test]
async fn an_outbox_function_without_a_statement_fails() {
    let world = World::beside("rights-outbox", &[]).await;
    without(&world, "run-due", "FindDue", || async {
        let answer = world.behind.invoke("run-due", &event_file("run-due", &[])).await;
        assert!(answer.function_error.is_some(), "{}", answer.payload);
    })
    .await;
    without(&world, "relay-outbox", "SendEvents", || async {
        let event = event_file("relay-outbox", &[]);
        let answer = world.behind.invoke("relay-outbox", &event).await;
        let failures = answer.payload["batchItemFailures"].as_array().cloned().unwrap_or_default();
        assert_eq!(failures.len(), event["Records"].as_array().unwrap().len(), "{}", answer.payload);
    })
    .await;
    let answer = world.behind.invoke("relay-outbox", &event_file("relay-outbox", &[])).await;
    assert_eq!(answer.payload, json!({"batchItemFailures": []}));
}
