//! Which problems an operation can answer, by status.

use std::collections::BTreeMap;

use http_edge::{Endpoint, Kind, ProblemBody};
use serde_json::{Map, Value, json};

use crate::Operation;
use crate::headers;
use crate::operation::Refusal;
use crate::schemas::{Schemas, of};

/// The kinds that an operation answers: its own, and those that follow from what it is and takes.
fn kinds(operation: &Operation, endpoint: Option<&Endpoint>) -> Vec<Kind> {
    let mut kinds: Vec<_> = operation.refusals.iter().map(|refusal| refusal.kind).collect();
    kinds.extend([Kind::InternalError, Kind::ServiceUnavailable]);
    if operation.path_parameters().any(|name| name != "sellerId") {
        kinds.push(Kind::NotFound);
    }
    if operation.discloses {
        kinds.push(Kind::MalformedRequest);
    }
    if !operation.query.is_empty() {
        kinds.push(Kind::ValidationError);
    }
    if operation.body.is_some() {
        kinds.extend([
            Kind::MalformedRequest,
            Kind::PayloadTooLarge,
            Kind::UnsupportedMediaType,
            Kind::ValidationError,
        ]);
    }
    if let Some(endpoint) = endpoint {
        kinds.push(Kind::Unauthorized);
        kinds.push(Kind::RateLimited);
        if endpoint.asks_for_dpa() {
            kinds.push(Kind::DpaNotAccepted);
        }
        if operation.path_parameters().any(|name| name == "sellerId") {
            kinds.push(Kind::Forbidden);
        }
        if endpoint.capability().is_some() {
            kinds.push(Kind::CapabilityRequired);
        }
        if endpoint.writes() {
            kinds.extend([Kind::MalformedRequest, Kind::IdempotencyKeyReused]);
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// Describes the answers of these kinds; each set of kinds becomes one component, which operations share.
pub(crate) fn responses(
    operation: &Operation,
    endpoint: Option<&Endpoint>,
    schemas: &mut Schemas,
    components: &mut Map<String, Value>,
) -> Vec<(String, Value)> {
    let mut by_status = BTreeMap::<u16, Vec<Kind>>::new();
    for kind in kinds(operation, endpoint) {
        by_status.entry(kind.status()).or_default().push(kind);
    }
    let shared = by_status.into_iter().map(|(status, kinds)| {
        let showing =
            operation.refusals.iter().find(|Refusal { kind, current }| kinds.contains(kind) && current.is_some());
        let current = showing.and_then(|refusal| refusal.current).map(|current| schemas.answered(current));
        let ids: Vec<_> = kinds.iter().map(|kind| kind.id()).collect();
        let whom = if endpoint.is_some() { "" } else { "public." };
        let what = current.as_ref().map_or("", |_| ".current");
        let name = format!("{whom}{}{what}", ids.join("."));
        let shown = response(status, &kinds, endpoint.is_some(), current, schemas);
        let earlier = components.insert(name.clone(), shown.clone());
        assert!(earlier.is_none_or(|earlier| earlier == shown), "two answers are called {name}");
        (status.to_string(), json!({ "$ref": format!("#/components/responses/{name}") }))
    });
    shared.collect()
}

fn response(status: u16, kinds: &[Kind], to_callers: bool, current: Option<Value>, schemas: &mut Schemas) -> Value {
    let told: Vec<_> =
        kinds.iter().map(|kind| format!("`{}`: {}. {}", kind.id(), kind.title(), kind.advice())).collect();
    let types: Vec<_> = kinds.iter().map(|kind| kind.uri()).collect();
    let mut narrowed = json!({ "type": { "enum": types }, "status": { "const": status } });
    let mut names = headers::common(to_callers, status);
    match status {
        401 => names.push("WWW-Authenticate"),
        429 | 503 => names.push("Retry-After"),
        _ => {}
    }
    if let Some(current) = current {
        narrowed["currentResource"] = current;
        names.push("ETag-of-current");
    }
    let problem = schemas.answered(of::<ProblemBody<'static>>);
    json!({
        "description": told.join("\n\n"),
        "headers": headers::references(&names),
        "content": { "application/problem+json": { "schema": { "allOf": [problem, { "properties": narrowed }] } } }
    })
}
