//! The AWS endpoint that functions under test talk to.
//!
//! A TLS server on loopback that answers from memory, so that what is measured
//! is the function: its handshake, its serialisation, its number of calls. It
//! counts every request by operation. Latency of the real services comes on
//! top, once for each call counted here.

mod capacity;
mod certificate;
mod dynamodb;
mod expression;
mod s3;
mod tally;
mod tls;

use std::fmt::Debug;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use uuid::Uuid;

use self::certificate::Chain;
pub(crate) use self::dynamodb::Items;
pub(crate) use self::expression::Item;
pub(crate) use self::s3::Objects;
pub(crate) use self::tally::{Tally, Units};
use self::tls::Tls;
use crate::seed::LIMITS_TABLE;
use crate::template::Index;

/// The key attributes of every table of ours.
const KEY_ATTRIBUTES: [&str; 2] = ["pk", "sk"];

/// The running endpoint; stopped when dropped.
pub(crate) struct Endpoint {
    /// For `AWS_ENDPOINT_URL`
    pub(crate) url: String,
    /// For `AWS_CA_BUNDLE`
    pub(crate) trusted: PathBuf,
    /// The same without TLS, for our own process to fill the tables: it trusts what its own environment says.
    pub(crate) plain_url: String,
    state: Arc<Mutex<Content>>,
    tasks: [JoinHandle<()>; 2],
}

/// Everything that is stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    /// The items of all tables.
    pub(crate) items: Items,
    /// The objects of all buckets.
    pub(crate) objects: Objects,
}

#[derive(Default)]
struct Content {
    stored: Stored,
    indexes: Vec<Index>,
    tally: Tally,
}

impl Endpoint {
    /// Listens on a free port; the certificate to trust is put into `folder`.
    pub(crate) async fn start(folder: &Path, indexes: Vec<Index>) -> anyhow::Result<Self> {
        let chain = Chain::make()?;
        let trusted = folder.join("trusted.pem");
        std::fs::write(&trusted, &chain.root_pem)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let mut listeners = vec![listener];
        // "localhost" may mean this one first; without IPv6 it does not.
        listeners.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await);
        let state = Arc::new(Mutex::new(Content { indexes, ..Content::default() }));
        // Documents are larger than axum's limit.
        let routes = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(state.clone());
        let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let plain_url = format!("http://{}", plain.local_addr()?);
        let tasks = [serve(Tls::over(listeners, chain)?, routes.clone()), serve(plain, routes)];
        Ok(Self { url: format!("https://localhost:{port}"), trusted, plain_url, state, tasks })
    }

    /// What was called since the last time.
    pub(crate) fn take_tally(&self) -> Tally {
        std::mem::take(&mut self.content().tally)
    }

    /// All that is stored now.
    pub(crate) fn stored(&self) -> Stored {
        self.content().stored.clone()
    }

    /// Puts tables and buckets back to what they were.
    pub(crate) fn restore(&self, stored: &Stored) {
        self.content().stored = stored.clone();
    }

    fn content(&self) -> std::sync::MutexGuard<'_, Content> {
        self.state.lock().expect("no request panics with the lock")
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn serve<L: Listener<Addr: Debug>>(listener: L, routes: Router) -> JoinHandle<()> {
    tokio::spawn(async move {
        // Ends with its task only.
        let _ = axum::serve(listener, routes).await;
    })
}

async fn answer(
    State(content): State<Arc<Mutex<Content>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if is_for("ses", &headers) {
        let mut content = content.lock().expect("no request panics with the lock");
        let sends = method == Method::POST && uri.path() == "/v2/email/outbound-emails";
        content.tally.add(if sends { "SES SendEmail" } else { "SES unknown" }, Units::default());
        let status = if sends { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        return (status, [("content-type", "application/json")], sent().to_string()).into_response();
    }
    if is_for("s3", &headers) {
        let mut content = content.lock().expect("no request panics with the lock");
        let (operation, answer) = s3::call(&mut content.stored.objects, &method, &uri, &headers, body);
        content.tally.add(&format!("S3 {operation}"), Units::default());
        return answer;
    }
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let (service, operation) = target.split_once('.').unwrap_or((target, ""));
    let request = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut content = content.lock().expect("no request panics with the lock");
    let Content { stored: Stored { items, .. }, indexes, tally } = &mut *content;
    let (answer, units) = match (service, operation) {
        ("DynamoDB_20120810", operation) => dynamodb::call(items, indexes, operation, &request),
        ("AWSEvents", "PutEvents") => (Ok(put_events(&request)), Units::default()),
        ("AmazonSQS", "SendMessage") => (Ok(sent()), Units::default()),
        ("AmazonSQS", "SendMessageBatch") => (Ok(send_batch(&request)), Units::default()),
        ("TrentService", "Encrypt") => (Ok(sealed(&request)), Units::default()),
        ("TrentService", "Decrypt") => (Ok(opened(&request)), Units::default()),
        _ => (Err(Refusal::unknown_operation(target)), Units::default()),
    };
    tally.add(&shown(operation, &request), units);
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(refusal) => (StatusCode::BAD_REQUEST, refusal.body),
    };
    let is_newer = ["AWSEvents", "TrentService"].contains(&service);
    let version = if is_newer { "application/x-amz-json-1.1" } else { "application/x-amz-json-1.0" };
    let headers = [("content-type", version.to_owned()), ("x-amzn-requestid", Uuid::new_v4().to_string())];
    (status, headers, body.to_string()).into_response()
}

