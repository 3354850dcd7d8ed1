//! One `TransactWriteItems`, sent until its outcome is known.
//!
//! ```text
//! send ──ok───────────────────────────────▶ Committed
//!  │──a condition failed, nothing else ───▶ Conflict (with the items that stand there)
//!  │──another transaction touched an item ─ new token, wait, again: nothing is known of the other items
//!  │──throttled, in progress, 5xx, lost ── SAME token and the same items, wait, again: if the first one
//!  │                                        was committed after all, DynamoDB says so and does nothing
//!  └──refused (permission, table, size) ──▶ error
//! ```

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use uuid::Uuid;

use crate::item::Item;
use crate::key::Key;
use crate::{StorageError, Table};

/// Attempts before the caller is told to come back later; with the pauses below about 1.5 s at most.
pub(crate) const ATTEMPTS: u32 = 8;

/// How a transaction ended.
pub(crate) enum Outcome {
    /// All of it happened.
    Committed,
    /// None of it happened: for each action, in order, the item that stood against its condition.
    Conflict(Vec<Option<Item>>),
}

/// What must be true for an item to be put, with the values it names.
pub(crate) type Condition<'c> = (&'c str, &'c [(&'c str, AttributeValue)]);

/// The item is new.
pub(crate) const NEW: Condition<'_> = ("attribute_not_exists(pk)", &[]);

/// Puts an item; a failing condition shows the item that stands there.
pub(crate) fn put(table: &Table, item: Item, condition: Option<Condition<'_>>) -> TransactWriteItem {
    let mut put = Put::builder()
        .table_name(&table.name)
        .set_item(Some(item))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    if let Some((expression, values)) = condition {
        put = put.condition_expression(expression);
        for (name, value) in values {
            put = put.expression_attribute_values(*name, value.clone());
        }
    }
    TransactWriteItem::builder().put(put.build().expect("table and item are set")).build()
}

/// Deletes an item; without a condition, if it is there.
pub(crate) fn delete(table: &Table, key: &Key, condition: Option<Condition<'_>>) -> TransactWriteItem {
    let mut delete = Delete::builder().table_name(&table.name).set_key(Some(key.attributes()));
    if let Some((expression, values)) = condition {
        delete = delete.condition_expression(expression);
        for (name, value) in values {
            delete = delete.expression_attribute_values(*name, value.clone());
        }
    }
    TransactWriteItem::builder().delete(delete.build().expect("table and key are set")).build()
}

/// Sets one attribute of an item that is there.
pub(crate) fn set(table: &Table, key: &Key, name: &str, value: AttributeValue) -> TransactWriteItem {
    patch(table, key, (Item::from([(name.to_owned(), value)]), &[]), ("attribute_exists(pk)", &[]))
}

/// Sets these attributes of an item and removes those, and leaves all others as they are; the condition is required,
/// so that no item comes into being by it.
pub(crate) fn patch(
    table: &Table,
    key: &Key,
    (set, remove): (Item, &[&str]),
    (condition, values): Condition<'_>,
) -> TransactWriteItem {
    let mut update = Update::builder()
        .table_name(&table.name)
        .set_key(Some(key.attributes()))
        .condition_expression(condition)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    for (name, value) in values {
        update = update.expression_attribute_values(*name, value.clone());
    }
    let mut setting = Vec::with_capacity(set.len());
    for (index, (name, value)) in set.into_iter().enumerate() {
        setting.push(format!("#s{index} = :s{index}"));
        update = update
            .expression_attribute_names(format!("#s{index}"), name)
            .expression_attribute_values(format!(":s{index}"), value);
    }
    let mut expression = format!("SET {}", setting.join(", "));
    let mut removing = Vec::with_capacity(remove.len());
    for (index, name) in remove.iter().enumerate() {
        removing.push(format!("#r{index}"));
        update = update.expression_attribute_names(format!("#r{index}"), *name);
    }
    if !removing.is_empty() {
        expression = format!("{expression} REMOVE {}", removing.join(", "));
    }
    let update = update.update_expression(expression).build().expect("table, key and expression are set");
    TransactWriteItem::builder().update(update).build()
}

