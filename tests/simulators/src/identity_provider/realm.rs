//! The realm's public endpoints: discovery, keys, tokens.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Form, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Realm, TOKEN_LIFETIME_S};

pub(super) fn routes(realm: &Arc<Realm>) -> Router<Arc<Realm>> {
    Router::new()
        .route("/.well-known/openid-configuration", get(configuration))
        .route("/protocol/openid-connect/certs", get(key_set))
        .route("/protocol/openid-connect/token", post(token))
        .layer(from_fn_with_state(Arc::clone(realm), refuse_while_down))
}

/// Lets nothing through while the provider is down.
async fn refuse_while_down(State(realm): State<Arc<Realm>>, request: Request, next: Next) -> Response {
    if realm.state().down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    next.run(request).await
}

async fn configuration(State(realm): State<Arc<Realm>>) -> Json<Value> {
    let endpoints = format!("{}/protocol/openid-connect", realm.issuer);
    Json(json!({
        "issuer": realm.issuer,
        "authorization_endpoint": format!("{endpoints}/auth"),
        "token_endpoint": format!("{endpoints}/token"),
        "jwks_uri": format!("{endpoints}/certs"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }))
}

async fn key_set(State(realm): State<Arc<Realm>>) -> Json<Value> {
    let mut state = realm.state();
    state.key_sets_served += 1;
    // Newest first, as Keycloak lists them.
    Json(json!({"keys": state.keys.iter().rev().map(super::SigningKey::jwk).collect::<Vec<_>>()}))
}

async fn token(
    State(realm): State<Arc<Realm>>,
    headers: HeaderMap,
    Form(mut form): Form<HashMap<String, String>>,
) -> Result<impl IntoResponse, OAuthError> {
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some(_) => return Err(OAuthError::UnsupportedGrantType),
        None => return Err(OAuthError::MissingGrantType),
    }
    let from_form = || Some((form.remove("client_id")?, form.remove("client_secret")?));
    let (client_id, secret) = basic_credentials(&headers).or_else(from_form).ok_or(OAuthError::InvalidClient)?;
    let known = realm.state().clients.get(&client_id).is_some_and(|secrets| secrets.contains(&secret));
    if !known {
        return Err(OAuthError::InvalidClient);
    }
    let answer = json!({
        "access_token": realm.token_for(&client_id),
        "expires_in": TOKEN_LIFETIME_S,
        "refresh_expires_in": 0,
        "token_type": "Bearer",
        "not-before-policy": 0,
        "scope": "profile email",
    });
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)))
}

/// RFC 6749, 2.3.1: id and secret are form-encoded before they are joined.
fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let joined = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = joined.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

/// RFC 6749, 5.2, with Keycloak's descriptions.
enum OAuthError {
    InvalidClient,
    MissingGrantType,
    UnsupportedGrantType,
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let (status, error, description) = match self {
            Self::InvalidClient => {
                (StatusCode::UNAUTHORIZED, "invalid_client", "Invalid client or Invalid client credentials")
            }
            Self::MissingGrantType => {
                (StatusCode::BAD_REQUEST, "invalid_request", "Missing form parameter: grant_type")
            }
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type", "Unsupported grant_type"),
        };
        (status, Json(json!({"error": error, "error_description": description}))).into_response()
    }
}
