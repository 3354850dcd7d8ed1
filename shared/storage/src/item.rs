//! Items as structs: what serde writes is what the table holds.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Link, Personal, Revision};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::StorageError;
use crate::key::Key;

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A value under its key.
pub(crate) fn write<T: Serialize>(key: &Key, value: &T) -> Result<Item, StorageError> {
    let mut item: Item = serde_dynamo::to_item(value)?;
    item.extend(key.attributes());
    Ok(item)
}

/// The value of an item; keys and unknown attributes are passed over.
pub(crate) fn read<T: DeserializeOwned>(item: Item) -> Result<T, StorageError> {
    Ok(serde_dynamo::from_item(item)?)
}

/// A revision's item: the hashed bytes, the personal data beside them, and what the outbox needs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevisionItem {
    #[serde(flatten)]
    pub(crate) link: Link,
    #[serde(default, skip_serializing_if = "Personal::is_empty")]
    pub(crate) personal: Personal,
    /// Name of the effect; the relay's stream filter asks whether it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) effect: Option<String>,
    /// Shard of the `due` index, as long as the effect was not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_shard: Option<String>,
    /// Milliseconds since the epoch from which `run-due` may send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_at: Option<i64>,
}

impl RevisionItem {
    /// The revision in the hashed bytes.
    pub(crate) fn revision(&self) -> Result<Revision, StorageError> {
        serde_json::from_str(&self.link.content).map_err(|error| StorageError::Unreadable(error.to_string()))
    }
}