/// Adds to a number of an item, which is made where there is none.
pub(crate) fn count(
    table: &Table,
    key: &Key,
    (name, by): (&str, i64),
    (condition, values): Condition<'_>,
) -> TransactWriteItem {
    let mut update = Update::builder()
        .table_name(&table.name)
        .set_key(Some(key.attributes()))
        .condition_expression(condition)
        .update_expression("ADD #name :by")
        .expression_attribute_names("#name", name)
        .expression_attribute_values(":by", AttributeValue::N(by.to_string()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    for (name, value) in values {
        update = update.expression_attribute_values(*name, value.clone());
    }
    TransactWriteItem::builder().update(update.build().expect("table, key and expression are set")).build()
}

/// Asks that an item meets a condition; nothing is written.
pub(crate) fn check(table: &Table, key: &Key, (expression, values): Condition<'_>) -> TransactWriteItem {
    let mut check = ConditionCheck::builder()
        .table_name(&table.name)
        .set_key(Some(key.attributes()))
        .condition_expression(expression)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    for (name, value) in values {
        check = check.expression_attribute_values(*name, value.clone());
    }
    let check = check.build().expect("table, key and condition are set");
    TransactWriteItem::builder().condition_check(check).build()
}

/// Takes one member out of a map of an item that is there.
pub(crate) fn forget(table: &Table, key: &Key, map: &str, member: &str) -> TransactWriteItem {
    let update = Update::builder()
        .table_name(&table.name)
        .set_key(Some(key.attributes()))
        .condition_expression("attribute_exists(pk)")
        .update_expression("REMOVE #map.#member")
        .expression_attribute_names("#map", map)
        .expression_attribute_names("#member", member);
    TransactWriteItem::builder().update(update.build().expect("table, key and expression are set")).build()
}

/// Sends the actions until their outcome is known or the attempts are used up.
pub(crate) async fn commit(table: &Table, actions: Vec<TransactWriteItem>) -> Result<Outcome, StorageError> {
    let mut token = Uuid::new_v4();
    let mut last = StorageError::Unavailable("never sent".to_owned());
    for attempt in 0..ATTEMPTS {
        pause(attempt).await;
        let sent = table
            .client
            .transact_write_items()
            .client_request_token(token.to_string())
            .set_transact_items(Some(actions.clone()))
            .send()
            .await;
        let Err(error) = sent else { return Ok(Outcome::Committed) };
        if let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() {
            match Cancellation::read(canceled.cancellation_reasons()) {
                Cancellation::Conditions(items) => return Ok(Outcome::Conflict(items)),
                Cancellation::Refused(why) => return Err(StorageError::Refused(why)),
                Cancellation::NotNow(why) => {
                    last = StorageError::Contended(why);
                    token = Uuid::new_v4();
                    continue;
                }
            }
        }
        last = StorageError::of(&error);
        if !last.is_temporary() {
            return Err(last);
        }
    }
    Err(last)
}

/// Waits before a further attempt: 10 ms doubled each time to 320 ms, times a random half to whole.
pub(crate) async fn pause(attempt: u32) {
    if attempt > 0 {
        let most = 10_u64 << attempt.min(6).saturating_sub(1);
        let random = u64::from(getrandom::u32().unwrap_or(0));
        let millis = most / 2 + random % (most / 2 + 1);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

/// Why a transaction was cancelled, over all its actions.
enum Cancellation {
    /// Only conditions failed: the answer is certain.
    Conditions(Vec<Option<Item>>),
    /// Some action met a conflict or a limit: what the others say is not the whole truth.
    NotNow(String),
    /// Some action can never succeed.
    Refused(String),
}

impl Cancellation {
    fn read(reasons: &[CancellationReason]) -> Self {
        let mut standing = Vec::with_capacity(reasons.len());
        let mut not_now = None;
        for reason in reasons {
            match reason.code().unwrap_or("None") {
                "None" => standing.push(None),
                "ConditionalCheckFailed" => standing.push(Some(reason.item().cloned().unwrap_or_default())),
                code @ ("TransactionConflict"
                | "TransactionInProgress"
                | "ProvisionedThroughputExceeded"
                | "ThrottlingError"
                | "RequestLimitExceeded"
                | "InternalServerError") => {
                    not_now = Some(code.to_owned());
                    standing.push(None);
                }
                code => return Self::Refused(format!("{code}: {}", reason.message().unwrap_or_default())),
            }
        }
        match not_now {
            Some(code) => Self::NotNow(code),
            None if standing.iter().any(Option::is_some) => Self::Conditions(standing),
            None => Self::NotNow("cancelled without a reason".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(code: &str) -> CancellationReason {
        let item = Item::from([("pk".to_owned(), AttributeValue::S("x".to_owned()))]);
        let reason = CancellationReason::builder().code(code);
        if code == "ConditionalCheckFailed" { reason.set_item(Some(item)).build() } else { reason.build() }
    }

    fn read(codes: &[&str]) -> Cancellation {
        Cancellation::read(&codes.iter().map(|code| reason(code)).collect::<Vec<_>>())
    }

    #[test]
    fn a_conflict_on_one_item_says_nothing_about_the_others() {
        assert!(matches!(read(&["None", "ConditionalCheckFailed"]), Cancellation::Conditions(_)));
        assert!(matches!(read(&["TransactionConflict", "ConditionalCheckFailed"]), Cancellation::NotNow(_)));
        assert!(matches!(read(&["ConditionalCheckFailed", "ThrottlingError"]), Cancellation::NotNow(_)));
        assert!(matches!(read(&["ValidationError", "ConditionalCheckFailed"]), Cancellation::Refused(_)));
        assert!(matches!(read(&["None", "None"]), Cancellation::NotNow(_)));
    }

    #[test]
    fn the_standing_items_keep_the_order_of_the_actions() {
        let Cancellation::Conditions(standing) = read(&["None", "ConditionalCheckFailed", "None"]) else {
            panic!("conditions expected")
        };
        assert_eq!(standing.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, false]);
    }
}