/// By what it is signed for; the other services name their operation in a header.
fn is_for(service: &str, headers: &HeaderMap) -> bool {
    let signature = headers.get("authorization").and_then(|signature| signature.to_str().ok());
    signature.is_some_and(|signature| signature.contains(&format!("/{service}/aws4_request")))
}

/// An operation for the tally: those on the table of rate counters apart.
fn shown(operation: &str, request: &Value) -> String {
    match operation {
        "" => "unknown".to_owned(),
        _ if request["TableName"] == LIMITS_TABLE => format!("{operation} of {LIMITS_TABLE}"),
        _ => operation.to_owned(),
    }
}

fn put_events(request: &Value) -> Value {
    let entries = request["Entries"].as_array().map_or(0, Vec::len);
    let entries: Vec<_> = (0..entries).map(|_| json!({ "EventId": Uuid::new_v4() })).collect();
    json!({ "FailedEntryCount": 0, "Entries": entries })
}

fn sent() -> Value {
    json!({ "MessageId": Uuid::new_v4(), "MD5OfMessageBody": "00000000000000000000000000000000" })
}

fn send_batch(request: &Value) -> Value {
    let entries = request["Entries"].as_array().into_iter().flatten();
    let successful: Vec<_> = entries
        .map(|entry| {
            let mut entry_sent = sent();
            entry_sent["Id"] = entry["Id"].clone();
            entry_sent
        })
        .collect();
    json!({ "Successful": successful, "Failed": [] })
}

/// KMS, which keeps no secret here: what is sealed is what was given.
fn sealed(request: &Value) -> Value {
    json!({ "CiphertextBlob": request["Plaintext"], "KeyId": request["KeyId"] })
}

fn opened(request: &Value) -> Value {
    json!({ "Plaintext": request["CiphertextBlob"], "KeyId": request["KeyId"] })
}

/// An answer of status 400.
#[derive(Debug)]
pub(crate) struct Refusal {
    body: Value,
}

impl Refusal {
    fn of_type(name: &str, message: &str) -> Self {
        let kind = format!("com.amazonaws.dynamodb.v20120810#{name}");
        Self { body: json!({ "__type": kind, "message": message, "Message": message }) }
    }

    fn invalid(message: impl AsRef<str>) -> Self {
        Self::of_type("ValidationException", message.as_ref())
    }

    fn unknown_operation(name: &str) -> Self {
        Self::of_type("UnknownOperationException", &format!("the bench's endpoint does not play {name}"))
    }

    fn condition_failed(old: Option<Item>) -> Self {
        let mut refusal = Self::of_type("ConditionalCheckFailedException", "The conditional request failed");
        if let Some(old) = old {
            refusal.body["Item"] = Value::Object(old);
        }
        refusal
    }

    /// One entry per item: whether its condition failed, and the item then.
    fn transaction_cancelled(items: Vec<(bool, Option<Item>)>) -> Self {
        let mut refusal = Self::of_type("TransactionCanceledException", "Transaction cancelled, see the reasons");
        let reasons = items.into_iter().map(|(failed, old)| match (failed, old) {
            (false, _) => json!({ "Code": "None" }),
            (true, None) => json!({ "Code": "ConditionalCheckFailed", "Message": "The conditional request failed" }),
            (true, Some(old)) => {
                json!({ "Code": "ConditionalCheckFailed", "Message": "The conditional request failed", "Item": old })
            }
        });
        refusal.body["CancellationReasons"] = reasons.collect();
        refusal
    }
}
