//! What receivers are sent: the member `webhooks` of the document.

use domain::EventType;
use domain::webhook::Envelope;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use crate::schemas::{SchemaOf, Schemas, of};

/// A type of event that is sent.
pub struct Told {
    kind: EventType,
    summary: &'static str,
    data: SchemaOf,
}

/// What every delivery has in its header, and what that is.
const HEADERS: [(&str, &str, &str); 8] = [
    (
        "X-Novatrade-Signature",
        "`t=<unix seconds>,v1=<hex>`; while a secret is being replaced, a second `v1`.",
        "^t=[0-9]+(,v1=[0-9a-f]{64}){1,2}(,|$)",
    ),
    ("X-Novatrade-Event-Id", "The same whenever the event comes again: know repeats by it.", "^evt_[0-9a-f]{32}$"),
    ("X-Novatrade-Event-Type", "As in the body's `type`.", "^[a-z_]+\\.[a-z_]+$"),
    ("X-Novatrade-Delivery-Id", "One for each event and endpoint.", "^del_[0-9a-f]{32}$"),
    ("X-Novatrade-Attempt", "Counts the attempts of this delivery from 1.", "^[1-9][0-9]*$"),
    ("webhook-id", "Of Standard Webhooks: the event's id.", "^evt_[0-9a-f]{32}$"),
    ("webhook-timestamp", "Of Standard Webhooks: seconds since 1970.", "^[0-9]+$"),
    ("webhook-signature", "Of Standard Webhooks; absent where the secret was supplied and has not its form.", "^v1,"),
];

const GONE: &str = "Nobody listens here any more: it is not tried again. A replay changes nothing.";
const DISABLED: &str = "Nobody listens here any more: it is not tried again, and the endpoint is DISABLED. A test or a replay changes nothing.";

impl Told {
    /// Such events, with a sentence that says when they are sent; `T` is their `data`.
    #[must_use]
    pub fn new<T: JsonSchema>(kind: EventType, summary: &'static str) -> Self {
        Self { kind, summary, data: of::<T> }
    }
}

/// All of them with their tags, by their types.
pub(crate) fn webhooks<'t>(told: impl Iterator<Item = (&'t str, &'t Told)>, schemas: &mut Schemas) -> Value {
    let mut all = Map::new();
    for (tag, Told { kind, summary, data }) in told {
        let (envelope, data) = (schemas.answered(of::<Envelope>), schemas.answered(*data));
        let own = json!({ "properties": { "type": { "const": kind.name() }, "data": data } });
        let headers = HEADERS.map(|(name, description, pattern)| {
            let required = name != "webhook-signature";
            let schema = json!({ "type": "string", "pattern": pattern });
            json!({ "name": name, "in": "header", "required": required, "description": description, "schema": schema })
        });
        let operation = json!({
            "operationId": kind.name(),
            "tags": [tag],
            "summary": summary,
            "description": "A test (`POST /v1/webhooks/{webhookId}/test`) has whatever `data` it was given.",
            "parameters": headers,
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": { "allOf": [envelope, own] } } }
            },
            "responses": {
                "2XX": { "description": "It is delivered." },
                "410": { "description": if kind.is_about_webhooks() { GONE } else { DISABLED } },
                "default": { "description": "It is tried again, while a retry is left. A test is not, and a replay changes nothing of that." }
            },
            "security": []
        });
        let earlier = all.insert(kind.name().to_owned(), json!({ "post": operation }));
        assert!(earlier.is_none(), "{} is described twice", kind.name());
    }
    Value::Object(all)
}
