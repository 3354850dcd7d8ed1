//! The log of who was shown personal data (`PIILOG#`), kept for six years.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{BuyerId, Disclosure, Instant};
use serde::Serialize;

use crate::item::{self, Item};
use crate::key::{Key, disclosures_pk};
use crate::{StorageError, Table};

/// How long an entry is kept: six years, leap days included.
const LIFETIME_SECONDS: i64 = (6 * 365 + 2) * 24 * 60 * 60;

/// Writes the log, for functions that show personal data which is not in the table.
#[derive(Clone)]
pub struct NoteDisclosures(pub(crate) Table);

impl NoteDisclosures {
    /// Notes that personal data is about to be shown. Without this it must not be.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn note(&self, disclosure: &Disclosure) -> Result<(), StorageError> {
        self.0.disclose(disclosure).await
    }
}

/// Reads the log, for auditors.
#[derive(Clone)]
pub struct Disclosures(pub(crate) Table);

impl Disclosures {
    /// Who was shown personal data of this buyer between two instants (the first included, the second not), in
    /// their order. Entries outlive what they are about.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn of(&self, buyer: BuyerId, (from, until): (Instant, Instant)) -> Result<Vec<Disclosure>, StorageError> {
        let query = self
            .0
            .client
            .query()
            .table_name(&self.0.name)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :until")
            .expression_attribute_values(":pk", AttributeValue::S(disclosures_pk(buyer)))
            .expression_attribute_values(":from", AttributeValue::S(from.to_string()))
            .expression_attribute_values(":until", AttributeValue::S(until.to_string()));
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let page = query.clone().set_exclusive_start_key(from).send().await;
            let page = page.map_err(|error| StorageError::of(&error))?;
            for entry in page.items.unwrap_or_default() {
                found.push(item::read(entry)?);
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DisclosureItem<'d> {
    #[serde(flatten)]
    disclosure: &'d Disclosure,
    /// Seconds since the epoch.
    expires_at: i64,
}

/// An entry of the log, to be put.
pub(crate) fn entry(disclosure: &Disclosure) -> Result<Item, StorageError> {
    let expires_at = disclosure.at.seconds() + LIFETIME_SECONDS;
    item::write(&Key::disclosure(disclosure.buyer, disclosure.at), &DisclosureItem { disclosure, expires_at })
}

impl Table {
    /// Notes that personal data is about to be shown. Without this it must not be.
    pub(crate) async fn disclose(&self, disclosure: &Disclosure) -> Result<(), StorageError> {
        self.put(entry(disclosure)?).await
    }
}
