//! Histories, for auditors.

use domain::{BrokenHistory, Buyer, BuyerId, History};

use crate::item::{self, RevisionItem};
use crate::key::{REVISION, buyer_pk};
use crate::{StorageError, Table};

/// Reads and verifies histories.
#[derive(Clone)]
pub struct Histories(pub(crate) Table);

impl Histories {
    /// Walks a buyer's history from its first revision to the buyer as it is now: how many revisions it
    /// has, or where it stops being trustworthy.
    ///
    /// The buyer is read before the revisions and only those up to its `seq` are walked, so that a change
    /// at the same moment is no finding.
    ///
    /// # Errors
    /// [`StorageError`]; a broken history is not an error but the answer. `None`: no such buyer and no revision.
    pub async fn verify(&self, buyer: BuyerId) -> Result<Option<Result<u64, BrokenHistory>>, StorageError> {
        let current = self.buyer(buyer).await?;
        let items = self.0.query_prefix(&buyer_pk(buyer), REVISION).await?;
        let Some(current) = current else {
            return Ok((!items.is_empty()).then_some(Err(BrokenHistory::Foreign(0))));
        };
        let mut history = History::of(buyer);
        for item in items {
            let revision: RevisionItem = item::read(item)?;
            if revision.link.seq > current.seq {
                break;
            }
            if let Err(broken) = history.follow(&revision.link, &revision.personal) {
                return Ok(Some(Err(broken)));
            }
        }
        Ok(Some(history.arrive(&current).map(|()| current.seq + 1)))
    }

    async fn buyer(&self, buyer: BuyerId) -> Result<Option<Buyer>, StorageError> {
        self.0.get(&crate::key::Key::buyer(buyer)).await?.map(item::read).transpose()
    }
}
