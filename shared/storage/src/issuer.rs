//! The copy of the issuer's keys: a cold function can verify tokens while the issuer is down.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Instant;
use serde::{Deserialize, Serialize};

use crate::item;
use crate::key::Key;
use crate::outbox::lost_the_race;
use crate::{StorageError, Table};

/// A JWKS document and when the issuer gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeysCopy {
    /// The document, as it came.
    pub jwks: String,
    /// When it came.
    pub fetched_at: Instant,
}

/// Keeps the copy.
#[derive(Clone)]
pub struct IssuerKeys(pub(crate) Table);

impl IssuerKeys {
    /// The copy of this issuer's keys, if any function ever fetched them.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn copy(&self, issuer: &str) -> Result<Option<KeysCopy>, StorageError> {
        self.0.get(&Key::issuer(issuer)).await?.map(item::read).transpose()
    }

    /// Replaces the copy, unless it is younger already.
    ///
    /// An update and not a put: every function may do this, and only few may put items.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn keep(&self, issuer: &str, keys: &KeysCopy) -> Result<(), StorageError> {
        let Table { client, name } = &self.0;
        let update = client
            .update_item()
            .table_name(name)
            .set_key(Some(Key::issuer(issuer).attributes()))
            .update_expression("SET jwks = :jwks, fetchedAt = :at")
            .condition_expression("attribute_not_exists(fetchedAt) OR fetchedAt < :at")
            .expression_attribute_values(":jwks", AttributeValue::S(keys.jwks.clone()))
            .expression_attribute_values(":at", AttributeValue::S(keys.fetched_at.to_string()));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if lost_the_race(&error) => Ok(()),
            Err(error) => Err(StorageError::of(&error)),
        }
    }
}
