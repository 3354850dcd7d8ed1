use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::{Value, json};

use super::*;

const CREDENTIALS: [(&str, &str); 3] =
    [("grant_type", "client_credentials"), ("client_id", "shop"), ("client_secret", "s3cret:%")];

async fn provider() -> IdentityProvider {
    let provider = IdentityProvider::start(0).await.unwrap();
    provider.add_secret("shop", "s3cret:%");
    provider
}

async fn get(url: String) -> Value {
    reqwest::get(url).await.unwrap().error_for_status().unwrap().json().await.unwrap()
}

async fn token_answer(provider: &IdentityProvider, form: &[(&str, &str)]) -> (u16, Value) {
    let answer = reqwest::Client::new().post(provider.token_url()).form(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&decode(token.split('.').nth(index).unwrap())).unwrap()
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// As a verifier does it: discovery, key set, the key the header names.
async fn is_verified_by_the_published_keys(provider: &IdentityProvider, token: &str) -> bool {
    let configuration = get(format!("{}/.well-known/openid-configuration", provider.issuer())).await;
    assert_eq!(configuration["issuer"], provider.issuer());
    let set = get(configuration["jwks_uri"].as_str().unwrap().to_owned()).await;
    let kid = &part(token, 0)["kid"];
    let Some(key) = set["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *kid) else {
        return false;
    };
    let member = |name: &str| decode(key[name].as_str().unwrap());
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = decode(signature);
    match key["alg"].as_str().unwrap() {
        "RS256" => RsaPublicKeyComponents { n: member("n"), e: member("e") }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature)
            .is_ok(),
        "ES256" => {
            let point = [vec![4], member("x"), member("y")].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message.as_bytes(), &signature).is_ok()
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn client_credentials_give_a_token_that_the_published_keys_verify() {
    let provider = provider().await;
    let (status, answer) = token_answer(&provider, &CREDENTIALS).await;
    assert_eq!((status, &answer["token_type"], &answer["expires_in"]), (200, &json!("Bearer"), &json!(300)));
    let token = answer["access_token"].as_str().unwrap();
    let claims = part(token, 1);
    assert_eq!((&claims["azp"], &claims["iss"]), (&json!("shop"), &json!(provider.issuer())));
    assert!(is_verified_by_the_published_keys(&provider, token).await);
    assert_eq!(provider.jwks_requests(), 1);
}

#[tokio::test]
async fn basic_authentication_takes_form_encoded_credentials() {
    let provider = provider().await;
    let request = reqwest::Client::new()
        .post(provider.token_url())
        .basic_auth("shop", Some("s3cret%3A%25"))
        .form(&[("grant_type", "client_credentials")]);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn refusals_are_oauth_errors() {
    let provider = provider().await;
    let wrong = [("grant_type", "client_credentials"), ("client_id", "shop"), ("client_secret", "no")];
    let cases = [
        (&wrong[..], 401, "invalid_client"),
        (&wrong[..1], 401, "invalid_client"),
        (&[("grant_type", "password")][..], 400, "unsupported_grant_type"),
        (&[][..], 400, "invalid_request"),
    ];
    for (form, status, error) in cases {
        let answer = token_answer(&provider, form).await;
        assert_eq!((answer.0, &answer.1["error"]), (status, &json!(error)));
    }
}

#[tokio::test]
async fn old_and_new_secret_work_until_the_old_one_is_removed() {
    let provider = provider().await;
    provider.add_secret("shop", "new");
    assert_eq!(token_answer(&provider, &CREDENTIALS).await.0, 200);
    provider.remove_secret("shop", "s3cret:%");
    assert_eq!(token_answer(&provider, &CREDENTIALS).await.0, 401);
    let new = [CREDENTIALS[0], CREDENTIALS[1], ("client_secret", "new")];
    assert_eq!(token_answer(&provider, &new).await.0, 200);
}

#[tokio::test]
async fn rotation_keeps_old_tokens_valid_only_during_the_overlap() {
    let provider = provider().await;
    let old = provider.sign(&Forgery::default());
    let kid = provider.rotate_keys(Algorithm::ES256, true).await;
    let new = provider.sign(&Forgery::default());
    assert_eq!(part(&new, 0), json!({"alg": "ES256", "typ": "JWT", "kid": kid}));
    assert!(is_verified_by_the_published_keys(&provider, &old).await);
    assert!(is_verified_by_the_published_keys(&provider, &new).await);
    provider.retire_old_keys();
    assert!(!is_verified_by_the_published_keys(&provider, &old).await);
    assert!(is_verified_by_the_published_keys(&provider, &new).await);
}

#[tokio::test]
async fn forgeries_over_http_are_as_false_as_ordered() {
    let provider = provider().await;
    let order = async |order: Value| {
        let url = provider.url() + "/_simulator/sign";
        let answer = reqwest::Client::new().post(url).json(&order).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned()
    };
    let unsigned = order(json!({"header": {"alg": "none", "kid": null}, "claims": {"exp": 1}})).await;
    assert_eq!((part(&unsigned, 0), &part(&unsigned, 1)["exp"]), (json!({"alg": "none", "typ": "JWT"}), &json!(1)));
    assert!(unsigned.ends_with('.'));
    let foreign = order(json!({"withForeignKey": true})).await;
    assert!(!is_verified_by_the_published_keys(&provider, &foreign).await);
    let honest = order(json!({"clientId": "shop"})).await;
    assert!(is_verified_by_the_published_keys(&provider, &honest).await);
}

#[tokio::test]
async fn down_means_503_on_the_realm_and_up_ends_it() {
    let provider = provider().await;
    let configuration = format!("{}/.well-known/openid-configuration", provider.issuer());
    for (call, status) in [("down", 503), ("up", 200)] {
        reqwest::Client::new().post(format!("{}/_simulator/{call}", provider.url())).send().await.unwrap();
        assert_eq!(reqwest::get(&configuration).await.unwrap().status(), status);
    }
}
