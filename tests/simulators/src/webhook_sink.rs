//! A receiver for webhooks: takes everything, shows everything.
//!
//! `POST /hooks/<anything>` is answered 200 and kept; `GET /received` lists what
//! came, oldest first (`?path=/hooks/orders` narrows to one endpoint);
//! `DELETE /received` forgets it. The body is shown as text, and as base64
//! beside it, because a signature is over bytes.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::serving::{Bound, Serving, now};

/// One request as it arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// `POST`
    pub method: String,
    /// With the query, as in the request line.
    pub path: String,
    /// Names in lower case; repeated headers joined by a comma.
    pub headers: BTreeMap<String, String>,
    /// As text; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// The exact bytes, base64.
    pub body_base64: String,
    /// RFC 3339, UTC.
    pub received_at: String,
}

/// A running sink; dropping it stops it.
pub struct WebhookSink {
    serving: Serving,
    received: Kept,
}

type Kept = Arc<Mutex<Vec<Received>>>;

impl WebhookSink {
    /// Listens on loopback, on a free port for 0.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(port: u16) -> io::Result<Self> {
        let received = Kept::default();
        let routes = Router::new()
            .route("/hooks/{*path}", post(keep))
            .route("/received", get(list).delete(forget))
            .with_state(Arc::clone(&received));
        Ok(Self { serving: Bound::to(port).await?.serve(routes)?, received })
    }

    /// Where it listens; hooks go under `/hooks/`.
    #[must_use]
    pub fn url(&self) -> String {
        self.serving.url()
    }

    /// Everything that came so far, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.received).clone()
    }
}

fn lock(kept: &Mutex<Vec<Received>>) -> std::sync::MutexGuard<'_, Vec<Received>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn keep(State(kept): State<Kept>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut by_name = BTreeMap::<String, String>::new();
    for (name, value) in &headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        by_name
            .entry(name.to_string())
            .and_modify(|so_far| *so_far = format!("{so_far}, {value}"))
            .or_insert_with(|| value.into_owned());
    }
    lock(&kept).push(Received {
        method: method.to_string(),
        path: uri.to_string(),
        headers: by_name,
        body: String::from_utf8_lossy(&body).into_owned(),
        body_base64: STANDARD.encode(&body),
        received_at: now().to_string(),
    });
    StatusCode::OK
}

#[derive(Deserialize)]
struct Filter {
    path: Option<String>,
}

async fn list(State(kept): State<Kept>, Query(filter): Query<Filter>) -> Json<Vec<Received>> {
    let of_path = |received: &&Received| filter.path.as_ref().is_none_or(|path| received.path == *path);
    Json(lock(&kept).iter().filter(of_path).cloned().collect())
}

async fn forget(State(kept): State<Kept>) -> StatusCode {
    lock(&kept).clear();
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_posted_is_listed_by_path_with_its_exact_bytes() {
        let sink = WebhookSink::start(0).await.unwrap();
        let http = reqwest::Client::new();
        for (path, body) in [("/hooks/a", &b"\xff1"[..]), ("/hooks/b/c?x=1", b"2")] {
            let sent = http.post(sink.url() + path).header("X-Signature", "t=1").body(body).send().await.unwrap();
            assert_eq!(sent.status(), 200);
        }

        let listed = http.get(sink.url() + "/received?path=/hooks/a").send().await.unwrap();
        let listed: Vec<Received> = listed.json().await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(STANDARD.decode(&listed[0].body_base64).unwrap(), b"\xff1");
        assert_eq!(listed[0].headers["x-signature"], "t=1");
        assert_eq!(sink.received()[1].path, "/hooks/b/c?x=1");

        http.delete(sink.url() + "/received").send().await.unwrap();
        assert!(sink.received().is_empty());
    }
}
