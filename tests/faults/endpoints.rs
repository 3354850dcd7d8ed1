//! The endpoints that write, each with the requests that end differently. A new endpoint is a new row.

use blackbox::Request;
use serde_json::{Value, json};

use crate::contact_endpoints;
use crate::ground::{ERIKA, Ground, MAXIMILIAN};

/// A request as it is made up when its turn comes.
pub(crate) type Asking = fn(&Ground) -> Request;

/// One kind of request.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) function: &'static str,
    /// What is special about it.
    pub(crate) case: &'static str,
    /// What is done before, one after the other, all of it in peace and with success.
    pub(crate) before: &'static [Asking],
    pub(crate) request: Asking,
    /// Whether it was answered before, too: all that is to come of it is that answer again.
    pub(crate) answered: bool,
    pub(crate) outcome: Outcome,
}

/// What it comes to, however often it is sent.
#[derive(Clone)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    /// Revisions that it adds.
    pub(crate) revisions: usize,
    /// By how much it moves the version.
    pub(crate) versions: u64,
    /// First names of the contact persons that the buyer has after it. Nobody else is known any more.
    pub(crate) contacts: &'static [&'static str],
    /// What the buyer shows after it: a member and its value.
    pub(crate) shows: (&'static str, Value),
}

pub(crate) const KEY: &str = "the key of the request";

fn upsert(ground: &Ground, key: &str, body: Value) -> Request {
    ground.request("upsert-buyer", key).json(body)
}

pub(crate) fn create(ground: &Ground) -> Request {
    upsert(ground, "create", ground.body())
}

pub(crate) fn create_with_contacts(ground: &Ground) -> Request {
    upsert(ground, "create", ground.body_with_contacts())
}

fn patch(ground: &Ground, version: u64, body: Value) -> Request {
    ground.about_buyer("update-buyer", KEY).header("if-match", format!("\"{version}\"")).json(body)
}

fn with_other_name(mut body: Value) -> Value {
    body["companyName"] = json!("Other GmbH");
    body
}

pub(crate) fn original_name() -> (&'static str, Value) {
    ("companyName", json!("Muster Fahrzeughandel GmbH"))
}

impl Row {
    /// The same request, once it was answered.
    pub(crate) fn answered(self) -> Self {
        Self { answered: true, outcome: Outcome { revisions: 0, versions: 0, ..self.outcome }, ..self }
    }
}

/// Every endpoint whose method is not GET.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = of_buyers();
    rows.push(rows[0].clone().answered());
    let of_contacts = contact_endpoints::rows();
    rows.extend(of_contacts.iter().cloned().map(Row::answered));
    rows.extend(of_contacts);
    rows
}

fn of_buyers() -> Vec<Row> {
    vec![
        Row {
            function: "upsert-buyer",
            case: "new",
            before: &[],
            request: |ground| upsert(ground, KEY, ground.body()),
            answered: false,
            outcome: Outcome { status: 201, revisions: 1, versions: 0, contacts: &[], shows: original_name() },
        },
        Row {
            function: "upsert-buyer",
            case: "new with contacts",
            before: &[],
            request: |ground| upsert(ground, KEY, ground.body_with_contacts()),
            answered: false,
            outcome: Outcome {
                status: 201,
                revisions: 1,
                versions: 0,
                contacts: &[ERIKA, MAXIMILIAN],
                shows: original_name(),
            },
        },
        Row {
            function: "upsert-buyer",
            case: "unchanged",
            before: &[create],
            request: |ground| upsert(ground, KEY, ground.body()),
            answered: false,
            outcome: Outcome { status: 200, revisions: 0, versions: 0, contacts: &[], shows: original_name() },
        },
        Row {
            function: "upsert-buyer",
            case: "differing",
            before: &[create],
            request: |ground| upsert(ground, KEY, with_other_name(ground.body())),
            answered: false,
            outcome: Outcome { status: 409, revisions: 0, versions: 0, contacts: &[], shows: original_name() },
        },
        Row {
            function: "update-buyer",
            case: "changing",
            before: &[create],
            request: |ground| patch(ground, 0, json!({"companyName": "Other GmbH"})),
            answered: false,
            outcome: Outcome {
                status: 200,
                revisions: 1,
                versions: 1,
                contacts: &[],
                shows: ("companyName", json!("Other GmbH")),
            },
        },
        Row {
            function: "update-buyer",
            case: "unchanged",
            before: &[create],
            request: |ground| patch(ground, 0, json!({"address": {"city": "Hamburg"}})),
            answered: false,
            outcome: Outcome { status: 200, revisions: 0, versions: 0, contacts: &[], shows: original_name() },
        },
        Row {
            function: "update-buyer",
            case: "outdated",
            before: &[create],
            request: |ground| patch(ground, 7, json!({"companyName": "Other GmbH"})),
            answered: false,
            outcome: Outcome { status: 409, revisions: 0, versions: 0, contacts: &[], shows: original_name() },
        },
        Row {
            function: "block-buyer",
            case: "with a reason",
            before: &[create],
            request: |ground| ground.about_buyer("block-buyer", KEY).json(json!({"reason": "Payment overdue"})),
            answered: false,
            outcome: Outcome {
                status: 200,
                revisions: 1,
                versions: 1,
                contacts: &[],
                shows: ("status", json!("BLOCKED")),
            },
        },
        Row {
            function: "unblock-buyer",
            case: "blocked",
            before: &[create, |ground| ground.about_buyer("block-buyer", "block")],
            request: |ground| ground.about_buyer("unblock-buyer", KEY),
            answered: false,
            outcome: Outcome {
                status: 200,
                revisions: 1,
                versions: 1,
                contacts: &[],
                shows: ("status", json!("ACTIVE")),
            },
        },
    ]
}
