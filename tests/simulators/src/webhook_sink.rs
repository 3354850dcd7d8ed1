//! A receiver for webhooks: takes everything, shows everything.
//!
//! `POST /hooks/<anything>` is answered 200 and kept; `GET /received` lists what
//! came, oldest first (`?path=/hooks/orders` narrows to one endpoint);
//! `DELETE /received` forgets it. The body is shown as text, and as base64
//! beside it, because a signature is over bytes.
//!
//! `POST /_simulator/answers` with `{"path": "/hooks/orders", "answers": [{"status": 500, "times": 2}]}` has that endpoint
//! answer so before it answers 200 again: `times` left out is for good, `delayMs` lets the caller wait, `retryAfter` and `body`
//! are what they say.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
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
    /// What it is answered, unless the caller leaves before.
    pub status: u16,
}

/// How an endpoint answers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ordered {
    /// The status; 200 for none.
    status: Option<u16>,
    /// How often; for good without it.
    times: Option<u32>,
    /// How long the caller waits first.
    delay_ms: u64,
    /// The header `Retry-After`.
    retry_after: Option<String>,
    /// The body.
    body: String,
}

/// A running sink; dropping it stops it.
pub struct WebhookSink {
    serving: Serving,
    kept: Kept,
}

type Kept = Arc<Mutex<Memory>>;

#[derive(Default)]
struct Memory {
    received: Vec<Received>,
    answers: BTreeMap<String, VecDeque<Ordered>>,
}

impl Memory {
    /// What that path answers now.
    fn next(&mut self, path: &str) -> Ordered {
        let Some(answers) = self.answers.get_mut(path) else { return Ordered::default() };
        let Some(first) = answers.front_mut() else { return Ordered::default() };
        let answer = first.clone();
        if let Some(times) = &mut first.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                answers.pop_front();
            }
        }
        answer
    }
}

impl WebhookSink {
    /// Listens on loopback, on a free port for 0.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(port: u16) -> io::Result<Self> {
        let kept = Kept::default();
        let routes = Router::new()
            .route("/hooks/{*path}", post(keep))
            .route("/received", get(list).delete(forget))
            .route("/_simulator/answers", post(order))
            .with_state(Arc::clone(&kept));
        Ok(Self { serving: Bound::to(port).await?.serve(routes)?, kept })
    }

    /// Where it listens; hooks go under `/hooks/`.
    #[must_use]
    pub fn url(&self) -> String {
        self.serving.url()
    }

    /// Everything that came so far, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        lock(&self.kept).received.clone()
    }
}

fn lock(kept: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn keep(State(kept): State<Kept>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut by_name = BTreeMap::<String, String>::new();
    for (name, value) in &headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        by_name
            .entry(name.to_string())
            .and_modify(|so_far| *so_far = format!("{so_far}, {value}"))
            .or_insert_with(|| value.into_owned());
    }
    let answer = lock(&kept).next(uri.path());
    let status = answer.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    lock(&kept).received.push(Received {
        method: method.to_string(),
        path: uri.to_string(),
        headers: by_name,
        body: String::from_utf8_lossy(&body).into_owned(),
        body_base64: STANDARD.encode(&body),
        received_at: now().to_string(),
        status: status.as_u16(),
    });
    tokio::time::sleep(Duration::from_millis(answer.delay_ms)).await;
    let retry_after = answer.retry_after.map(|value| [("retry-after", value)]);
    match retry_after {
        Some(header) => (status, header, answer.body).into_response(),
        None => (status, answer.body).into_response(),
    }
}

#[derive(Deserialize)]
struct Orders {
    path: String,
    answers: VecDeque<Ordered>,
}

async fn order(State(kept): State<Kept>, Json(Orders { path, answers }): Json<Orders>) -> StatusCode {
    lock(&kept).answers.insert(path, answers);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Filter {
    path: Option<String>,
}

async fn list(State(kept): State<Kept>, Query(filter): Query<Filter>) -> Json<Vec<Received>> {
    let of_path = |received: &&Received| filter.path.as_ref().is_none_or(|path| received.path == *path);
    Json(lock(&kept).received.iter().filter(of_path).cloned().collect())
}

async fn forget(State(kept): State<Kept>) -> StatusCode {
    lock(&kept).received.clear();
    StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_path_answers_as_ordered_and_then_200_again() {
        let sink = WebhookSink::start(0).await.unwrap();
        let http = reqwest::Client::new();
        let orders = serde_json::json!({"path": "/hooks/a", "answers": [
            {"status": 503, "times": 2, "retryAfter": "7", "body": "later"}, {"status": 410, "times": 1},
        ]});
        http.post(sink.url() + "/_simulator/answers").json(&orders).send().await.unwrap();
        let mut answered = Vec::new();
        for path in ["/hooks/a", "/hooks/b", "/hooks/a", "/hooks/a", "/hooks/a"] {
            let answer = http.post(sink.url() + path).send().await.unwrap();
            answered.push((answer.status().as_u16(), answer.headers().contains_key("retry-after")));
        }
        assert_eq!(answered, [(503, true), (200, false), (503, true), (410, false), (200, false)]);
        let noted: Vec<_> = sink.received().iter().map(|received| received.status).collect();
        assert_eq!(noted, answered.iter().map(|(status, _)| *status).collect::<Vec<_>>());
    }

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
