//! Every problem the API answers with (RFC 9457), in one file.
//!
//! To add one: a variant of [`Kind`] with its doc line, its row in [`Kind::row`], its place in
//! [`Kind::ALL`] (a test counts them), its [`Kind::advice`], and a constructor of [`Problem`] named by meaning.

use domain::{Allowance, Capability, Category, DpaStanding, Instant, RequestId, Violations};
use lambda_http::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;
use storage::StorageError;

/// The type of a problem; clients key on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// 400. The request cannot be read: a header or the body. Correct it.
    MalformedRequest,
    /// 401. No valid token came along. Fetch a new one and try again.
    Unauthorized,
    /// 403. The organisation does not act for this seller. Ask for it to be authorised.
    Forbidden,
    /// 403. The organisation lacks a capability. Ask for it to be granted.
    CapabilityRequired,
    /// 403. The data processing agreement is not accepted, or in an outdated version. Accept the current one.
    DpaNotAccepted,
    /// 404. There is no such resource among those the caller may see.
    NotFound,
    /// 405. The path exists, but not with this method. `Allow` names those it has.
    MethodNotAllowed,
    /// 409. The natural key is taken by a resource that means something else, shown as `currentResource`.
    ResourceExistsDifferentBody,
    /// 409. The buyer changed since the version in `If-Match`, and is shown as `currentResource`. Decide anew.
    VersionMismatch,
    /// 409. A buyer of Mode B never goes back to Mode A.
    KycModeDowngrade,
    /// 409. The buyer is blocked: nothing new is started with it. Unblock it first.
    BuyerBlocked,
    /// 409. There are as many as there may be. Take one away first.
    LimitReached,
    /// 409. The document is not given out: a scan for malware has not looked at it, or not found it clean.
    DocumentNotAvailable,
    /// 409. The webhook endpoint is DISABLED: nothing is sent to it. Set it ACTIVE first.
    WebhookDisabled,
    /// 413. The body is larger than the endpoint takes.
    PayloadTooLarge,
    /// 415. The body is of another media type than the endpoint takes.
    UnsupportedMediaType,
    /// 422. The body was read and breaks rules: all of them are listed in `errors`.
    ValidationError,
    /// 422. The idempotency key was used for another request in the last 24 hours. Use a new one.
    IdempotencyKeyReused,
    /// 429. The organisation sent more requests than its tier allows. Repeat after `Retry-After`.
    RateLimited,
    /// 500. Our fault, and logged. Repeat with the same idempotency key; quote `traceId` if it persists.
    InternalError,
    /// 503. A part we depend on is overloaded or out of reach. Repeat after `Retry-After` with the same key.
    ServiceUnavailable,
}

impl Kind {
    /// All of them, by status.
    pub const ALL: [Self; 21] = [
        Self::MalformedRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::CapabilityRequired,
        Self::DpaNotAccepted,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::ResourceExistsDifferentBody,
        Self::VersionMismatch,
        Self::KycModeDowngrade,
        Self::BuyerBlocked,
        Self::LimitReached,
        Self::DocumentNotAvailable,
        Self::WebhookDisabled,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::ValidationError,
        Self::IdempotencyKeyReused,
        Self::RateLimited,
        Self::InternalError,
        Self::ServiceUnavailable,
    ];

    const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MalformedRequest => ("malformed-request", 400, "The request cannot be read"),
            Self::Unauthorized => ("unauthorized", 401, "A valid access token is required"),
            Self::Forbidden => ("forbidden", 403, "Not allowed for this seller"),
            Self::CapabilityRequired => ("capability-required", 403, "A capability is required"),
            Self::DpaNotAccepted => ("dpa-not-accepted", 403, "The data processing agreement is not accepted"),
            Self::NotFound => ("not-found", 404, "Not found"),
            Self::MethodNotAllowed => ("method-not-allowed", 405, "Method not allowed"),
            Self::ResourceExistsDifferentBody => {
                ("resource-exists-different-body", 409, "The resource exists with another body")
            }
            Self::VersionMismatch => ("version-mismatch", 409, "The version is outdated"),
            Self::KycModeDowngrade => ("kyc-mode-downgrade", 409, "The KYC mode cannot be downgraded"),
            Self::BuyerBlocked => ("buyer-blocked", 409, "The buyer is blocked"),
            Self::LimitReached => ("limit-reached", 409, "There are as many as there may be"),
            Self::DocumentNotAvailable => ("document-not-available", 409, "The document is not given out"),
            Self::WebhookDisabled => ("webhook-disabled", 409, "The webhook endpoint is disabled"),
            Self::PayloadTooLarge => ("payload-too-large", 413, "The body is too large"),
            Self::UnsupportedMediaType => ("unsupported-media-type", 415, "Unsupported media type"),
            Self::ValidationError => ("validation-error", 422, "The request breaks validation rules"),
            Self::IdempotencyKeyReused => ("idempotency-key-reused", 422, "The idempotency key was used before"),
            Self::RateLimited => ("rate-limited", 429, "Too many requests"),
            Self::InternalError => ("internal-error", 500, "Internal error"),
            Self::ServiceUnavailable => ("service-unavailable", 503, "Temporarily unavailable"),
        }
    }

    /// The last part of the `type` URI.
    #[must_use]
    pub const fn id(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// The constant title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().2
    }
}

