//! What operators do to a stack: create and show organisations, clients and sellers, and prove histories.
//!
//! The command line (`cargo operator`), the local stack's sandbox and the tests all go through [`Operator`],
//! so what is seeded is what an operator would have typed.

mod output;

use std::path::Path;
use std::{fs, io};

use aws::Aws;
use domain::{
    Actor, BrokenHistory, BuyerId, Cause, ClientId, Disclosure, DocumentId, Instant, Organisation, OrganisationId,
    PageSize, RequestId, Seller, SellerId, Source, WebhookId, webhook::EndpointRevision,
};
use objects::{Documents, ObjectsError};
use storage::{BuyerFilter, ExportedDocument, StorageError, Table};

pub use output::Shown;

/// Where the table is.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name: the stack's output `TableName`.
    pub table_name: String,
    /// Its region.
    pub region: String,
    /// An emulator's address; without it AWS is meant, with credentials from the environment.
    pub endpoint_url: Option<String>,
}

impl Target {
    /// The bucket of documents of that name, beside the table.
    ///
    /// # Errors
    /// When AWS is meant and the environment holds no credentials.
    pub fn documents(&self, bucket: &str) -> Result<Documents, OperatorError> {
        // It puts nothing there, so it needs no key.
        Ok(Documents::new(&self.aws()?, bucket, ""))
    }

    fn aws(&self) -> Result<Aws, OperatorError> {
        let aws = match &self.endpoint_url {
            Some(endpoint) => Aws::local(endpoint, &self.region),
            // An operator's machine may trust other roots than a function, a proxy's for instance.
            None => Aws::from_env()?.with_system_roots(),
        };
        Ok(aws.patient())
    }
}

/// An operator of one stack.
#[derive(Clone)]
pub struct Operator {
    table: Table,
}

