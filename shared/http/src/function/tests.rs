//! An answer whatever happens, and what stands in it about the rate limit.

use super::*;
use crate::Kind;
use lambda_http::{Context, http};
use serde_json::json;
use simulators::identity_provider::Forgery;
use simulators::scripted::{self, Step};
use simulators::{IdentityProvider, Scripted};

const LIMIT: Duration = Duration::from_millis(20);

fn request() -> Request {
    let mut context = Context::default();
    context.deadline = now().plus_seconds(8).millis().unsigned_abs();
    let request = http::Request::builder().uri("https://api.example/v1/x").header("x-request-id", "order-4711");
    request.body(Body::Empty).unwrap().with_raw_http_path("/v1/x").with_lambda_context(context)
}

fn edge(handler: fn(&Visit) -> Result<Publication, Problem>) -> Edge {
    Edge { name: "test", problem_base: "https://api.example/problems/".to_owned(), inside: Inside::Anyone(handler) }
}

#[tokio::test]
async fn a_panic_is_a_500_problem_that_says_nothing_of_it_and_the_next_call_is_answered() {
    let edge =
        edge(|visit| if visit.path() == "/v1/x" { panic!("secret of the implementation") } else { unreachable!() });
    for _ in 0..2 {
        let response = edge.answer(request()).await;
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["x-request-id"], "order-4711");
        let Body::Text(body) = response.body() else { panic!("a problem has a body") };
        assert!(body.contains("problems/internal-error") && !body.contains("secret"), "{body}");
    }
}

#[tokio::test]
async fn what_takes_too_long_is_a_503_with_retry_after() {
    let never = async { std::future::pending::<Result<Answer, Problem>>().await };
    let problem = guarded(LIMIT, never).await.unwrap_err();
    assert_eq!(problem.kind(), Kind::ServiceUnavailable);
    assert!(problem.headers().iter().any(|(name, _)| *name == "retry-after"));
    let quick = guarded(LIMIT, async { Ok(Answer::empty(204)) }).await.unwrap();
    assert_eq!(quick.status, 204);
}

#[test]
fn the_time_left_ends_before_lambdas() {
    let left = time_left(&request());
    assert!(left > Duration::from_secs(6) && left <= Duration::from_millis(6500), "{left:?}");
}

const ORGANISATION: &str = "00000000-0000-0000-0000-000000000001";
const HEADERS: [&str; 3] = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-category"];

/// A caller of an organisation of the tier STANDARD, and a table that answers by script.
struct World {
    issuer: IdentityProvider,
    table: Scripted,
}

impl World {
    /// Who calls is read by two calls, before those of the script.
    async fn with(script: impl IntoIterator<Item = Step>) -> Self {
        let client = json!({"Item": {"organisation": {"S": ORGANISATION}}});
        let off = ["MarketplaceLedKyc", "MultiVinOrders", "ContactPersonalData", "KycDocumentDownload"]
            .map(|name| (format!("allow{name}"), json!({"BOOL": false})));
        let organisation = json!({
            "sk": {"S": "ORG"},
            "uuid": {"S": ORGANISATION},
            "name": {"S": "Muster"},
            "rateLimitTier": {"S": "STANDARD"},
            "capabilities": {"M": serde_json::Map::from_iter(off)},
            "dpaVersion": {"S": "2026-01"},
        });
        let found = json!({"Responses": {"t": [organisation]}, "UnprocessedKeys": {}});
        let who = [client, found].map(|answer| Step::from(scripted::Answer::json(200, &answer)));
        let table = Scripted::start(who.into_iter().chain(script)).await.unwrap();
        Self { issuer: IdentityProvider::start(0).await.unwrap(), table }
    }

    /// A function with that handler, as a fresh instance of Lambda has it.
    async fn edge<F>(&self, handler: fn() -> F) -> Edge
    where
        F: Future<Output = Result<Answer, Problem>> + Send + 'static,
    {
        let certs = format!("{}/protocol/openid-connect/certs", self.issuer.issuer());
        let jwks = aws::Fetch::within(Duration::from_secs(5)).get(&certs).await.unwrap();
        let copy = storage::KeysCopy { jwks: String::from_utf8(jwks).unwrap(), fetched_at: now() };
        let table = Table::new(&Aws::local(&self.table.url(), "eu-central-1"), "t");
        let admission = Admission {
            problem_base: "https://api.example/problems/".into(),
            endpoint: Endpoint::reading((), move |_, ()| handler()),
            issuer: Issuer::new(self.issuer.issuer(), table.issuer_keys(), Some(copy)),
            gate: Gate::new(table.callers(), table.limits("limits"), "2026-01".to_owned()),
        };
        Edge { name: "test", problem_base: String::new(), inside: Inside::Callers(Box::new(admission)) }
    }

