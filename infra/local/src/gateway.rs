//! The front door: `http://localhost:<port>/v1/...`, as production's URLs look.
//!
//! Stands before the emulator's HTTP API and makes up the differences to AWS:
//!
//! | | emulator | AWS, and so here |
//! |---|---|---|
//! | a crash or timeout of the function | 502 with the error | 500 `{"message":"Internal Server Error"}` |
//! | no concurrency left | 429 with the reason | 503 `{"message":"Service Unavailable"}` |
//! | a body over 10 MB | passed on | 413 `{"message":"Request Entity Too Large"}` |
//! | request line and headers over 10,240 bytes | passed on | 431 `{"message":"Request Header Fields Too Large"}` |
//! | repeated headers | the last one counts | joined by a comma |
//! | `X-Forwarded-*`, `X-Amzn-Trace-Id` | absent | set |
//!
//! It calls the API by path (`/_aws/execute-api/...`), because by host the emulator
//! answers some paths itself (`/health`), and always as `Host: localhost:<port>`.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::failure::{Doing as _, Failure};

/// API Gateway's payload quota.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// API Gateway's quota for the request line and all header values together.
const MAX_HEADERS: usize = 10_240;

/// Headers that belong to one connection (RFC 9110, 7.6.1), or are written anew.
const OF_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A listening front door; dropping it closes it.
#[derive(Debug)]
pub struct Gateway {
    port: u16,
    task: JoinHandle<()>,
}

struct Target {
    http: reqwest::Client,
    api: String,
    port: u16,
}

/// A port taken but not yet served.
pub(crate) struct GatewayPort {
    listener: TcpListener,
    port: u16,
}

impl GatewayPort {
    pub(crate) async fn take(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Leads to that API of the emulator.
    pub(crate) fn open(self, emulator: &str, api_id: &str) -> Result<Gateway, Failure> {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let api = format!("{emulator}/_aws/execute-api/{api_id}/$default");
        let target = Target { http: http.doing("making an HTTP client")?, api, port: self.port };
        let routes = Router::new().fallback(forward).with_state(Arc::new(target));
        let task = tokio::spawn(async move {
            // axum::serve only ever ends with its task.
            let _ = axum::serve(self.listener, routes).await;
        });
        Ok(Gateway { port: self.port, task })
    }
}

impl Gateway {
    /// The API's base, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(State(target): State<Arc<Target>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    if parts.method.as_str().len() + path.len() + size_of_values(&parts.headers) > MAX_HEADERS {
        return own_answer(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large");
    }
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return own_answer(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let url = format!("{}{path}", target.api);
    let headers = as_the_function_sees_them(&parts.headers, target.port);
    match target.http.request(parts.method, url).headers(headers).body(body).send().await {
        Ok(answer) => as_aws_answers(answer).await,
        // AWS says the same when it cannot reach the integration.
        Err(_) => own_answer(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
    }
}

fn size_of_values(headers: &HeaderMap) -> usize {
    headers.values().map(HeaderValue::len).sum()
}

fn as_the_function_sees_them(received: &HeaderMap, port: u16) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in received.keys().filter(|name| !OF_CONNECTION.contains(name)) {
        let values: Vec<_> = received.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(joined) = HeaderValue::from_bytes(&values.join(&b","[..])) {
            headers.insert(name, joined);
        }
    }
    let trace = uuid::Uuid::new_v4().simple().to_string();
    let added = [
        ("host", format!("localhost:{port}")),
        ("x-amzn-trace-id", format!("Root=1-{}-{}", &trace[..8], &trace[8..])),
        ("x-forwarded-for", "127.0.0.1".to_owned()),
        ("x-forwarded-port", port.to_string()),
        ("x-forwarded-proto", "http".to_owned()),
    ];
    for (name, value) in added {
        headers.insert(HeaderName::from_static(name), HeaderValue::try_from(value).expect("made of plain text"));
    }
    headers
}

async fn as_aws_answers(answer: reqwest::Response) -> Response {
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else {
        return own_answer(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    };
    if status == StatusCode::BAD_GATEWAY && has_member(&body, &["errorMessage", "errorType"]) {
        return own_answer(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    }
    if status == StatusCode::TOO_MANY_REQUESTS && has_member(&body, &["Reason"]) {
        return own_answer(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    }
    for name in &OF_CONNECTION {
        headers.remove(name);
    }
    (status, headers, Body::from(body)).into_response()
}

/// Told from an answer of the function by members that only the emulator writes.
fn has_member(body: &Bytes, names: &[&str]) -> bool {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    names.iter().any(|name| json.get(name).is_some())
}

fn own_answer(status: StatusCode, message: &str) -> Response {
    let body = format!(r#"{{"message":"{message}"}}"#);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests;
