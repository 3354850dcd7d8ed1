//! What `DynamoDB` says when it does not do what it is asked.
//!
//! Codes and forms are those of its API reference, "Error handling with `DynamoDB`" and `TransactWriteItems`.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::fault_proxy::{Call, Fault};
use crate::scripted::Answer;

/// A refusal of any operation, by its code.
#[must_use]
pub fn refusal(status: u16, code: &str) -> Answer {
    Answer::json(status, &body(code))
}

/// The service failed, and does not say whether before or after.
#[must_use]
pub fn internal_error() -> Fault {
    Fault::answered(refusal(500, "InternalServerError"))
}

/// The service is overloaded, and says so by one of its codes (`ThrottlingException`).
#[must_use]
pub fn throttled(code: &str) -> Fault {
    Fault::answered(refusal(400, code))
}

/// Another request with this transaction's token is being worked on.
#[must_use]
pub fn in_progress() -> Fault {
    Fault::answered(refusal(400, "TransactionInProgressException"))
}

/// Another transaction holds the item of the last action; what the others met is not said.
#[must_use]
pub fn conflict() -> Fault {
    cancelled(|actions| {
        let mut reasons = vec!["None"; actions];
        reasons[actions - 1] = "TransactionConflict";
        reasons
    })
}

/// The same, and the condition of the first action failed beside it.
#[must_use]
pub fn conflict_beside_condition() -> Fault {
    cancelled(|actions| {
        let mut reasons = vec!["None"; actions];
        (reasons[0], reasons[actions - 1]) = ("ConditionalCheckFailed", "TransactionConflict");
        reasons
    })
}

/// Whether that call is a transaction: the only one that can be cancelled.
#[must_use]
pub fn is_transaction(call: &Call) -> bool {
    call.operation() == "TransactWriteItems"
}

fn cancelled(reasons: impl Fn(usize) -> Vec<&'static str> + Send + Sync + 'static) -> Fault {
    Fault::Answered(Arc::new(move |call| {
        let actions = call.json()["TransactItems"].as_array().map_or(0, Vec::len);
        assert!(actions > 0, "{} has no actions to be cancelled", call.operation());
        let reasons: Vec<_> = reasons(actions).into_iter().map(|code| json!({ "Code": code })).collect();
        let mut body = body("TransactionCanceledException");
        body["CancellationReasons"] = reasons.into();
        Answer::json(400, &body)
    }))
}

fn body(code: &str) -> Value {
    json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": code })
}
