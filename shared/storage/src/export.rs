//! All that is kept about a buyer, for whoever has a right to it.

use domain::{Buyer, BuyerId, Contact, Disclosure, Document, Instant, Personal, Revision, ViesCheck};
use serde::Serialize;

use crate::buyers::BuyerItem;
use crate::contacts::ContactItem;
use crate::documents::DocumentItem;
use crate::item::{self, RevisionItem};
use crate::key::{CONTACT, DOCUMENT, Key, REVISION, VIES_CHECK, buyer_pk};
use crate::vies_checks::CheckItem;
use crate::{Disclosures, StorageError, Table};

/// Exports buyers, for operators.
#[derive(Clone)]
pub struct ExportBuyers(pub(crate) Table);

/// All that is kept about a buyer but the bytes of its documents. Holds personal data.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// The buyer.
    pub buyer: Buyer,
    /// Its contact persons.
    pub contacts: Vec<Contact>,
    /// Its documents.
    pub documents: Vec<ExportedDocument>,
    /// The checks of its VAT number, oldest first, with the registered name and address as VIES told them.
    pub vies_checks: Vec<ViesCheck>,
    /// Its history, with the personal data beside it.
    pub history: Vec<ExportedRevision>,
    /// Who was shown its personal data.
    pub disclosures: Vec<Disclosure>,
}

/// A document, and where its bytes are.
#[derive(Serialize)]
pub struct ExportedDocument {
    /// Its record.
    #[serde(flatten)]
    pub document: Document,
    /// The key in the bucket of documents.
    pub object: String,
}

/// A revision with its personal data.
#[derive(Serialize)]
pub struct ExportedRevision {
    /// As hashed.
    #[serde(flatten)]
    pub revision: Revision,
    /// Beside the hashed bytes, as far as it was not erased.
    #[serde(skip_serializing_if = "Personal::is_empty")]
    pub personal: Personal,
}

impl ExportBuyers {
    /// The buyer, whichever seller's it is.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn buyer(&self, buyer: BuyerId) -> Result<Option<Buyer>, StorageError> {
        let found = self.0.get(&Key::buyer(buyer)).await?.map(item::read::<BuyerItem>).transpose()?;
        Ok(found.map(|item| item.buyer))
    }

    /// All that is kept about the buyer. `None`: there is no such buyer.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn export(&self, buyer: BuyerId, now: Instant) -> Result<Option<Export>, StorageError> {
        let Some(found) = self.buyer(buyer).await? else { return Ok(None) };
        let partition = buyer_pk(buyer);
        let contacts = self.0.query_prefix(&partition, CONTACT).await?.into_iter();
        let documents = self.0.query_prefix(&partition, DOCUMENT).await?.into_iter();
        let checks = self.0.query_prefix(&partition, VIES_CHECK).await?.into_iter();
        let history = self.0.query_prefix(&partition, REVISION).await?.into_iter();
        Ok(Some(Export {
            buyer: found,
            contacts: contacts
                .map(|item| Ok(item::read::<ContactItem>(item)?.contact))
                .collect::<Result<_, StorageError>>()?,
            documents: documents
                .map(|item| {
                    let DocumentItem { document, object } = item::read(item)?;
                    Ok(ExportedDocument { document, object })
                })
                .collect::<Result<_, StorageError>>()?,
            vies_checks: checks
                .map(|item| Ok(item::read::<CheckItem>(item)?.check))
                .collect::<Result<_, StorageError>>()?,
            history: history
                .map(|item| {
                    let item: RevisionItem = item::read(item)?;
                    Ok(ExportedRevision { revision: item.revision()?, personal: item.personal })
                })
                .collect::<Result<_, StorageError>>()?,
            disclosures: Disclosures(self.0.clone()).of(buyer, (Instant::from_millis(0), now.plus_seconds(60))).await?,
        }))
    }
}
