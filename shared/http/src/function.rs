//! From Lambda's event to the endpoint and back.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use aws::Aws;
use domain::RequestId;
use futures_util::FutureExt;
use lambda_http::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use lambda_http::http::{HeaderMap, StatusCode};
use lambda_http::tower::ServiceExt;
use lambda_http::{Adapter, Body, Request, RequestExt, Response, lambda_runtime, service_fn};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use storage::{Answer, Table, now};
use tracing::{Instrument, error, field, info, info_span, warn};

use crate::caller::{Asked, Gate};
use crate::issuer::Issuer;
use crate::limits::{Standing, category};
use crate::settings::Settings;
use crate::{Call, Door, Endpoint, Problem, Publication, Visit, event};

/// A function of a group: the name that Lambda calls it by (`_HANDLER`), and how it is entered.
pub type Function = (&'static str, Door);

/// Left over at the end of an invocation to answer in, instead of being cut off without an answer.
const RESERVE: Duration = Duration::from_millis(1500);
/// Longest `Idempotency-Key`, in characters.
pub const LONGEST_KEY: usize = 255;

/// The `main` of a group of HTTP functions: picks the one that Lambda asks for and serves it.
#[must_use]
pub fn main(functions: &[Function]) -> ExitCode {
    aws::main(functions, serve)
}

/// Serves one function of a group that has others beside HTTP functions.
///
/// # Errors
/// When it cannot start, or loses the Lambda runtime.
pub async fn serve(name: &'static str, door: Door) -> Result<(), lambda_http::Error> {
    let edge = Arc::new(Edge::open(name, door).await?);
    let service = service_fn(move |request| {
        let edge = edge.clone();
        async move { Ok::<_, lambda_http::Error>(edge.answer(request).await) }
    });
    lambda_runtime::run(Adapter::from(service).map_request(event::adapted)).await
}

/// Everything between Lambda and a handler.
struct Edge {
    name: &'static str,
    problem_base: String,
    inside: Inside,
}

enum Inside {
    Callers(Box<Admission>),
    Anyone(fn(&Visit) -> Result<Publication, Problem>),
}

/// What stands before a handler for callers.
struct Admission {
    endpoint: Endpoint,
    problem_base: Arc<str>,
    issuer: Issuer,
    gate: Gate,
}

impl Edge {
    async fn open(name: &'static str, door: Door) -> Result<Self, aws::NotSet> {
        let problem_base = aws::required("PROBLEM_BASE")?;
        let inside = match door {
            Door::Anyone(handler) => Inside::Anyone(handler),
            Door::Callers(_) | Door::Opening(_) => {
                let settings = Settings::from_env()?;
                let (table, aws, copy) = Table::connected(Aws::from_env()?, &settings.table, &settings.issuer).await;
                Inside::Callers(Box::new(Admission {
                    endpoint: match door {
                        Door::Opening(endpoint) => endpoint(&table, &aws, &aws::required)?,
                        Door::Callers(endpoint) => endpoint(&table),
                        Door::Anyone(_) => unreachable!("is not of callers"),
                    },
                    problem_base: problem_base.as_str().into(),
                    issuer: Issuer::new(&settings.issuer, table.issuer_keys(), copy),
                    gate: Gate::new(
                        table.callers(),
                        table.limits(&settings.limits_table),
                        settings.required_dpa_version,
                    ),
                }))
            }
        };
        Ok(Self { name, problem_base, inside })
    }

    /// An answer whatever happens.
    async fn answer(&self, request: Request) -> Response<Body> {
        let clock = Stopwatch::now();
        let request_id = request_id(request.headers());
        let instance = request.raw_http_path().to_owned();
        let invocation = request.lambda_context_ref().map(|context| context.request_id.clone());
        let span = info_span!("request", %request_id, invocation, function = self.name, organisation = field::Empty);
        let limit = time_left(&request);
        let standing = Standing::default();
        let answered = guarded(limit, self.handle(request, &request_id, &standing)).instrument(span.clone()).await;
        let _entered = span.enter();
        let duration_ms = clock.elapsed().as_millis() as u64;
        let mut response = match answered {
            Ok(response) => {
                let status = response.status().as_u16();
                info!(status, duration_ms, "{} answered {status}", self.name);
                response
            }
            Err(problem) => {
                report(self.name, &problem, duration_ms);
                from_problem(&problem, problem.body(&self.problem_base, &instance, &request_id))
            }
        };
        for (name, value) in standing.headers() {
            set_named(&mut response, name, &value);
        }
        with_common_headers(response, &request_id)
    }

    async fn handle(
        &self,
        request: Request,
        request_id: &RequestId,
        standing: &Standing,
    ) -> Result<Response<Body>, Problem> {
        match &self.inside {
            Inside::Anyone(handler) => {
                let visit = Visit::of(&request);
                handler(&visit).map(|publication| publication.shown_to(&visit))
            }
            Inside::Callers(admission) => {
                admission.handle(request, request_id, standing).await.map(|answer| from_answer(&answer))
            }
        }
    }
}

impl Admission {
    /// The steps before the handler, in the order the API promises.
    async fn handle(&self, request: Request, request_id: &RequestId, standing: &Standing) -> Result<Answer, Problem> {
        let Self { endpoint, problem_base, issuer, gate } = self;
        let at = now();
        let client = issuer.client(bearer(request.headers())?, at).await?;
        let parameters = path_parameters(&request);
        let seller = parameters.get("sellerId");
        let asked = Asked {
            client,
            of_a_seller: seller.is_some(),
            seller: seller.and_then(|text| text.parse().ok()),
            dpa: endpoint.dpa,
            capability: endpoint.capability,
            category: category(&request),
            at,
        };
        let caller = gate.admit(asked, standing).await?;
        let idempotency_key = if endpoint.writes { Some(idempotency_key(request.headers())?) } else { None };
        let query = request.query_string_parameters();
        let query = query.iter().map(|(name, value)| (name.to_owned(), Value::String(value.to_owned()))).collect();
        let (method, path) = (request.method().to_string(), request.raw_http_path().to_owned());
        let (parts, body) = request.into_parts();
        let call = Call {
            caller,
            request_id: request_id.clone(),
            at,
            method,
            path,
            parameters,
            query: Value::Object(query),
            headers: parts.headers,
            body: bytes(body),
            idempotency_key,
            problem_base: problem_base.clone(),
        };
        (endpoint.handler)(call).await
    }
}

/// Without a copy: a body may have megabytes.
fn bytes(body: Body) -> Vec<u8> {
    match body {
        Body::Empty => Vec::new(),
        Body::Text(text) => text.into_bytes(),
        Body::Binary(bytes) => bytes,
        other => other.to_vec(),
    }
}

/// A panic is a 500, and what takes too long a 503.
async fn guarded<A>(limit: Duration, answering: impl Future<Output = Result<A, Problem>>) -> Result<A, Problem> {
    match tokio::time::timeout(limit, AssertUnwindSafe(answering).catch_unwind()).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(panic)) => Err(Problem::internal(format_args!("panic: {}", panic_message(&*panic)))),
        Err(_) => Err(Problem::unavailable(format_args!("no answer after {} ms", limit.as_millis()))),
    }
}

