//! The buyers of a seller, newest first.

use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Buyer, BuyerId, BuyerStatus, Instant, KycMode, Page, PageSize, SellerId};

use crate::buyers::BuyerItem;
use crate::item::{self, Item};
use crate::key::{Key, seller_pk};
use crate::{StorageError, Table};

/// Lists buyers, always of one seller. The index follows the table within a moment.
#[derive(Clone)]
pub struct ListBuyers(pub(crate) Table);

/// Which buyers to list; `None` for any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BuyerFilter {
    /// Of this status.
    pub status: Option<BuyerStatus>,
    /// Of this KYC mode.
    pub kyc_mode: Option<KycMode>,
}

/// The last buyer of a page. Opaque to clients; it holds nothing that they did not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListCursor {
    pub(crate) created_at: Instant,
    pub(crate) buyer: BuyerId,
}

impl ListBuyers {
    /// A page of the seller's buyers, from the newest or from the one after the cursor's.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn page(
        &self,
        seller: SellerId,
        filter: BuyerFilter,
        after: Option<ListCursor>,
        size: PageSize,
    ) -> Result<Page<Buyer, ListCursor>, StorageError> {
        let mut query = self
            .0
            .client
            .query()
            .table_name(&self.0.name)
            .index_name("by-seller")
            .key_condition_expression("listedUnder = :seller")
            .expression_attribute_values(":seller", AttributeValue::S(seller_pk(seller)))
            .scan_index_forward(false)
            .limit(size.get().into())
            .set_exclusive_start_key(after.map(|cursor| cursor.start_key(seller)));
        let mut conditions = Vec::new();
        for (name, value) in filter.values()? {
            conditions.push(format!("#{name} = :{name}"));
            query = query
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        query = query.set_filter_expression((!conditions.is_empty()).then(|| conditions.join(" AND ")));
        let page = query.send().await.map_err(|error| StorageError::of(&error))?;
        let items = page.items.unwrap_or_default().into_iter().map(|item| Ok(item::read::<BuyerItem>(item)?.buyer));
        let next = page.last_evaluated_key.map(|last| ListCursor::read(&last)).transpose()?;
        Ok(Page { items: items.collect::<Result<_, StorageError>>()?, next })
    }
}

impl BuyerFilter {
    fn values(self) -> Result<Vec<(&'static str, AttributeValue)>, StorageError> {
        let mut values = Vec::new();
        if let Some(status) = self.status {
            values.push(("status", serde_dynamo::to_attribute_value(status)?));
        }
        if let Some(kyc_mode) = self.kyc_mode {
            values.push(("kycMode", serde_dynamo::to_attribute_value(kyc_mode)?));
        }
        Ok(values)
    }
}

impl ListCursor {
    /// The sort key of the index.
    pub(crate) fn created(&self) -> String {
        format!("{}#{}", self.created_at, self.buyer)
    }

    /// The seller comes from the request and not from the cursor: it leads nowhere else.
    fn start_key(self, seller: SellerId) -> Item {
        let mut key = Key::buyer(self.buyer).attributes();
        key.insert("listedUnder".to_owned(), AttributeValue::S(seller_pk(seller)));
        key.insert("created".to_owned(), AttributeValue::S(self.created()));
        key
    }

    fn read(last: &Item) -> Result<Self, StorageError> {
        let created = last.get("created").and_then(|value| value.as_s().ok());
        let cursor = created.and_then(|created| Self::parse(created));
        cursor.ok_or_else(|| StorageError::Unreadable("a key of the index by-seller".to_owned()))
    }

    fn parse(created: &str) -> Option<Self> {
        let (created_at, buyer) = created.split_once('#')?;
        Some(Self { created_at: created_at.parse().ok()?, buyer: buyer.parse().ok()? })
    }
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.created()))
    }
}

impl FromStr for ListCursor {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let decoded = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.and_then(|created| Self::parse(&created)).ok_or("must be a `nextCursor` of this list")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_as_it_is_written_and_nothing_else_is_one() {
        let cursor = ListCursor { created_at: Instant::from_millis(7), buyer: BuyerId(uuid::Uuid::from_u128(1)) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "x", "AAAA", "../../etc"] {
            assert!(text.parse::<ListCursor>().is_err(), "{text}");
        }
    }
}
