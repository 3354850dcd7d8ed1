//! The Lambda Runtime API, as far as one process uses it.
//!
//! A server of its own for each process: nothing of a killed process can then
//! be taken for the next one's. The server only reports; what is handed out,
//! and when, is decided by whoever runs the process. Paths and headers are those of the
//! AWS Lambda developer guide, "Using the Lambda runtime API".

use std::net::Ipv4Addr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// What a process asked for or said.
pub enum Call {
    /// It waits for an event.
    Next(Waiting),
    /// It answered the event it was given.
    Answered(Answer),
    /// It could not start.
    InitFailed(String),
}

/// A process that waits for its next event.
pub struct Waiting {
    /// When it asked.
    pub since: Instant,
    hand_out: oneshot::Sender<Event>,
}

/// What the function made of an event.
pub struct Answer {
    /// When the last byte was here.
    pub at: Instant,
    /// `Err` for `/error`: the handler failed.
    pub content: Result<Value, String>,
}

struct Event {
    content: String,
    function: String,
    deadline: Duration,
}

impl Waiting {
    /// Gives it `content`, to be answered within `time`; the moment it left.
    ///
    /// # Errors
    /// When the function does not wait any more.
    pub fn hand_out(self, function: &str, content: String, time: Duration) -> anyhow::Result<Instant> {
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH)? + time;
        let event = Event { content, function: function.to_owned(), deadline };
        let at = Instant::now();
        self.hand_out.send(event).ok().context("the function stopped waiting for its event")?;
        Ok(at)
    }
}

/// The running server; stopped when dropped.
pub struct RuntimeApi {
    address: String,
    calls: mpsc::UnboundedReceiver<Call>,
    task: JoinHandle<()>,
}

impl RuntimeApi {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (report, calls) = mpsc::unbounded_channel();
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(report);
        let listener = listener.tap_io(|stream| {
            // Only costs time where it fails.
            let _ = stream.set_nodelay(true);
        });
        let task = tokio::spawn(async move {
            // Ends with its task only.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, calls, task })
    }

    /// For `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The next thing the process does.
    ///
    /// # Errors
    /// When the server has stopped.
    pub async fn call(&mut self) -> anyhow::Result<Call> {
        self.calls.recv().await.context("the Runtime API stopped")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Report = State<mpsc::UnboundedSender<Call>>;

async fn next(State(report): Report) -> Response {
    let (hand_out, event) = oneshot::channel();
    let gone = StatusCode::GONE;
    if report.send(Call::Next(Waiting { since: Instant::now(), hand_out })).is_err() {
        return gone.into_response();
    }
    let Ok(event) = event.await else { return gone.into_response() };
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", Uuid::new_v4().to_string()),
        ("lambda-runtime-deadline-ms", event.deadline.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            format!("arn:aws:lambda:eu-central-1:123456789012:function:{}", event.function),
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0".to_owned(),
        ),
    ];
    (headers, event.content).into_response()
}

async fn response(State(report): Report, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let content = serde_json::from_slice(&body).map_err(|error| format!("an answer that is not JSON: {error}"));
    accepted(&report.send(Call::Answered(Answer { at, content })))
}

async fn error(State(report): Report, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let content = Err(String::from_utf8_lossy(&body).into_owned());
    accepted(&report.send(Call::Answered(Answer { at, content })))
}

async fn init_error(State(report): Report, body: Bytes) -> StatusCode {
    accepted(&report.send(Call::InitFailed(String::from_utf8_lossy(&body).into_owned())))
}

fn accepted<T>(reported: &Result<(), T>) -> StatusCode {
    if reported.is_ok() { StatusCode::ACCEPTED } else { StatusCode::GONE }
}