/// What goes before a problem's id in its `type`, as published. A deployment may have another.
const PUBLISHED: &str = "https://api.novatrade24.com/problems/";

/// For descriptions and documentation.
impl Kind {
    /// What a client should do, in one Markdown sentence without a full stop.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::MalformedRequest => "correct the header or body that `detail` names",
            Self::Unauthorized => "fetch a new token",
            Self::Forbidden => "`GET /v1/me` lists the sellers you may act for",
            Self::CapabilityRequired => "ask for the capability that `detail` names",
            Self::DpaNotAccepted => "accept the current data processing agreement",
            Self::NotFound => "check path and ids; what belongs to another seller looks absent",
            Self::MethodNotAllowed => "`Allow` names the methods",
            Self::ResourceExistsDifferentBody => "compare with `currentResource`",
            Self::VersionMismatch => "decide anew on `currentResource`, repeat with its version",
            Self::KycModeDowngrade => "keep `NT24_LED`",
            Self::BuyerBlocked => "unblock the buyer first",
            Self::LimitReached => "take one away first",
            Self::DocumentNotAvailable => "try again later where `Retry-After` says so; else upload a clean document",
            Self::WebhookDisabled => "set it ACTIVE first, then repeat",
            Self::PayloadTooLarge => "JSON bodies have at most 64 KiB, forms 4 MiB of file; `detail` says which",
            Self::UnsupportedMediaType => "send what `detail` names",
            Self::ValidationError => "correct every field in `errors[]`",
            Self::IdempotencyKeyReused => "use a new key",
            Self::RateLimited => "wait `Retry-After` seconds, see [rate limits](#rate-limits)",
            Self::InternalError => "repeat with the same key; quote `traceId`",
            Self::ServiceUnavailable => "repeat with the same key after `Retry-After`",
        }
    }

    /// The `type` as published.
    #[must_use]
    pub fn uri(self) -> String {
        format!("{PUBLISHED}{}", self.id())
    }
}

/// A problem on its way to the client.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    kind: Kind,
    detail: String,
    errors: Option<Violations>,
    current: Option<Value>,
    differences: Option<Vec<&'static str>>,
    headers: Vec<(&'static str, String)>,
    /// For the log only.
    cause: Option<String>,
}

