//! Rate limits: how an organisation stands, and the headers that tell it.

use std::sync::{Mutex, PoisonError};

use domain::{Allowance, Category, Instant, Organisation};
use lambda_http::http::Method;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use storage::{Limits, StorageError};
use tracing::{error, warn};

/// What a request is counted as: by the route that the gateway chose, so that no spelling of a path is a way around.
pub(crate) fn category(request: &Request) -> Category {
    let path = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.route_key.as_deref().and_then(|key| key.split_once(' ')),
        _ => None,
    };
    let path = path.map_or(request.raw_http_path(), |(_, path)| path);
    match path.strip_prefix("/v1/webhooks") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Category::Webhook,
        _ if request.method() == Method::GET => Category::Read,
        _ => Category::Write,
    }
}

/// How the caller stands, from the moment on that he is known. Kept outside of the handling, whose end may be a panic
/// or the time limit.
#[derive(Default)]
pub(crate) struct Standing(Mutex<Option<(Category, Allowance)>>);

impl Standing {
    fn note(&self, category: Category, allowance: Allowance) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((category, allowance));
    }

    /// The headers of the answer; none while nobody knows who calls.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        let standing = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((category, allowance)) = standing else { return Vec::new() };
        vec![
            ("x-ratelimit-limit", allowance.limit.in_a_minute().to_string()),
            ("x-ratelimit-remaining", allowance.remaining.to_string()),
            ("x-ratelimit-reset", allowance.reset.to_string()),
            ("x-ratelimit-category", category.to_string()),
        ]
    }
}

/// Counts a request. When that fails it is let through: the limit protects the API, and its absence must not be what
/// takes it down.
pub(crate) async fn count(
    limits: &Limits,
    organisation: &Organisation,
    category: Category,
    at: Instant,
    standing: &Standing,
) -> Allowance {
    let (whose, limit) = ((organisation.uuid, category), organisation.limit(category));
    standing.note(category, limits.known(whose, limit, at));
    let allowance = limits.count(whose, limit, at).await.unwrap_or_else(|cause| {
        report(&cause);
        limits.known(whose, limit, at)
    });
    standing.note(category, allowance);
    allowance
}

/// Out of reach is a warning; a refusal (a missing right, a missing table) does not pass by itself.
fn report(cause: &StorageError) {
    if cause.is_temporary() {
        warn!(%cause, "A request was let through uncounted");
    } else {
        error!(%cause, "A request was let through uncounted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Counters, Limit};
    use lambda_http::{Body, http};

    fn request(method: &str, path: &str) -> Request {
        let request = http::Request::builder().method(method).uri(format!("https://api.example{path}"));
        request.body(Body::Empty).unwrap().with_raw_http_path(path)
    }

    #[test]
    fn webhooks_are_a_category_of_their_own_whatever_the_method() {
        for (method, path, expected) in [
            ("GET", "/v1/me", Category::Read),
            ("POST", "/v1/partners/x/buyers", Category::Write),
            ("PATCH", "/v1/partners/x/buyers/y", Category::Write),
            ("DELETE", "/v1/partners/x/buyers/y/contacts/z", Category::Write),
            ("GET", "/v1/webhooks", Category::Webhook),
            ("DELETE", "/v1/webhooks/x", Category::Webhook),
            ("GET", "/v1/webhooksx", Category::Read),
            ("POST", "/v1/partners/v1/webhooks", Category::Write),
        ] {
            assert_eq!(category(&request(method, path)), expected, "{method} {path}");
        }
    }

    #[test]
    fn the_route_decides_and_not_the_spelling_of_the_path() {
        let mut context = lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext::default();
        context.route_key = Some("PUT /v1/webhooks/{id}".to_owned());
        let request = request("PUT", "/v1/%77ebhooks/x").with_request_context(RequestContext::ApiGatewayV2(context));
        assert_eq!(category(&request), Category::Webhook);
    }

    #[test]
    fn the_headers_stand_there_once_the_caller_is_known() {
        let standing = Standing::default();
        assert_eq!(standing.headers(), []);
        let at = Instant::from_millis(1_795_166_100_500);
        let counters: Counters = [(at.seconds(), 3)].into_iter().collect();
        standing.note(Category::Write, counters.allowance(Limit(60), at));
        let expected = [
            ("x-ratelimit-limit", "60"),
            ("x-ratelimit-remaining", "17"),
            ("x-ratelimit-reset", "1795166111"),
            ("x-ratelimit-category", "write"),
        ];
        assert_eq!(standing.headers(), expected.map(|(name, value)| (name, value.to_owned())));
    }
}
