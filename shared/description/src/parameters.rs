//! What requests carry beside their body.

use http_edge::{Kind, LONGEST_KEY};
use serde_json::{Map, Value, json};

use crate::schemas::{SchemaOf, Schemas};

/// A query parameter.
pub(crate) struct Query {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) schema: SchemaOf,
}

impl Query {
    pub(crate) fn shown(&self, schemas: &mut Schemas) -> Value {
        let Self { name, description, schema } = self;
        json!({ "name": name, "in": "query", "description": description, "schema": schemas.sent(*schema) })
    }
}

/// A reference to a parameter of the path or a header.
pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// All of them, for the components of the document. A new one is described here.
pub(crate) fn components() -> Value {
    let mut all = Map::new();
    let mut in_path = |name: &str, description: &str, schema: Value| {
        let shown =
            json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema });
        all.insert(name.to_owned(), shown);
    };
    let uuid = || json!({ "type": "string", "format": "uuid" });
    in_path("sellerId", "The seller; `GET /v1/me` lists those that the caller may act for.", uuid());
    in_path("buyerId", "The buyer: the `uuid` that it was created with.", uuid());
    in_path("contactId", "The contact person.", uuid());
    in_path("documentId", "The document.", uuid());
    in_path("uploadId", "The upload.", uuid());
    in_path("checkId", "The check.", uuid());
    let webhook = json!({ "type": "string", "pattern": "^wh_[0-9a-f]{32}$" });
    in_path("webhookId", "The webhook endpoint: the `id` that it was registered with.", webhook);
    let delivery = json!({ "type": "string", "pattern": "^del_[0-9a-f]{32}$" });
    in_path("deliveryId", "The delivery.", delivery);
    in_path("asset", "A file that the page loads.", json!({ "type": "string", "examples": ["page.css"] }));
    let ids = json!({ "type": "string", "enum": Kind::ALL.map(Kind::id) });
    in_path("problem", "The last part of a problem's `type`.", ids);
    let mut put = |name: &str, required: bool, description: &str, schema: Value| {
        let shown =
            json!({ "name": name, "in": "header", "required": required, "description": description, "schema": schema });
        all.insert(name.to_owned(), shown);
    };
    put(
        "Idempotency-Key",
        true,
        "One per logical operation: repeated with the same meaning within 24 hours it gets the same answer and has no \
         second effect.",
        json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_KEY }),
    );
    put(
        "If-Match",
        true,
        "The version to change, quoted as in `ETag`; no `*`, no weak tag, no list.",
        json!({ "type": "string", "pattern": r#"^"[0-9]{1,19}"$"#, "examples": ["\"0\""] }),
    );
    put(
        "If-None-Match",
        false,
        "The version that the client has: 304 when it is still the one.",
        json!({ "type": "string", "examples": ["\"0\""] }),
    );
    put(
        "X-Purpose",
        false,
        "Why personal data is wanted; kept in the log of who was shown it.",
        json!({ "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]([ -~]*[!-~])?$", "examples": ["CUSTOMER-SUPPORT"] }),
    );
    put(
        "X-Request-Id",
        false,
        "Names the request in our logs, in the history and in problems: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`. \
         Anything else is replaced by an id of ours.",
        json!({ "type": "string", "examples": ["order-4711"] }),
    );
    Value::Object(all)
}
