//! Histories, for auditors.

use domain::{BrokenHistory, Buyer, BuyerId, History};

use crate::item::{self, Item, RevisionItem};
use crate::key::{Key, REVISION, buyer_pk};
use crate::{StorageError, Table};

/// Reads and verifies histories.
#[derive(Clone)]
pub struct Histories(pub(crate) Table);

impl Histories {
    /// Walks a buyer's history from its first revision to the buyer as it is now: how many revisions it
    /// has, or where it stops being trustworthy.
    ///
    /// Revisions are read before the buyer, so a change at the same moment may have moved the buyer on beyond
    /// them; then all is read once more. A buyer that stays *behind* its revisions was put back.
    ///
    /// # Errors
    /// [`StorageError`]; a broken history is not an error but the answer. `None`: no such buyer and no revision.
    pub async fn verify(&self, buyer: BuyerId) -> Result<Option<Result<u64, BrokenHistory>>, StorageError> {
        let mut verified = None;
        for _ in 0..ATTEMPTS {
            let items = self.0.query_prefix(&buyer_pk(buyer), REVISION).await?;
            let Some(current) = self.buyer(buyer).await? else {
                return Ok((!items.is_empty()).then_some(Err(BrokenHistory::Foreign(0))));
            };
            let known = items.len() as u64;
            verified = Some(walk(&current, items)?);
            if current.seq < known {
                break;
            }
        }
        Ok(verified)
    }

    async fn buyer(&self, buyer: BuyerId) -> Result<Option<Buyer>, StorageError> {
        self.0.get(&Key::buyer(buyer)).await?.map(item::read).transpose()
    }
}

/// How often a history is read that grows while it is read.
const ATTEMPTS: usize = 3;

fn walk(current: &Buyer, items: Vec<Item>) -> Result<Result<u64, BrokenHistory>, StorageError> {
    let mut history = History::of(current.uuid);
    for item in items {
        let revision: RevisionItem = item::read(item)?;
        if let Err(broken) = history.follow(&revision.link, &revision.personal) {
            return Ok(Err(broken));
        }
    }
    Ok(history.arrive(current).map(|()| current.seq + 1))
}
