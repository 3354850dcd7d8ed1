//! Items as structs: what serde writes is what the table holds.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Link, Personal, Revision};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::StorageError;
use crate::key::Key;
use crate::outbox::Place;

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
    /// As long as the effect was not sent.
    #[serde(flatten)]
    pub(crate) place: Place,
}

impl RevisionItem {
    /// Sealed, with the personal data beside it; with an effect it is due until that is sent.
    pub(crate) fn of(revision: &Revision, personal: Personal) -> Self {
        let effect = revision.effect.as_ref().map(|effect| effect.name().to_owned());
        let place = Place::of_revision(revision);
        Self { link: revision.seal(), personal, effect, place }
    }

    /// The revision in the hashed bytes.
    pub(crate) fn revision(&self) -> Result<Revision, StorageError> {
        serde_json::from_str(&self.link.content).map_err(|error| StorageError::Unreadable(error.to_string()))
    }
}