/// RFC 6750 section 2.1; the scheme's name is case-insensitive.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let header = headers.get(AUTHORIZATION).ok_or_else(Problem::no_token)?;
    let text = header.to_str().map_err(|_| Problem::invalid_token("the header is not text"))?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Problem::no_token()),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let rule =
        || Problem::malformed(format!("The header `Idempotency-Key` is required: 1 to {LONGEST_KEY} characters."));
    let mut values = headers.get_all("idempotency-key").iter();
    let value = values.next().ok_or_else(rule)?;
    let key = std::str::from_utf8(value.as_bytes()).map_err(|_| rule())?;
    let usable = (1..=LONGEST_KEY).contains(&key.chars().count()) && values.next().is_none();
    if usable { Ok(key.to_owned()) } else { Err(rule()) }
}

/// Decoded, as the gateway hands them over encoded.
fn path_parameters(request: &Request) -> std::collections::HashMap<String, String> {
    let parameters = request.path_parameters();
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    parameters.iter().map(|(name, value)| (name.to_owned(), decode(value))).collect()
}

fn request_id(headers: &HeaderMap) -> RequestId {
    let sent = headers.get("x-request-id").and_then(|value| value.to_str().ok());
    sent.and_then(RequestId::from_client).unwrap_or_else(RequestId::fresh)
}

/// Until shortly before Lambda's deadline.
fn time_left(request: &Request) -> Duration {
    let deadline = request.lambda_context_ref().map_or(0, |context| context.deadline);
    let now = now().millis().unsigned_abs();
    Duration::from_millis(deadline.saturating_sub(now)).saturating_sub(RESERVE)
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

/// Our own failures are errors, being out of reach is a warning, and a client's mistake is news.
fn report(name: &str, problem: &Problem, duration_ms: u64) {
    let (kind, cause) = (problem.kind(), problem.cause().unwrap_or_default());
    let (status, id) = (kind.status(), kind.id());
    match status {
        500 => error!(status, problem = id, cause, duration_ms, "{name} failed"),
        503 => warn!(status, problem = id, cause, duration_ms, "{name} is unavailable"),
        _ => info!(status, problem = id, cause, duration_ms, "{name} refused with {status}"),
    }
}

fn from_answer(answer: &Answer) -> Response<Body> {
    let body = answer.body.clone().map_or(Body::Empty, Body::Text);
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    if answer.body.is_some() {
        set(&mut response, CONTENT_TYPE, "application/json");
    }
    for (name, value) in &answer.headers {
        set_named(&mut response, name, value);
    }
    response
}

fn from_problem(problem: &Problem, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = problem.status();
    set(&mut response, CONTENT_TYPE, "application/problem+json");
    for (name, value) in problem.headers() {
        set_named(&mut response, name, value);
    }
    response
}

/// Answers belong to one caller, and no cache on the way may keep them, unless they say otherwise.
fn with_common_headers(mut response: Response<Body>, request_id: &RequestId) -> Response<Body> {
    set_named(&mut response, "x-request-id", request_id.as_str());
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    response
}

fn set_named(response: &mut Response<Body>, name: &str, value: &str) {
    if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
        set(response, name, value);
    }
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests;