#[expect(clippy::needless_pass_by_value, reason = "constructors are given to `map_err`, which passes values")]
impl Problem {
    fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self(Box::new(Parts {
            kind,
            detail,
            errors: None,
            current: None,
            differences: None,
            headers: Vec::new(),
            cause: None,
        }))
    }

    fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.0.headers.push((header, value.into()));
        self
    }

    fn because(mut self, cause: &impl ToString) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// A header or the body cannot be read; the detail names which and the rule.
    #[must_use]
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Kind::MalformedRequest, detail)
    }

    /// No token came along (RFC 6750 section 3: the challenge then carries no error code).
    #[must_use]
    pub fn no_token() -> Self {
        Self::new(Kind::Unauthorized, "Send `Authorization: Bearer <access token>`.")
            .with("www-authenticate", "Bearer realm=\"novatrade24\"")
    }

    /// A token came along and is not believed. What is wrong with it is for the log, not for a forger.
    #[must_use]
    pub fn invalid_token(why: impl ToString) -> Self {
        Self::new(Kind::Unauthorized, "The access token is not valid: fetch a new one.")
            .with("www-authenticate", "Bearer realm=\"novatrade24\", error=\"invalid_token\"")
            .because(&why)
    }

    /// The organisation does not act for the seller of the path.
    #[must_use]
    pub fn foreign_seller() -> Self {
        Self::new(
            Kind::Forbidden,
            "Your organisation is not authorised for this seller; `GET /v1/me` lists those it is.",
        )
    }

    /// The organisation does not act for sellers that the body names, in this list at these places.
    #[must_use]
    pub fn foreign_sellers(field: &str, places: &[usize]) -> Self {
        let named: Vec<_> = places.iter().map(|place| format!("{field}[{place}]")).collect();
        let named = named.join(", ");
        Self::new(
            Kind::Forbidden,
            format!("Your organisation is not authorised for these sellers: {named}; `GET /v1/me` lists those it is."),
        )
    }

    /// The organisation lacks a capability.
    #[must_use]
    pub fn capability_required(capability: Capability) -> Self {
        Self::new(Kind::CapabilityRequired, format!("This needs the capability `{}`.", capability.name()))
    }

    /// The data processing agreement bars the way.
    #[must_use]
    pub fn dpa_not_accepted(standing: DpaStanding, required: &str) -> Self {
        let state =
            if standing == DpaStanding::Missing { "not accepted yet" } else { "accepted in an outdated version" };
        let detail = format!("The data processing agreement is {state}; version {required} is required.");
        Self::new(Kind::DpaNotAccepted, detail)
    }

    /// No such thing, or none that the caller may see: the two cannot be told apart.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("There is no such {what}."))
    }

    /// The path exists with other methods.
    #[must_use]
    pub fn method_not_allowed(allowed: &[&str]) -> Self {
        let allowed = allowed.join(", ");
        Self::new(Kind::MethodNotAllowed, format!("This path allows {allowed}.")).with("allow", allowed)
    }

    /// The natural key is taken by something that differs in these fields.
    #[must_use]
    pub fn exists_with_different_body(current: &impl Serialize, differences: Vec<&'static str>) -> Self {
        let detail = format!("A buyer with this VAT number exists and differs in: {}.", differences.join(", "));
        let mut problem = Self::new(Kind::ResourceExistsDifferentBody, detail);
        problem.0.differences = Some(differences);
        problem.showing(current)
    }

    /// The resource is of another version than the client wants to change.
    #[must_use]
    pub fn version_mismatch(current: &impl Serialize) -> Self {
        Self::new(Kind::VersionMismatch, "The version in `If-Match` is not the current one.").showing(current)
    }

    /// Mode B never becomes Mode A.
    #[must_use]
    pub fn kyc_mode_downgrade() -> Self {
        Self::new(Kind::KycModeDowngrade, "`kycMode` can be upgraded to NT24_LED, never the other way.")
    }

    /// Nothing new is started with a blocked buyer.
    #[must_use]
    pub fn buyer_blocked() -> Self {
        Self::new(Kind::BuyerBlocked, "The buyer is blocked: unblock it first.")
    }

    /// There are as many of these as there may be.
    #[must_use]
    pub fn limit_reached(what: &str, most: usize) -> Self {
        Self::new(Kind::LimitReached, format!("There may be at most {most} {what}."))
    }

    fn showing(mut self, current: &impl Serialize) -> Self {
        self.0.current = Some(serde_json::to_value(current).unwrap_or_default());
        self
    }

    /// The same, with the entity tag of the resource it shows.
    #[must_use]
    pub fn with_etag(self, etag: &str) -> Self {
        self.with("etag", etag)
    }

    /// The body is longer than the endpoint takes.
    #[must_use]
    pub fn payload_too_large(most: u64) -> Self {
        Self::new(Kind::PayloadTooLarge, format!("The body may have at most {most} bytes."))
    }

    /// The body is of another type than the endpoint takes.
    #[must_use]
    pub fn unsupported_media_type(expected: &str) -> Self {
        Self::new(Kind::UnsupportedMediaType, format!("Send `Content-Type: {expected}`."))
    }

    /// A file is not what the endpoint takes: 413 or 415 and the rule.
    #[must_use]
    pub fn unacceptable(kind: Kind, detail: impl Into<String>) -> Self {
        Self::new(kind, detail)
    }

    /// The malware scan has not looked at the document yet.
    #[must_use]
    pub fn not_scanned_yet() -> Self {
        Self::new(Kind::DocumentNotAvailable, "The document is being scanned for malware: try again soon.")
            .with("retry-after", "10")
    }

    /// The malware scan did not find the document clean.
    #[must_use]
    pub fn not_clean() -> Self {
        Self::new(Kind::DocumentNotAvailable, "The malware scan did not find the document clean: it is not given out.")
    }

    /// Nothing is sent to a webhook endpoint that is DISABLED.
    #[must_use]
    pub fn webhook_disabled() -> Self {
        let detail = "The endpoint is DISABLED: nothing would be sent. Set `status` to ACTIVE, or to PAUSED, first.";
        Self::new(Kind::WebhookDisabled, detail)
    }

    /// The idempotency key was used for another request.
    #[must_use]
    pub fn key_reused() -> Self {
        let detail = "This `Idempotency-Key` was used for another request in the last 24 hours.";
        Self::new(Kind::IdempotencyKeyReused, detail)
    }

    /// The organisation has sent as many requests of this category as it may for now.
    #[must_use]
    pub fn rate_limited(category: Category, allowance: Allowance, at: Instant) -> Self {
        let (limit, seconds) = (allowance.limit, allowance.retry_after(at));
        let detail = format!(
            "Your organisation may send {} {category} requests a minute and {} in ten seconds: repeat after {seconds} s.",
            limit.in_a_minute(),
            limit.in_ten_seconds()
        );
        Self::new(Kind::RateLimited, detail).with("retry-after", seconds.to_string()).because(&category)
    }

    /// A bug or a misconfiguration; the cause is for the log.
    #[must_use]
    pub fn internal(cause: impl ToString) -> Self {
        Self::new(Kind::InternalError, "Something went wrong on our side; it is logged under `traceId`.")
            .because(&cause)
    }

    /// Something we depend on does not answer; the cause is for the log.
    #[must_use]
    pub fn unavailable(cause: impl ToString) -> Self {
        Self::new(Kind::ServiceUnavailable, "Temporarily unavailable: repeat with the same `Idempotency-Key`.")
            .with("retry-after", "2")
            .because(&cause)
    }

    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What the log should know and the client should not.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Its headers.
    pub(crate) fn headers(&self) -> &[(&'static str, String)] {
        &self.0.headers
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body: `application/problem+json`.
    pub(crate) fn body(&self, base: &str, instance: &str, trace_id: &RequestId) -> String {
        let body = ProblemBody {
            kind: format!("{base}{}", self.0.kind.id()),
            title: self.0.kind.title(),
            status: self.0.kind.status(),
            detail: &self.0.detail,
            instance,
            trace_id,
            errors: self.0.errors.as_ref().map(|violations| violations.0.as_slice()),
            current_resource: self.0.current.as_ref(),
            differences: self.0.differences.as_deref(),
        };
        serde_json::to_string(&body).unwrap_or_default()
    }
}

/// `Problem` of the published contract (RFC 9457).
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem", description = "RFC 9457. Key on `type`; `detail` is for people.")]
pub struct ProblemBody<'p> {
    /// What went wrong; leads to its entry in the documentation. There may be more of them in the future.
    #[serde(rename = "type")]
    #[schemars(schema_with = "uris")]
    kind: String,
    /// The same for every problem of a type.
    title: &'static str,
    /// The HTTP status.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What is wrong with this very request, for people.
    detail: &'p str,
    /// The path of the request.
    instance: &'p str,
    /// The request's id, as in `X-Request-Id`.
    trace_id: &'p RequestId,
    /// Of `validation-error`: every field that breaks a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'p [domain::Violation]>,
    /// Of conflicts: the resource as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_resource: Option<&'p Value>,
    /// Of `resource-exists-different-body`: the names of the fields that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<&'p [&'static str]>,
}