    /// A GET of the caller, with so much time left.
    fn request(&self, left: Duration) -> Request {
        let token = self.issuer.sign(&Forgery { client_id: "client".to_owned(), ..Forgery::default() });
        let mut request = request();
        request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        let mut context = Context::default();
        context.deadline = now().millis().unsigned_abs() + (RESERVE + left).as_millis() as u64;
        request.with_lambda_context(context)
    }
}

/// The item as the update that was asked for leaves it, were it the only one with that many requests.
fn counted(requests: u32) -> Step {
    Step::reply(move |asked| {
        let update = asked.last().unwrap().json();
        assert_eq!(update["TableName"], "limits");
        let slot = update["UpdateExpression"].as_str().unwrap().split(' ').nth(1).unwrap().to_owned();
        scripted::Answer::json(200, &json!({"Attributes": {slot: {"N": requests.to_string()}}}))
    })
}

fn standing(response: &Response<Body>) -> [&str; 3] {
    assert!(response.headers().contains_key("x-ratelimit-reset"), "{response:?}");
    HEADERS.map(|name| response.headers()[name].to_str().unwrap())
}

#[tokio::test]
async fn a_panic_and_the_time_limit_leave_the_headers_of_a_known_caller() {
    let world = World::with([counted(3)]).await;
    let panics = world.edge(|| async { panic!("in the handler") }).await;
    let response = panics.answer(world.request(Duration::from_secs(8))).await;
    assert_eq!((response.status().as_u16(), standing(&response)), (500, ["300", "97", "read"]));

    let world = World::with([counted(3)]).await;
    let hangs = world.edge(std::future::pending).await;
    let response = hangs.answer(world.request(Duration::from_secs(1))).await;
    assert_eq!((response.status().as_u16(), standing(&response)), (503, ["300", "97", "read"]));
}

#[tokio::test]
async fn whoever_is_not_known_has_no_headers_and_is_not_counted() {
    let world = World { table: Scripted::start([]).await.unwrap(), ..World::with([]).await };
    let edge = world.edge(|| async { Ok(Answer::empty(204)) }).await;
    let mut request = world.request(Duration::from_secs(8));
    request.headers_mut().remove(AUTHORIZATION);
    let response = edge.answer(request).await;
    assert_eq!(response.status(), 401);
    assert!(HEADERS.iter().all(|name| !response.headers().contains_key(*name)), "{response:?}");
    assert_eq!(world.table.played(), []);
}

#[tokio::test]
async fn a_counter_that_hangs_delays_an_answer_by_a_moment_and_changes_nothing_else() {
    let world = World::with([Step::Hang(Duration::from_secs(5)), counted(1)]).await;
    let edge = world.edge(|| async { Ok(Answer::empty(204)) }).await;
    let clock = Stopwatch::now();
    let response = edge.answer(world.request(Duration::from_secs(8))).await;
    assert_eq!((response.status().as_u16(), standing(&response)), (204, ["300", "100", "read"]));
    assert!(clock.elapsed() < Duration::from_secs(2), "{:?}", clock.elapsed());
    let response = edge.answer(world.request(Duration::from_secs(8))).await;
    assert_eq!((response.status().as_u16(), standing(&response)), (204, ["300", "99", "read"]));
    assert_eq!(world.table.played().len(), 4, "the counter was asked once a request");
}

#[tokio::test]
async fn beyond_the_limit_the_handler_is_not_called_and_whoever_hammers_costs_nothing() {
    let world = World::with([counted(101), counted(100)]).await;
    let edge = world.edge(|| async { unreachable!("refused") }).await;
    for _ in 0..3 {
        let response = edge.answer(world.request(Duration::from_secs(8))).await;
        assert_eq!((response.status().as_u16(), standing(&response)), (429, ["300", "0", "read"]));
        let seconds: i64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((9..=11).contains(&seconds), "{seconds}");
        let Body::Text(body) = response.body() else { panic!("a problem has a body") };
        assert!(body.contains("rate-limited") && body.contains("300 read requests a minute and 100"), "{body}");
    }
    assert_eq!(world.table.played().len(), 4, "two for who calls, one that counts, one that takes it back");
}
