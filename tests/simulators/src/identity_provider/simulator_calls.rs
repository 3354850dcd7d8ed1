//! What a test does to the provider, over HTTP; the table is in the module above.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Algorithm, Forgery, Realm};

pub(super) fn routes() -> Router<Arc<Realm>> {
    Router::new()
        .route("/add-secret", post(add_secret))
        .route("/remove-secret", post(remove_secret))
        .route("/remove-client", post(remove_client))
        .route("/rotate-keys", post(rotate_keys))
        .route("/retire-old-keys", post(retire_old_keys))
        .route("/down", post(async |State(realm): State<Arc<Realm>>| set_down(&realm, true)))
        .route("/up", post(async |State(realm): State<Arc<Realm>>| set_down(&realm, false)))
        .route("/sign", post(sign))
        .route("/jwks-requests", get(jwks_requests))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientSecret {
    client_id: String,
    secret: String,
}

async fn add_secret(State(realm): State<Arc<Realm>>, Json(client): Json<ClientSecret>) -> StatusCode {
    realm.add_secret(client.client_id, client.secret);
    StatusCode::NO_CONTENT
}

async fn remove_secret(State(realm): State<Arc<Realm>>, Json(client): Json<ClientSecret>) -> StatusCode {
    realm.remove_secret(&client.client_id, &client.secret);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    client_id: String,
}

async fn remove_client(State(realm): State<Arc<Realm>>, Json(client): Json<Client>) -> StatusCode {
    realm.state().clients.remove(&client.client_id);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Rotation {
    #[serde(default)]
    algorithm: Algorithm,
    #[serde(default = "yes")]
    overlap: bool,
}

fn yes() -> bool {
    true
}

async fn rotate_keys(State(realm): State<Arc<Realm>>, Json(rotation): Json<Rotation>) -> Json<Value> {
    Json(json!({"kid": realm.rotate_keys(rotation.algorithm, rotation.overlap).await}))
}

async fn retire_old_keys(State(realm): State<Arc<Realm>>) -> StatusCode {
    realm.retire_old_keys();
    StatusCode::NO_CONTENT
}

fn set_down(realm: &Realm, down: bool) -> StatusCode {
    realm.state().down = down;
    StatusCode::NO_CONTENT
}

async fn sign(State(realm): State<Arc<Realm>>, Json(forgery): Json<Forgery>) -> Json<Value> {
    Json(json!({"token": realm.sign(&forgery)}))
}

async fn jwks_requests(State(realm): State<Arc<Realm>>) -> Json<Value> {
    Json(json!({"count": realm.state().key_sets_served}))
}
