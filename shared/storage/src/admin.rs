//! Organisations, clients and sellers: written by operators, read by every request.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::{ClientId, Organisation, OrganisationId, Seller, SellerId};

use crate::callers::ClientItem;
use crate::item::{self, Item};
use crate::key::Key;
use crate::transaction::{self, Condition, Outcome};
use crate::{StorageError, Table};

/// Writes organisations, clients and who acts for whom. Changes reach functions within 60 s.
#[derive(Clone)]
pub struct Administration(pub(crate) Table);

impl Administration {
    /// Creates or replaces an organisation.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn put_organisation(&self, organisation: &Organisation) -> Result<(), StorageError> {
        self.0.put(item::write(&Key::organisation(organisation.uuid), organisation)?).await
    }

    /// Makes a client one of an organisation's; `false` when it is another organisation's already.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn put_client(&self, client: &ClientId, organisation: OrganisationId) -> Result<bool, StorageError> {
        let item = item::write(&Key::client(client), &ClientItem { organisation })?;
        let ours = [(":organisation", AttributeValue::S(organisation.to_string()))];
        let of_another =
            self.0.put_if(item, ("attribute_not_exists(pk) OR organisation = :organisation", &ours)).await?;
        Ok(of_another.is_none())
    }

    /// Revokes a client: its tokens are refused within 60 s. `false` when there was no such client.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn revoke_client(&self, client: &ClientId) -> Result<bool, StorageError> {
        let delete = self
            .0
            .client
            .delete_item()
            .table_name(&self.0.name)
            .set_key(Some(Key::client(client).attributes()))
            .return_values(ReturnValue::AllOld);
        let answer = delete.send().await.map_err(|error| StorageError::of(&error))?;
        Ok(answer.attributes.is_some())
    }

    /// Lets an organisation act for a seller; seen from both sides at once.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn grant(&self, organisation: OrganisationId, seller: &Seller) -> Result<(), StorageError> {
        let keys = [Key::membership(organisation, seller.uuid), Key::partner(seller.uuid, organisation)];
        let put = |key: &Key| Ok::<_, StorageError>(transaction::put(&self.0, item::write(key, seller)?, None));
        let actions = keys.iter().map(put).collect::<Result<_, _>>()?;
        self.commit(actions).await
    }

    /// Ends that an organisation acts for a seller.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn withdraw(&self, organisation: OrganisationId, seller: SellerId) -> Result<(), StorageError> {
        let keys = [Key::membership(organisation, seller), Key::partner(seller, organisation)];
        let actions = keys.iter().map(|key| transaction::delete(&self.0, key, None)).collect();
        self.commit(actions).await
    }

    async fn commit(&self, actions: Vec<TransactWriteItem>) -> Result<(), StorageError> {
        match transaction::commit(&self.0, actions).await? {
            Outcome::Committed => Ok(()),
            Outcome::Conflict(_) => Err(StorageError::Refused("an unconditional write met a condition".to_owned())),
        }
    }
}

impl Table {
    /// Puts one item if the condition is met; answers what stood there instead if it is not.
    pub(crate) async fn put_if(
        &self,
        item: Item,
        (expression, values): Condition<'_>,
    ) -> Result<Option<Item>, StorageError> {
        let mut put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(expression)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in values {
            put = put.expression_attribute_values(*name, value.clone());
        }
        let mut last = StorageError::Contended("never sent".to_owned());
        for attempt in 0..transaction::ATTEMPTS {
            transaction::pause(attempt).await;
            let Err(error) = put.clone().send().await else { return Ok(None) };
            match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    return Ok(Some(failed.item().cloned().unwrap_or_default()));
                }
                Some(PutItemError::TransactionConflictException(conflict)) => {
                    last = StorageError::Contended(conflict.to_string());
                }
                _ => return Err(StorageError::of(&error)),
            }
        }
        Err(last)
    }

    /// Puts one item, whatever stood there.
    pub(crate) async fn put(&self, item: Item) -> Result<(), StorageError> {
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        put.send().await.map(drop).map_err(|error| StorageError::of(&error))
    }
}
