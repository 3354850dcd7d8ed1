//! Headers of answers, each described once.

use serde_json::{Map, Value, json};

/// What every answer to a known caller says about its limits.
const OF_LIMITS: [&str; 4] =
    ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Category"];

/// The headers of every answer. A 401 comes before the caller is known, and a 5xx may.
pub(crate) fn common(to_callers: bool, status: u16) -> Vec<&'static str> {
    let mut names = vec!["X-Request-Id"];
    if to_callers && status != 401 && status < 500 {
        names.extend(OF_LIMITS);
    }
    names
}

/// References to these headers, each under the name it is sent by: what follows `-of-` tells apart what a header means.
pub(crate) fn references(names: &[&'static str]) -> Value {
    let sent_as = |name: &'static str| name.split_once("-of-").map_or(name, |(header, _)| header);
    names.iter().map(|name| (sent_as(name), json!({ "$ref": format!("#/components/headers/{name}") }))).collect()
}

/// All of them, for the components of the document.
pub(crate) fn components() -> Value {
    let mut all = Map::new();
    let mut put = |name: &str, always: bool, description: &str, schema: Value| {
        let header = json!({ "description": description, "required": always, "schema": schema });
        all.insert(name.to_owned(), header);
    };
    let text = || json!({ "type": "string" });
    put(
        "X-Request-Id",
        true,
        "The request's id: the one that was sent, or ours. Quote it when you ask us something.",
        json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$" }),
    );
    let strong = || json!({ "type": "string", "pattern": r#"^"[^"]*"$"# });
    put("ETag", true, "The version of what is shown, as `If-Match` and `If-None-Match` take it.", strong());
    put("ETag-of-current", false, "The version of `currentResource`.", strong());
    put("ETag-of-one", false, "The version, where the answer is one buyer.", strong());
    put("Location", true, "Where it is.", json!({ "type": "string", "format": "uri-reference" }));
    put(
        "Idempotent-Replayed",
        false,
        "`true` when this is the stored answer to an earlier request with the same key.",
        json!({ "type": "string", "enum": ["true"] }),
    );
    put("Cache-Control", true, "How long it may be kept.", text());
    put("Content-Security-Policy", true, "What the page may load.", text());
    put("WWW-Authenticate", true, "The challenge (RFC 6750).", text());
    put("Retry-After", true, "Seconds to wait.", json!({ "type": "string", "pattern": "^[0-9]+$" }));
    let number = || json!({ "type": "string", "pattern": "^[0-9]+$" });
    put("X-RateLimit-Limit", true, "Requests a minute, of the organisation in this category.", number());
    put("X-RateLimit-Remaining", true, "How many may be sent right now.", number());
    put("X-RateLimit-Reset", true, "When there are more: seconds since 1970.", number());
    put(
        "X-RateLimit-Category",
        true,
        "What the limit is about.",
        json!({ "type": "string", "enum": ["read", "write", "webhook"] }),
    );
    Value::Object(all)
}
