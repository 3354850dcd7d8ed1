//! What anyone may ask for, without a token: pages and files that are the same for everybody.

use std::borrow::Cow;

use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION,
};
use lambda_http::http::{HeaderMap, StatusCode};
use lambda_http::{Body, Request, RequestExt, Response};
use ring::digest::{SHA256, digest};

use crate::call::already_has;

/// A request by anyone: where it leads, and what the visitor already has.
pub struct Visit {
    path: String,
    headers: HeaderMap,
}

impl Visit {
    pub(crate) fn of(request: &Request) -> Self {
        Self { path: request.raw_http_path().to_owned(), headers: request.headers().clone() }
    }

    /// The path, as it was sent.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The last segment of the path.
    #[must_use]
    pub fn last_segment(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// An answer that is nobody's secret: with a type of its own, and caches may keep it.
#[derive(Debug)]
pub struct Publication {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Contents,
}

#[derive(Debug)]
enum Contents {
    Text(Cow<'static, str>),
    Gzip(&'static [u8]),
}

impl Publication {
    /// A text of this media type; caches may keep it for so many seconds.
    #[must_use]
    pub fn text(media_type: &str, text: impl Into<Cow<'static, str>>, seconds: u32) -> Self {
        Self::of(StatusCode::OK, Contents::Text(text.into()), seconds).with(CONTENT_TYPE, media_type)
    }

    /// A file that is kept compressed, and sent so: whoever loads a page understands gzip.
    #[must_use]
    pub fn gzipped(media_type: &str, bytes: &'static [u8], seconds: u32) -> Self {
        let file = Self::of(StatusCode::OK, Contents::Gzip(bytes), seconds);
        file.with(CONTENT_TYPE, media_type).with(CONTENT_ENCODING, "gzip")
    }

    /// 302: what was asked for is found there.
    #[must_use]
    pub fn found_at(location: impl Into<String>, seconds: u32) -> Self {
        Self::of(StatusCode::FOUND, Contents::Text("".into()), seconds).with(LOCATION, location)
    }

    fn of(status: StatusCode, body: Contents, seconds: u32) -> Self {
        let headers = vec![(CACHE_CONTROL, format!("public, max-age={seconds}"))];
        Self { status, headers, body }
            .with(HeaderName::from_static("x-content-type-options"), "nosniff")
            .with(HeaderName::from_static("referrer-policy"), "no-referrer")
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same for a page: what it may load and who may frame it (`Content-Security-Policy`).
    #[must_use]
    pub fn under_policy(self, policy: &str) -> Self {
        self.with(HeaderName::from_static("content-security-policy"), policy)
    }

    /// For this visitor: with an entity tag, and as a 304 if he has that.
    pub(crate) fn shown_to(self, visit: &Visit) -> Response<Body> {
        let mut response = match self.body {
            Contents::Text(text) => Response::new(Body::Text(text.into_owned())),
            Contents::Gzip(bytes) => Response::new(Body::Binary(bytes.to_vec())),
        };
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        if self.status == StatusCode::OK {
            let etag = entity_tag(response.body());
            if already_has(&visit.headers, &etag) {
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                *response.body_mut() = Body::Empty;
                response.headers_mut().remove(CONTENT_TYPE);
                response.headers_mut().remove(CONTENT_ENCODING);
            }
            if let Ok(etag) = HeaderValue::try_from(etag) {
                response.headers_mut().insert(ETAG, etag);
            }
        }
        response
    }
}

/// The beginning of the content's SHA-256, quoted.
fn entity_tag(body: &Body) -> String {
    let hash = digest(&SHA256, body);
    let start = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}"));
    format!("\"{}\"", start.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::header::IF_NONE_MATCH;

    fn visit(etag: Option<&HeaderValue>) -> Visit {
        let headers = etag.map(|etag| (IF_NONE_MATCH, etag.clone())).into_iter().collect();
        Visit { path: "/docs/page.css".to_owned(), headers }
    }

    #[test]
    fn who_has_it_already_gets_304_without_a_body() {
        let page = || Publication::text("text/css", "body {}", 60);
        let first = page().shown_to(&visit(None));
        assert_eq!((first.status(), first.headers()["content-type"].as_bytes()), (StatusCode::OK, &b"text/css"[..]));
        let again = page().shown_to(&visit(first.headers().get(ETAG)));
        assert_eq!((again.status(), again.body().is_empty()), (StatusCode::NOT_MODIFIED, true));
        assert_eq!(again.headers()[ETAG], first.headers()[ETAG]);
        assert_eq!(again.headers()["cache-control"], "public, max-age=60");
        let other = Publication::text("text/css", "p {}", 60).shown_to(&visit(first.headers().get(ETAG)));
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[test]
    fn the_last_segment_names_the_file() {
        assert_eq!(visit(None).last_segment(), "page.css");
    }
}
