//! The copy of the issuer's keys: a cold function can verify tokens while the issuer is down.

use domain::Instant;
use serde::{Deserialize, Serialize};

use crate::item;
use crate::key::Key;
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

    /// Replaces the copy.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn keep(&self, issuer: &str, keys: &KeysCopy) -> Result<(), StorageError> {
        self.0.put(item::write(&Key::issuer(issuer), keys)?).await
    }
}

impl Table {
    /// Puts one item, whatever stood there.
    pub(crate) async fn put(&self, item: item::Item) -> Result<(), StorageError> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.map(drop).map_err(|error| StorageError::of(&error))
    }
}
