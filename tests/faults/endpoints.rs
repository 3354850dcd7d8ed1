//! The endpoints that write, each with the requests that end differently. A new endpoint is a new row.

use blackbox::Request;
use serde_json::{Value, json};

use crate::ground::Ground;

/// One kind of request.
pub(crate) struct Row {
    pub(crate) function: &'static str,
    /// What is special about it.
    pub(crate) case: &'static str,
    /// What is done before, all of it in peace and with success.
    pub(crate) before: fn(&Ground) -> Vec<Request>,
    pub(crate) request: fn(&Ground) -> Request,
    pub(crate) outcome: Outcome,
}

/// What it comes to, however often it is sent.
pub(crate) struct Outcome {
    pub(crate) status: u16,
    /// Revisions that it adds.
    pub(crate) revisions: usize,
    /// Contact persons that the buyer has after it.
    pub(crate) contacts: usize,
    /// What the buyer shows after it: a member and its value.
    pub(crate) shows: (&'static str, Value),
}

const KEY: &str = "the key of the request";

fn upsert(ground: &Ground, key: &str, body: Value) -> Request {
    ground.request("upsert-buyer", key).json(body)
}

fn created(ground: &Ground) -> Vec<Request> {
    vec![upsert(ground, "create", ground.body())]
}

fn patch(ground: &Ground, version: u64, body: Value) -> Request {
    ground.about_buyer("update-buyer", KEY).header("if-match", format!("\"{version}\"")).json(body)
}

fn blocked(ground: &Ground) -> Vec<Request> {
    let mut requests = created(ground);
    requests.push(ground.about_buyer("block-buyer", "block"));
    requests
}

fn with_other_name(mut body: Value) -> Value {
    body["companyName"] = json!("Other GmbH");
    body
}

fn original_name() -> (&'static str, Value) {
    ("companyName", json!("Muster Fahrzeughandel GmbH"))
}

/// Every endpoint whose method is not GET.
pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row {
            function: "upsert-buyer",
            case: "new",
            before: |_| Vec::new(),
            request: |ground| upsert(ground, KEY, ground.body()),
            outcome: Outcome { status: 201, revisions: 1, contacts: 0, shows: original_name() },
        },
        Row {
            function: "upsert-buyer",
            case: "new with contacts",
            before: |_| Vec::new(),
            request: |ground| upsert(ground, KEY, ground.body_with_contacts()),
            outcome: Outcome { status: 201, revisions: 1, contacts: 2, shows: original_name() },
        },
        Row {
            function: "upsert-buyer",
            case: "unchanged",
            before: created,
            request: |ground| upsert(ground, KEY, ground.body()),
            outcome: Outcome { status: 200, revisions: 0, contacts: 0, shows: original_name() },
        },
        Row {
            function: "upsert-buyer",
            case: "differing",
            before: created,
            request: |ground| upsert(ground, KEY, with_other_name(ground.body())),
            outcome: Outcome { status: 409, revisions: 0, contacts: 0, shows: original_name() },
        },
        Row {
            function: "update-buyer",
            case: "changing",
            before: created,
            request: |ground| patch(ground, 0, json!({"companyName": "Other GmbH"})),
            outcome: Outcome { status: 200, revisions: 1, contacts: 0, shows: ("companyName", json!("Other GmbH")) },
        },
        Row {
            function: "update-buyer",
            case: "unchanged",
            before: created,
            request: |ground| patch(ground, 0, json!({"address": {"city": "Hamburg"}})),
            outcome: Outcome { status: 200, revisions: 0, contacts: 0, shows: original_name() },
        },
        Row {
            function: "update-buyer",
            case: "outdated",
            before: created,
            request: |ground| patch(ground, 7, json!({"companyName": "Other GmbH"})),
            outcome: Outcome { status: 409, revisions: 0, contacts: 0, shows: original_name() },
        },
        Row {
            function: "block-buyer",
            case: "with a reason",
            before: created,
            request: |ground| ground.about_buyer("block-buyer", KEY).json(json!({"reason": "Payment overdue"})),
            outcome: Outcome { status: 200, revisions: 1, contacts: 0, shows: ("status", json!("BLOCKED")) },
        },
        Row {
            function: "unblock-buyer",
            case: "blocked",
            before: blocked,
            request: |ground| ground.about_buyer("unblock-buyer", KEY),
            outcome: Outcome { status: 200, revisions: 1, contacts: 0, shows: ("status", json!("ACTIVE")) },
        },
    ]
}
