//! What a buyer's KYC status comes from, in one query whatever its history.

use domain::{Buyer, BuyerId, DocumentType, KycFacts, SellerId, VerificationFacts, ViesFacts};

use crate::buyers::BuyerItem;
use crate::document_list;
use crate::key::{Key, NOW, buyer_pk};
use crate::vies_checks::StandingItem;
use crate::{StorageError, Table};

/// Reads what is now, always of one seller's buyer.
#[derive(Clone)]
pub struct ReadKyc(pub(crate) Table);

impl ReadKyc {
    /// The buyer and the facts of its KYC. `None`: the seller has no such buyer.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn facts(&self, (seller, buyer): (SellerId, BuyerId)) -> Result<Option<(Buyer, KycFacts)>, StorageError> {
        let now = self.0.query_prefix(&buyer_pk(buyer), NOW).await?;
        let found = Key::buyer(buyer).find::<BuyerItem>(&now)?.map(|item| item.buyer);
        let Some(buyer) = found.filter(|buyer| buyer.seller == seller) else { return Ok(None) };
        let active: Vec<DocumentType> = document_list::active(&now)?.into_iter().map(|active| active.kind).collect();
        let standing = Key::vies(buyer.uuid).find::<StandingItem>(&now)?;
        let vies = standing.map_or_else(ViesFacts::default, |item| item.standing.facts());
        let verification = VerificationFacts::default();
        let facts = KycFacts { mode: buyer.business.kyc_mode, active, vies, verification };
        Ok(Some((buyer, facts)))
    }
}
