//! The endpoint that requests checks of VAT numbers.
//!
//! Its cases have a deployment of their own, in which no check is ever made: what a worker finds out meanwhile would be one
//! more effect.

use blackbox::World;

use crate::endpoints::{KEY, Outcome, Row, create, original_name};

/// A deployment from which nothing is ever sent.
pub(crate) async fn quiet() -> World {
    let world = World::beside("faults-vies", &[]).await;
    for sender in ["relay-outbox", "run-due"] {
        for statement in ["SendCommands", "SendEvents"] {
            world.behind.without_statement(sender, statement).await;
        }
    }
    world
}

pub(crate) fn rows() -> Vec<Row> {
    let outcome = |revisions| Outcome { status: 202, revisions, versions: 0, contacts: &[], shows: original_name() };
    let first = Row {
        function: "request-vies-check",
        case: "the first",
        before: &[create],
        request: |ground| ground.about_buyer("request-vies-check", KEY),
        answered: false,
        outcome: outcome(1),
    };
    let open = Row {
        case: "while one is open",
        before: &[create, |ground| ground.about_buyer("request-vies-check", "before")],
        outcome: outcome(0),
        ..first.clone()
    };
    vec![first.clone().answered(), first, open]
}