fn uris(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "uri", "enum": Kind::ALL.map(Kind::uri) })
}

impl From<Violations> for Problem {
    fn from(violations: Violations) -> Self {
        let fields: Vec<_> = violations.0.iter().map(|violation| violation.field.as_str()).collect();
        let mut problem =
            Self::new(Kind::ValidationError, format!("These fields break a rule: {}.", fields.join(", ")));
        problem.0.errors = Some(violations);
        problem
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        if error.is_temporary() { Self::unavailable(error) } else { Self::internal(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_problem_has_an_id_of_its_own_a_status_and_a_title() {
        let ids: BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.id()).collect();
        assert_eq!(ids.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert!((400..600).contains(&kind.status()), "{kind:?}");
            assert!(kind.id().bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{kind:?}");
            assert!(!kind.title().ends_with('.'), "{kind:?}");
        }
        // The last variant's place in the enum is the number of the others: none is missing in ALL.
        assert_eq!(Kind::ServiceUnavailable as usize + 1, Kind::ALL.len());
    }

    #[test]
    fn every_problem_stands_in_the_api_guide_with_its_status_and_advice() {
        let guide = include_str!("../../../docs/API-GUIDE.md");
        for kind in Kind::ALL {
            let row = format!("| `{}` | {} | {} |", kind.id(), kind.status(), kind.advice());
            assert!(guide.contains(&row), "the guide lacks {row}");
        }
    }

    #[test]
    fn a_problem_is_written_as_published() {
        let (field, message) = ("address.country".to_owned(), "is required".to_owned());
        let violations = Violations(vec![domain::Violation { field, message, rejected_value: None }]);
        let trace = RequestId::from_client("req_1").unwrap();
        let body = Problem::from(violations).body("https://api.example/problems/", "/v1/x", &trace);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "https://api.example/problems/validation-error",
                "title": "The request breaks validation rules",
                "status": 422,
                "detail": "These fields break a rule: address.country.",
                "instance": "/v1/x",
                "traceId": "req_1",
                "errors": [{"field": "address.country", "message": "is required"}]
            })
        );
    }

    #[test]
    fn the_cause_of_a_problem_stays_in_the_log() {
        let trace = RequestId::from_client("req_1").unwrap();
        let problem = Problem::internal("arn:aws:secret");
        assert_eq!(problem.cause(), Some("arn:aws:secret"));
        assert!(!problem.body("", "/", &trace).contains("arn:aws"));
    }
}
