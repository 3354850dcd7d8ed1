//! S3's REST protocol, path style, over a map in memory.
//!
//! Enough for functions that put, read, copy, tag and delete single objects,
//! with the outcomes that they tell apart: no such key or bucket, another
//! object than was read before, other bytes than were promised. No versions, no
//! ranges, no multipart. What is not known is an error, so that a gap shows as
//! a failed call and not as a wrong answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use ring::digest::{SHA256, digest};

/// Bucket, key.
type Name = (String, String);

/// The objects of all buckets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Objects {
    buckets: BTreeSet<String>,
    objects: BTreeMap<Name, Object>,
}

/// One object. Its bytes are shared, not copied.
#[derive(Debug, Clone)]
struct Object {
    bytes: Bytes,
    content_type: String,
    sha256: [u8; 32],
    tags: Vec<(String, String)>,
}

/// An answer that is no success.
#[derive(Debug, PartialEq, Eq)]
struct Refusal(StatusCode, &'static str, String);

/// Headers that change what a request means. Others of S3 are refused.
const KNOWN_HEADERS: [&str; 12] = [
    "x-amz-checksum-mode",
    "x-amz-checksum-sha256",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-date",
    "x-amz-metadata-directive",
    "x-amz-security-token",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-tagging-directive",
    "x-amz-user-agent",
];

/// Carries out a request on `objects`: which operation it is, and the answer.
pub(crate) fn call(
    objects: &mut Objects,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> (&'static str, Response) {
    let operation = operation(method, uri, headers);
    let name = name(uri.path());
    let answer = known(uri, headers).and_then(|()| objects.check(&name)).and_then(|()| match operation {
        "PutObject" => objects.put_object(name, headers, body),
        "CopyObject" => objects.copy_object(name, headers),
        "GetObject" => objects.get_object(&name, headers),
        "GetObjectTagging" => objects.get_tags(&name),
        "DeleteObject" => Ok(objects.delete_object(&name)),
        _ => Err(not_played(format!("{method} {uri}"))),
    });
    (operation, answer.unwrap_or_else(Refusal::into_response))
}

fn operation(method: &Method, uri: &Uri, headers: &HeaderMap) -> &'static str {
    let is_tagging = queries(uri).any(|name| name == "tagging");
    match *method {
        Method::PUT if !is_tagging && headers.contains_key("x-amz-copy-source") => "CopyObject",
        Method::PUT if !is_tagging => "PutObject",
        Method::GET if is_tagging => "GetObjectTagging",
        Method::GET => "GetObject",
        Method::DELETE if !is_tagging => "DeleteObject",
        _ => "unknown",
    }
}

fn queries(uri: &Uri) -> impl Iterator<Item = &str> {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
}

/// Nothing that is asked for is passed over.
fn known(uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
    if let Some(query) = queries(uri).find(|name| !matches!(*name, "x-id" | "tagging")) {
        return Err(not_played(format!("the parameter {query}")));
    }
    let mut names = headers.keys().map(axum::http::HeaderName::as_str);
    let is_foreign = |name: &&str| {
        let of_s3 = name.starts_with("x-amz-") && !KNOWN_HEADERS.contains(name);
        of_s3 || name.starts_with("if-") || *name == "range"
    };
    names.find(is_foreign).map_or(Ok(()), |name| Err(not_played(format!("the header {name}"))))
}

fn name(path: &str) -> Name {
    let (bucket, key) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    (decode(bucket), decode(key))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

impl Objects {
    /// The same and `bytes` under this key, in a bucket that is there from now on.
    pub(crate) fn with(mut self, bucket: &str, key: &str, content_type: &str, bytes: Bytes) -> Self {
        let object = Object::new(bytes, content_type.to_owned());
        self.buckets.insert(bucket.to_owned());
        self.objects.insert((bucket.to_owned(), key.to_owned()), object);
        self
    }

    /// The same and a bucket.
    pub(crate) fn with_bucket(mut self, bucket: &str) -> Self {
        self.buckets.insert(bucket.to_owned());
        self
    }

    /// The same, each object with this tag.
    pub(crate) fn tagged(mut self, name: &str, value: &str) -> Self {
        for object in self.objects.values_mut() {
            object.tags.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    fn check(&self, (bucket, key): &Name) -> Result<(), Refusal> {
        if key.is_empty() {
            return Err(not_played(format!("the bucket {bucket} itself")));
        }
        if self.buckets.contains(bucket) { Ok(()) } else { Err(not_found("NoSuchBucket", bucket)) }
    }

    fn find(&self, name: &Name) -> Result<&Object, Refusal> {
        self.objects.get(name).ok_or_else(|| not_found("NoSuchKey", &name.1))
    }

    fn put_object(&mut self, name: Name, headers: &HeaderMap, bytes: Bytes) -> Result<Response, Refusal> {
        let object = Object::new(bytes, header(headers, "content-type").unwrap_or_default().to_owned());
        if header(headers, "x-amz-checksum-sha256").is_some_and(|promised| promised != object.checksum()) {
            return Err(Refusal(StatusCode::BAD_REQUEST, "BadDigest", "these are not the promised bytes".to_owned()));
        }
        let etag = object.etag();
        self.objects.insert(name, object);
        Ok([("etag", etag)].into_response())
    }

    fn copy_object(&mut self, to: Name, headers: &HeaderMap) -> Result<Response, Refusal> {
        let from = name(header(headers, "x-amz-copy-source").unwrap_or_default());
        self.check(&from)?;
        let source = self.find(&from)?;
        if header(headers, "x-amz-copy-source-if-match").is_some_and(|etag| etag != source.etag()) {
            let message = "it is another object by now".to_owned();
            return Err(Refusal(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message));
        }
        let mut copy = source.clone();
        match header(headers, "x-amz-metadata-directive") {
            Some("REPLACE") => header(headers, "content-type").unwrap_or_default().clone_into(&mut copy.content_type),
            None | Some("COPY") => {}
            Some(other) => return Err(not_played(format!("the directive {other}"))),
        }
        match header(headers, "x-amz-tagging-directive") {
            Some("REPLACE") => copy.tags.clear(),
            None | Some("COPY") => {}
            Some(other) => return Err(not_played(format!("the directive {other}"))),
        }
        let etag = copy.etag();
        self.objects.insert(to, copy);
        let result = format!("<ETag>{etag}</ETag><LastModified>2026-11-20T09:15:00.000Z</LastModified>");
        Ok(xml(StatusCode::OK, "CopyObjectResult", &result))
    }

    fn get_object(&self, name: &Name, headers: &HeaderMap) -> Result<Response, Refusal> {
        let object = self.find(name)?;
        let mut answer = Response::builder()
            .header("content-type", &object.content_type)
            .header("content-length", object.bytes.len())
            .header("etag", object.etag());
        // Who asks for checksums gets the one that the bytes came with.
        if header(headers, "x-amz-checksum-mode") == Some("ENABLED") {
            answer = answer.header("x-amz-checksum-sha256", object.checksum());
        }
        answer.body(Body::from(object.bytes.clone())).map_err(|error| not_played(error.to_string()))
    }

    fn get_tags(&self, name: &Name) -> Result<Response, Refusal> {
        let mut set = String::new();
        for (name, value) in &self.find(name)?.tags {
            let _ = write!(set, "<Tag><Key>{name}</Key><Value>{value}</Value></Tag>");
        }
        Ok(xml(StatusCode::OK, "Tagging", &format!("<TagSet>{set}</TagSet>")))
    }

    /// That there is nothing to delete is no failure.
    fn delete_object(&mut self, name: &Name) -> Response {
        self.objects.remove(name);
        StatusCode::NO_CONTENT.into_response()
    }
}

impl Object {
    fn new(bytes: Bytes, content_type: String) -> Self {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, &bytes).as_ref());
        Self { bytes, content_type, sha256, tags: Vec::new() }
    }

    /// Opaque to clients; here it is of the bytes alone.
    fn etag(&self) -> String {
        format!("\"{}\"", hex::encode(&self.sha256[..16]))
    }

    fn checksum(&self) -> String {
        STANDARD.encode(self.sha256)
    }
}

fn not_found(code: &'static str, what: &str) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, code, format!("there is no {what}"))
}

fn not_played(what: impl AsRef<str>) -> Refusal {
    let message = format!("the bench's endpoint does not play {}", what.as_ref());
    Refusal(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
}

impl Refusal {
    fn into_response(self) -> Response {
        let Self(status, code, message) = self;
        xml(status, "Error", &format!("<Code>{code}</Code><Message>{message}</Message>"))
    }
}

fn xml(status: StatusCode, root: &str, content: &str) -> Response {
    let document = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root}>{content}</{root}>");
    (status, [("content-type", "application/xml")], document).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects() -> Objects {
        Objects::default().with("in", "b/u", "image/png", Bytes::from_static(b"bytes")).with_bucket("out")
    }

    fn called(objects: &mut Objects, method: &Method, uri: &str, headers: &[(&'static str, &str)]) -> (String, u16) {
        let headers = headers.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect();
        let body = Bytes::from_static(b"new");
        let (operation, answer) = call(objects, method, &uri.parse().unwrap(), &headers, body);
        (operation.to_owned(), answer.status().as_u16())
    }

    #[test]
    fn an_object_is_put_read_and_deleted_and_deleted_again() {
        let mut all = objects();
        for (method, operation, status) in [
            (Method::GET, "GetObject", 404),
            (Method::PUT, "PutObject", 200),
            (Method::GET, "GetObject", 200),
            (Method::DELETE, "DeleteObject", 204),
            (Method::DELETE, "DeleteObject", 204),
            (Method::GET, "GetObject", 404),
        ] {
            assert_eq!(
                called(&mut all, &method, &format!("/out/k?x-id={operation}"), &[]),
                (operation.to_owned(), status)
            );
        }
    }

    #[test]
    fn other_bytes_than_promised_are_not_stored() {
        let mut all = objects();
        let of_others = STANDARD.encode([7; 32]);
        let (_, status) = called(&mut all, &Method::PUT, "/out/k", &[("x-amz-checksum-sha256", &of_others)]);
        assert_eq!((status, called(&mut all, &Method::GET, "/out/k", &[]).1), (400, 404));
    }

    #[test]
    fn a_copy_is_made_of_what_was_read_or_not_at_all() {
        let mut all = objects();
        let etag = all.find(&("in".to_owned(), "b/u".to_owned())).unwrap().etag();
        for (source, etag, status) in [
            ("in/b%2Fu", "\"other\"", 412),
            ("in/absent", &etag, 404),
            ("nowhere/b%2Fu", &etag, 404),
            ("in/b%2Fu", &etag, 200),
        ] {
            let headers = [("x-amz-copy-source", source), ("x-amz-copy-source-if-match", etag)];
            assert_eq!(
                called(&mut all, &Method::PUT, "/out/b/d", &headers),
                ("CopyObject".to_owned(), status),
                "{source}"
            );
        }
        assert_eq!(all.objects[&("out".to_owned(), "b/d".to_owned())].bytes, "bytes");
    }

    #[test]
    fn tags_are_those_of_the_object() {
        let mut all = objects().tagged("scan", "clean");
        assert_eq!(called(&mut all, &Method::GET, "/in/b/u?tagging", &[]), ("GetObjectTagging".to_owned(), 200));
        assert_eq!(called(&mut all, &Method::GET, "/in/absent?tagging", &[]).1, 404);
    }

    #[test]
    fn what_is_not_played_is_refused() {
        for (method, uri, header) in [
            (Method::HEAD, "/in/b/u", None),
            (Method::GET, "/in?versions", None),
            (Method::GET, "/in/b/u?versionId=1", None),
            (Method::PUT, "/in/b/u?tagging", None),
            (Method::GET, "/in/b/u", Some(("range", "bytes=0-1"))),
            (Method::PUT, "/in/b/u", Some(("if-none-match", "*"))),
            (Method::PUT, "/in/b/u", Some(("x-amz-acl", "private"))),
        ] {
            let headers: Vec<_> = header.into_iter().collect();
            assert_eq!(called(&mut objects(), &method, uri, &headers).1, 501, "{uri} {header:?}");
        }
        assert_eq!(called(&mut objects(), &Method::GET, "/nowhere/b/u", &[]).1, 404);
    }
}
