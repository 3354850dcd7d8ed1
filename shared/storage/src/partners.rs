//! Who acts for a seller.

use domain::{Organisation, OrganisationId, Seller, SellerId};

use crate::item;
use crate::key::{Key, partner_pk};
use crate::{StorageError, Table};

/// Reads who acts for a seller. Reads are consistent.
#[derive(Clone)]
pub struct Partners(pub(crate) Table);

/// An organisation that acts for a seller, and the seller as that organisation registered it.
pub struct Partner {
    /// The organisation.
    pub organisation: Organisation,
    /// The seller.
    pub seller: Seller,
}

impl Partners {
    /// Every organisation that acts for the seller, by id. A handful: two calls.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn of(&self, seller: SellerId) -> Result<Vec<Partner>, StorageError> {
        let sides = self.0.query_prefix(&partner_pk(seller), "ORG#").await?;
        let mut sellers = Vec::with_capacity(sides.len());
        for side in sides {
            let id = side.get("sk").and_then(|sk| sk.as_s().ok()).and_then(|sk| sk.strip_prefix("ORG#"));
            let id = id.and_then(|id| id.parse::<OrganisationId>().ok());
            let id = id.ok_or_else(|| StorageError::Unreadable("a key of who acts for a seller".to_owned()))?;
            sellers.push((Key::organisation(id), item::read::<Seller>(side)?));
        }
        let mut partners = Vec::with_capacity(sellers.len());
        // As many as one call takes.
        for some in sellers.chunks(100) {
            let found = self.0.batch_get(some.iter().map(|(key, _)| key)).await?;
            for (key, seller) in some {
                // Withdrawn or not written yet: one side is there a moment before the other is read.
                let organisation = key.find::<Organisation>(&found)?;
                partners.extend(organisation.map(|organisation| Partner { organisation, seller: seller.clone() }));
            }
        }
        Ok(partners)
    }
}
