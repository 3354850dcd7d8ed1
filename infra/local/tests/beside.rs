//! A copy of the stack can be broken without the stack noticing.

use local::{Beside, Stack, test_stack};
use serde_json::{Value, json};

async fn get_me(stack: &Stack, api_url: &str) -> (u16, Value) {
    let token = stack.token(stack.organization("full").unwrap()).await.unwrap();
    let answer = reqwest::Client::new().get(format!("{api_url}/v1/me")).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn beside(name: &str, changes: &[(&str, &str)]) -> (&'static Stack, Beside) {
    let stack = test_stack();
    (stack, stack.deploy_beside(name, changes).await.unwrap())
}

#[tokio::test]
async fn the_same_tokens_work_beside_and_tables_are_apart() {
    let (stack, beside) = beside("beside-same", &[]).await;
    assert_ne!(beside.deployment.table_name(), stack.table_name);
    assert_eq!(get_me(stack, &beside.api_url).await, get_me(stack, &stack.api_url).await);
}

#[tokio::test]
async fn a_right_taken_from_a_role_is_missed_beside_only() {
    let (stack, beside) = beside("beside-role", &[]).await;
    assert_eq!(get_me(stack, &beside.api_url).await.0, 200);
    let role = beside.deployment.role_of("get-me").await.unwrap();
    let nothing = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}],
    });
    beside.deployment.put_policy(&role, "test-denies", &nothing.to_string()).await.unwrap();
    // A new process: the old one may answer from memory.
    beside.deployment.change_environment("get-me", &[("UNUSED", Some("1"))]).await.unwrap();
    assert!(get_me(stack, &beside.api_url).await.0 >= 500);
    assert_eq!(get_me(stack, &stack.api_url).await.0, 200);

    let policies = beside.deployment.policies_of(&role).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&policies["test-denies"]).unwrap(), nothing);
    beside.deployment.delete_policy(&role, "test-denies").await.unwrap();
    beside.deployment.change_environment("get-me", &[("UNUSED", None)]).await.unwrap();
    assert_eq!(get_me(stack, &beside.api_url).await.0, 200);
}

#[tokio::test]
async fn an_issuer_of_its_own_refuses_the_tokens_of_the_stack() {
    let provider = simulators::IdentityProvider::start(0).await.unwrap();
    let (stack, beside) = beside("beside-issuer", &[("Issuer", provider.issuer())]).await;
    assert_eq!(get_me(stack, &beside.api_url).await.0, 401);
}

#[tokio::test]
async fn an_invoked_function_answers_with_payload_error_and_log() {
    let stack = test_stack();
    let answer = stack.deployment().invoke("get-me", &json!({"no": "HTTP request"})).await.unwrap();
    assert_eq!(answer.function_error.as_deref(), Some("Unhandled"));
    assert!(answer.payload["errorMessage"].is_string(), "{answer:?}");
    assert!(answer.log_tail.contains("deserialization"), "{answer:?}");
}