/// Why an operator's command failed.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The table did not do it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// No credentials.
    #[error(transparent)]
    Credentials(#[from] aws::NotSet),
    /// The client is another organisation's.
    #[error("client {0} belongs to another organisation; revoke it there first")]
    Taken(ClientId),
    /// The bucket of documents did not do it.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// A file could not be written.
    #[error("the export cannot be written: {0}")]
    Files(#[from] io::Error),
    /// The organisation does not have its buyers monitored.
    #[error("organisation {0} does not monitor its buyers; put it with --monitor-vies first")]
    Unmonitored(OrganisationId),
    /// Nothing has that id.
    #[error("there is no {0}")]
    Unknown(String),
}

impl Operator {
    /// An operator of the stack with that table.
    ///
    /// # Errors
    /// When AWS is meant and the environment holds no credentials.
    pub fn connect(target: &Target) -> Result<Self, OperatorError> {
        Ok(Self::of(Table::new(&target.aws()?, &target.table_name)))
    }

    /// An operator of this table.
    #[must_use]
    pub const fn of(table: Table) -> Self {
        Self { table }
    }

    /// Creates or replaces an organisation.
    pub async fn put_organisation(&self, organisation: &Organisation) -> Result<(), OperatorError> {
        Ok(self.table.administration().put_organisation(organisation).await?)
    }

    /// The organisation with its sellers.
    pub async fn show(&self, organisation: OrganisationId) -> Result<Shown, OperatorError> {
        let callers = self.table.callers();
        let membership = callers.membership(organisation, None).await?;
        let organisation =
            membership.ok_or_else(|| OperatorError::Unknown(format!("organisation {organisation}")))?.organisation;
        let sellers = callers.sellers(organisation.uuid).await?;
        Ok(Shown { organisation, sellers })
    }

    /// Makes an API client the organisation's. The identity provider holds its secret; we never see it.
    pub async fn put_client(&self, client: &ClientId, organisation: OrganisationId) -> Result<(), OperatorError> {
        self.exists(organisation).await?;
        let put = self.table.administration().put_client(client, organisation).await?;
        if put { Ok(()) } else { Err(OperatorError::Taken(client.clone())) }
    }

    /// The organisation that an API client belongs to.
    pub async fn show_client(&self, client: &ClientId) -> Result<OrganisationId, OperatorError> {
        let found = self.table.callers().organisation_of(client).await?;
        found.ok_or_else(|| OperatorError::Unknown(format!("client {client}")))
    }

    /// Revokes an API client; effective within 60 s.
    pub async fn revoke_client(&self, client: &ClientId) -> Result<(), OperatorError> {
        let revoked = self.table.administration().revoke_client(client).await?;
        if revoked { Ok(()) } else { Err(OperatorError::Unknown(format!("client {client}"))) }
    }

    /// Lets the organisation act for a seller.
    pub async fn put_seller(&self, organisation: OrganisationId, seller: &Seller) -> Result<(), OperatorError> {
        self.exists(organisation).await?;
        Ok(self.table.administration().grant(organisation, seller).await?)
    }

    /// Ends that the organisation acts for a seller; effective within 60 s.
    pub async fn withdraw_seller(&self, organisation: OrganisationId, seller: SellerId) -> Result<(), OperatorError> {
        Ok(self.table.administration().withdraw(organisation, seller).await?)
    }

    /// Plans the daily VIES checks of every buyer of the organisation's sellers that was checked before and has none
    /// planned: for when monitoring was switched on. Done again, it plans those that are left. How many were planned.
    pub async fn plan_daily_checks(&self, organisation: OrganisationId) -> Result<usize, OperatorError> {
        let Shown { organisation, sellers } = self.show(organisation).await?;
        if !organisation.monitor_vies {
            return Err(OperatorError::Unmonitored(organisation.uuid));
        }
        let (lists, monitor, mut planned) = (self.table.list_buyers(), self.table.monitor_vies(), 0);
        for seller in sellers {
            let mut after = None;
            loop {
                let page = lists.page(seller.uuid, BuyerFilter::default(), after, PageSize::MOST).await?;
                for buyer in page.items {
                    planned += usize::from(monitor.plan(buyer.uuid, storage::now()).await?);
                }
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(planned)
    }

    /// Walks a buyer's history: the number of its revisions, or where it stops being trustworthy.
    pub async fn verify_history(&self, buyer: BuyerId) -> Result<Result<u64, BrokenHistory>, OperatorError> {
        let verified = self.table.histories().verify(buyer).await?;
        verified.ok_or_else(|| OperatorError::Unknown(format!("buyer {buyer}")))
    }

    /// Who was shown personal data of the buyer between two instants, the first included and the second not.
    pub async fn disclosures(
        &self,
        buyer: BuyerId,
        from: Instant,
        until: Instant,
    ) -> Result<Vec<Disclosure>, OperatorError> {
        Ok(self.table.disclosures().of(buyer, (from, until)).await?)
    }

    /// Every change of a webhook endpoint, or of all that the organisation ever had, deleted ones included.
    pub async fn webhook_history(
        &self,
        organisation: OrganisationId,
        webhook: Option<&WebhookId>,
    ) -> Result<Vec<EndpointRevision>, OperatorError> {
        let history = self.table.webhook_histories().of(organisation, webhook).await?;
        match webhook {
            Some(webhook) if history.is_empty() => Err(OperatorError::Unknown(format!("webhook endpoint {webhook}"))),
            _ => Ok(history),
        }
    }

    /// Erases a document: its bytes, in every version, and its name; hash, dates and the reason stay. Done again, it
    /// finishes what was interrupted. How many versions of the bytes there were.
    pub async fn erase_document(
        &self,
        documents: &Documents,
        (buyer, document): (BuyerId, DocumentId),
        reason: &str,
    ) -> Result<usize, OperatorError> {
        let found = self.table.export_buyers().buyer(buyer).await?;
        let found = found.ok_or_else(|| OperatorError::Unknown(format!("buyer {buyer}")))?;
        let actor = Actor::System { function: "operator".to_owned() };
        let cause = Cause { actor, source: Source::System, request_id: RequestId::fresh(), at: storage::now() };
        let erased = self.table.erase_documents().erase((found.seller, buyer), document, reason, &cause).await?;
        let object = erased.ok_or_else(|| OperatorError::Unknown(format!("document {document}")))?;
        let versions = documents.erase(&object).await?;
        self.erase_strays(documents, buyer, cause.at.plus_seconds(-24 * 60 * 60)).await?;
        Ok(versions)
    }

    /// Erases bytes of a buyer that no record names and that are older than that: copies that a request left which ended
    /// between its bytes and its record. How many versions there were.
    pub async fn erase_strays(
        &self,
        documents: &Documents,
        buyer: BuyerId,
        older_than: Instant,
    ) -> Result<usize, OperatorError> {
        let export = self.table.export_buyers().export(buyer, storage::now()).await?;
        let export = export.ok_or_else(|| OperatorError::Unknown(format!("buyer {buyer}")))?;
        let named: Vec<_> = export.documents.iter().map(|document| document.object.as_str()).collect();
        Ok(documents.erase_strays(buyer, &named, older_than).await?)
    }

    /// Writes all that is kept about a buyer into a folder: `buyer.json`, and a file for each document that was not
    /// erased. How many files.
    pub async fn export_buyer(
        &self,
        documents: &Documents,
        buyer: BuyerId,
        folder: &Path,
    ) -> Result<usize, OperatorError> {
        let export = self.table.export_buyers().export(buyer, storage::now()).await?;
        let export = export.ok_or_else(|| OperatorError::Unknown(format!("buyer {buyer}")))?;
        fs::create_dir_all(folder)?;
        fs::write(folder.join("buyer.json"), serde_json::to_vec_pretty(&export).map_err(io::Error::other)?)?;
        let mut files = 1;
        for ExportedDocument { document, object } in &export.documents {
            if document.erased_at.is_none() {
                let extension = document.content_type.rsplit('/').next().unwrap_or_default();
                let name = format!("{}-{}.{extension}", document.kind, document.uuid);
                fs::write(folder.join(name), documents.read(object).await?)?;
                files += 1;
            }
        }
        Ok(files)
    }

    async fn exists(&self, organisation: OrganisationId) -> Result<(), OperatorError> {
        let found = self.table.callers().membership(organisation, None).await?;
        found.map(drop).ok_or_else(|| OperatorError::Unknown(format!("organisation {organisation}")))
    }
}
