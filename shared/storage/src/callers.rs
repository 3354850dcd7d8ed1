//! Who calls: client → organisation → sellers.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use domain::{ClientId, Organisation, OrganisationId, Seller, SellerId};
use serde::{Deserialize, Serialize};

use crate::item::{self, Item};
use crate::key::{Key, organisation_pk};
use crate::{StorageError, Table};

/// An API client's item.
#[derive(Serialize, Deserialize)]
pub(crate) struct ClientItem {
    pub(crate) organisation: OrganisationId,
}

/// An organisation, and whether it acts for the seller asked about.
pub struct Membership {
    /// The organisation.
    pub organisation: Organisation,
    /// The seller, when the organisation may act for it.
    pub seller: Option<Seller>,
}

/// Reads who calls. Reads are consistent, so that what is cached is never older than its age in the cache.
#[derive(Clone)]
pub struct Callers(pub(crate) Table);

impl Callers {
    /// The organisation that a client belongs to.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn organisation_of(&self, client: &ClientId) -> Result<Option<OrganisationId>, StorageError> {
        let found = self.0.get(&Key::client(client)).await?;
        Ok(found.map(item::read::<ClientItem>).transpose()?.map(|client| client.organisation))
    }

    /// An organisation, and the seller if it acts for it, in one call.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn membership(
        &self,
        organisation: OrganisationId,
        seller: Option<SellerId>,
    ) -> Result<Option<Membership>, StorageError> {
        let organisation_key = Key::organisation(organisation);
        let seller_key = seller.map(|seller| Key::membership(organisation, seller));
        let keys = std::iter::once(&organisation_key).chain(&seller_key);
        let mut found = self.0.batch_get(keys).await?;
        let mut take = |key: &Key| {
            let place = found.iter().position(|item| item.get("sk") == Some(&AttributeValue::S(key.sk.clone())))?;
            Some(found.swap_remove(place))
        };
        let seller = seller_key.as_ref().and_then(&mut take).map(item::read).transpose()?;
        let Some(organisation) = take(&organisation_key) else { return Ok(None) };
        Ok(Some(Membership { organisation: item::read(organisation)?, seller }))
    }

    /// Of at most a hundred sellers, none twice, those that the organisation acts for, in no order.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn acts_for(
        &self,
        organisation: OrganisationId,
        sellers: &[SellerId],
    ) -> Result<Vec<SellerId>, StorageError> {
        if sellers.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = sellers.iter().map(|seller| Key::membership(organisation, *seller)).collect();
        let found = self.0.batch_get(keys.iter()).await?;
        found.into_iter().map(|item| Ok(item::read::<Seller>(item)?.uuid)).collect()
    }

    /// Every seller that an organisation acts for, by id.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn sellers(&self, organisation: OrganisationId) -> Result<Vec<Seller>, StorageError> {
        let items = self.0.query_prefix(&organisation_pk(organisation), crate::key::MEMBERSHIP).await?;
        items.into_iter().map(item::read).collect()
    }
}

impl Table {
    /// One item, read consistently.
    pub(crate) async fn get(&self, key: &Key) -> Result<Option<Item>, StorageError> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key.attributes())).consistent_read(true);
        let answer = get.send().await.map_err(|error| StorageError::of(&error))?;
        Ok(answer.item)
    }

    /// Several items in one call, read consistently, in no order.
    pub(crate) async fn batch_get<'k>(&self, keys: impl Iterator<Item = &'k Key>) -> Result<Vec<Item>, StorageError> {
        let wanted =
            keys.fold(KeysAndAttributes::builder().consistent_read(true), |wanted, key| wanted.keys(key.attributes()));
        let wanted = wanted.build().map_err(|error| StorageError::Refused(error.to_string()))?;
        let mut pending = HashMap::from([(self.name.clone(), wanted)]);
        let mut found = Vec::new();
        // Keys come back unprocessed only when the table is overloaded.
        for _ in 0..3 {
            let get = self.client.batch_get_item().set_request_items(Some(pending));
            let answer = get.send().await.map_err(|error| StorageError::of(&error))?;
            found.extend(answer.responses.into_iter().flat_map(HashMap::into_values).flatten());
            match answer.unprocessed_keys.filter(|keys| !keys.is_empty()) {
                Some(rest) => pending = rest,
                None => return Ok(found),
            }
        }
        Err(StorageError::Unavailable("the table leaves keys unprocessed".to_owned()))
    }

    /// All items of a partition whose sort key begins so, in order, read consistently.
    pub(crate) async fn query_prefix(&self, pk: &str, prefix: &str) -> Result<Vec<Item>, StorageError> {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.name)
                .consistent_read(true)
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
                .set_exclusive_start_key(from);
            let page = query.send().await.map_err(|error| StorageError::of(&error))?;
            found.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }
}
