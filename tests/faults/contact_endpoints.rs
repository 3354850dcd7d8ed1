//! The endpoints that write contact persons: each a revision, none a version.

use blackbox::Request;
use serde_json::json;

use crate::endpoints::{KEY, Outcome, Row, create, create_with_contacts, original_name};
use crate::ground::{ERIKA, Ground, MAXIMILIAN, person};

const BOTH: &[&str] = &[ERIKA, MAXIMILIAN];

fn outcome(status: u16, revisions: usize, contacts: &'static [&'static str]) -> Outcome {
    Outcome { status, revisions, versions: 0, contacts, shows: original_name() }
}

fn rename(ground: &Ground, key: &str, to: &str) -> Request {
    ground.about_erika("update-contact", key).json(json!({"lastName": to}))
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row {
            function: "add-contact",
            case: "the first",
            before: &[create],
            request: |ground| ground.about_buyer("add-contact", KEY).json(person(ERIKA)),
            answered: false,
            outcome: outcome(201, 1, &[ERIKA]),
        },
        Row {
            function: "update-contact",
            case: "changing",
            before: &[create_with_contacts],
            request: |ground| rename(ground, KEY, "Neu"),
            answered: false,
            outcome: outcome(200, 1, BOTH),
        },
        Row {
            function: "update-contact",
            case: "unchanged",
            before: &[create_with_contacts],
            request: |ground| rename(ground, KEY, "Muster"),
            answered: false,
            outcome: outcome(200, 0, BOTH),
        },
        Row {
            function: "delete-contact",
            case: "of two, with two states",
            before: &[create_with_contacts, |ground| rename(ground, "rename", "Neu")],
            request: |ground| ground.about_erika("delete-contact", KEY),
            answered: false,
            outcome: outcome(204, 1, &[MAXIMILIAN]),
        },
    ]
}
