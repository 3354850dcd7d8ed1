//! A call as it came through.

use std::collections::BTreeSet;

use hyper::body::Bytes;
use hyper::http::request::Parts;
use serde_json::Value;

/// A request, and what it is to its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `POST`
    pub method: String,
    /// With the query.
    pub path: String,
    /// The header `x-amz-target`: service and operation, in the protocols of AWS that speak JSON. Empty without it.
    pub target: String,
    /// The exact bytes.
    pub body: Bytes,
}

impl Call {
    pub(super) fn of(head: &Parts, body: Bytes) -> Self {
        let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Self { method: head.method.to_string(), path: head.uri.to_string(), target: target.to_owned(), body }
    }

    /// `PutItem` where a header names it, else method and path without the query, as in `PUT /bucket/key`.
    #[must_use]
    pub fn operation(&self) -> String {
        if let Some((_, operation)) = self.target.rsplit_once('.') {
            return operation.to_owned();
        }
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The tables of `DynamoDB` that it is about: one, or those of a batch or a transaction.
    #[must_use]
    pub fn tables(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let body = self.json();
        found.extend(body["RequestItems"].as_object().into_iter().flatten().map(|(table, _)| table.clone()));
        let actions = body["TransactItems"].as_array().into_iter().flatten();
        let actions = actions.filter_map(Value::as_object).flat_map(|action| action.values());
        let named = std::iter::once(&body).chain(actions).filter_map(|part| part["TableName"].as_str());
        found.extend(named.map(str::to_owned));
        found
    }
}
