//! What an attempt to deliver changes of how its endpoint fares.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use domain::Instant;
use domain::webhook::{Delivery, Url};

use crate::item::Item;
use crate::key::Key;
use crate::{StorageError, Table, transaction};

/// A failure, added to what stands there.
const ADD_FAILURE: &str = "ADD failures :one SET failingSince = if_not_exists(failingSince, :at), lastFailedAt = :at";
/// A success ends a row of failures.
const FORGET_FAILURES: &str = "REMOVE failures, failingSince, lastFailedAt, warnedAt, goneAt";

/// How an attempt bears on the health of an endpoint that still has the URL it was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bearing<'e> {
    /// Not at all.
    None,
    /// It went well, after failures.
    Recovered {
        /// Where it was sent.
        url: &'e Url,
    },
    /// It failed, at that time; perhaps for good.
    Failed {
        /// Where it was sent.
        url: &'e Url,
        /// When.
        at: Instant,
        /// Whether the receiver said 410.
        gone: bool,
    },
}

/// What an attempt changes of its endpoint's health.
pub(crate) struct HealthChange {
    key: Key,
    expression: String,
    values: Item,
}

impl HealthChange {
    /// The endpoint is not made by it, and what another receiver said is not held against it.
    const CONDITION: &'static str = "#url = :url";

    pub(crate) fn of(delivery: &Delivery, bearing: Bearing<'_>) -> Option<Self> {
        let key = Key::webhook(delivery.organisation, &delivery.webhook);
        let sent_to = |url: &Url| (":url".to_owned(), AttributeValue::S(url.as_str().to_owned()));
        match bearing {
            Bearing::None => None,
            Bearing::Recovered { url } => {
                Some(Self { key, expression: FORGET_FAILURES.to_owned(), values: Item::from([sent_to(url)]) })
            }
            Bearing::Failed { url, at, gone } => {
                let expression = if gone { format!("{ADD_FAILURE}, goneAt = :at") } else { ADD_FAILURE.to_owned() };
                let values = Item::from([
                    sent_to(url),
                    (":one".to_owned(), AttributeValue::N("1".to_owned())),
                    (":at".to_owned(), AttributeValue::S(at.to_string())),
                ]);
                Some(Self { key, expression, values })
            }
        }
    }

    pub(crate) fn within_transaction(&self, table: &Table) -> TransactWriteItem {
        let update = Update::builder()
            .table_name(&table.name)
            .set_key(Some(self.key.attributes()))
            .condition_expression(Self::CONDITION)
            .update_expression(&self.expression)
            .expression_attribute_names("#url", "url")
            .set_expression_attribute_values(Some(self.values.clone()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update = update.build().expect("table, key and expression are set");
        TransactWriteItem::builder().update(update).build()
    }

    /// By itself: others of its kind wait for each other, and only transactions turn it away.
    pub(crate) async fn alone(&self, table: &Table) -> Result<(), StorageError> {
        let mut last = StorageError::Contended("never sent".to_owned());
        for attempt in 0..transaction::ATTEMPTS {
            transaction::pause(attempt).await;
            let update = table
                .client
                .update_item()
                .table_name(&table.name)
                .set_key(Some(self.key.attributes()))
                .condition_expression(Self::CONDITION)
                .update_expression(&self.expression)
                .expression_attribute_names("#url", "url")
                .set_expression_attribute_values(Some(self.values.clone()));
            let Err(error) = update.send().await else { return Ok(()) };
            last = StorageError::of(&error);
            match error.as_service_error() {
                // Deleted meanwhile, or led elsewhere: its health is nobody's any more.
                Some(refused) if refused.is_conditional_check_failed_exception() => return Ok(()),
                Some(refused) if refused.is_transaction_conflict_exception() => {}
                _ => return Err(last),
            }
        }
        Err(last)
    }
}
