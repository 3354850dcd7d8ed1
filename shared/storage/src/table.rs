//! The table and the doors into it.

use aws::{Aws, NotSet, required};
use aws_sdk_dynamodb::Client;
use domain::Instant;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    Administration, Callers, CreateBuyers, Disclosures, EraseDocuments, ExportBuyers, Histories, IssuerKeys, KeysCopy,
    Limits, ListBuyers, ModifyBuyers, ModifyContacts, ModifyDocuments, ModifyWebhooks, MonitorVies, NoteDisclosures,
    OrderDeliveries, Outbox, Partners, ReadBuyers, ReadContacts, ReadDeliveries, ReadDocuments, ReadKyc, ReadUploads,
    ReadViesChecks, ReadWebhooks, RecordDeliveries, RegisterUploads, RegisterWebhooks, ReleaseHeldDeliveries,
    RequestViesChecks, SendMails, StartUploads, StorageError, WebhookHistories, WorkOnDeliveries, WorkOnViesChecks,
};

/// The table `onboarding`. Cheap to clone; hands out one narrow type per purpose.
#[derive(Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Table {
    /// The table of that name, without touching it.
    #[must_use]
    pub fn new(aws: &Aws, name: &str) -> Self {
        Self { client: Client::new(aws.config()), name: name.to_owned() }
    }

    /// The table of that name, with an open connection, and the copy of the issuer's keys: the TLS handshake
    /// and the first read happen now, while Lambda starts us at full speed, and not in the first request.
    ///
    /// A failure is not the end: the first request will meet it again and answer for it.
    pub async fn connected(aws: Aws, name: &str, issuer: &str) -> (Self, Aws, Option<KeysCopy>) {
        let table = Self::new(&aws, name);
        match table.issuer_keys().copy(issuer).await {
            Ok(copy) => (table, aws, copy),
            Err(StorageError::Unreachable) => {
                let trusting = aws.with_system_roots();
                let table = Self::new(&trusting, name);
                let copy = table.issuer_keys().copy(issuer).await;
                (table, trusting, copy.unwrap_or_default())
            }
            Err(_) => (table, aws, None),
        }
    }

    /// The table that a worker's environment names (`TABLE_NAME`), and how it reaches AWS: with the certificates that are
    /// known, or the system's if what stands at the endpoint is not trusted by them. One call to the table; what it answers
    /// does not matter.
    ///
    /// # Errors
    /// When a variable is missing.
    pub async fn of_worker() -> Result<(Self, Aws), NotSet> {
        let (name, aws) = (required("TABLE_NAME")?, Aws::from_env()?);
        let aws = match Self::new(&aws, &name).issuer_keys().copy("").await {
            Err(StorageError::Unreachable) => aws.with_system_roots(),
            _ => aws,
        };
        Ok((Self::new(&aws, &name), aws))
    }

    /// Who calls.
    #[must_use]
    pub fn callers(&self) -> Callers {
        Callers(self.clone())
    }

    /// How often they called of late: the table `limits`, by its name.
    #[must_use]
    pub fn limits(&self, name: &str) -> Limits {
        Limits::beside(self, name)
    }

    /// The copy of an issuer's keys.
    #[must_use]
    pub fn issuer_keys(&self) -> IssuerKeys {
        IssuerKeys(self.clone())
    }

    /// Buyers, to read.
    #[must_use]
    pub fn read_buyers(&self) -> ReadBuyers {
        ReadBuyers(self.clone())
    }

    /// Buyers, to list.
    #[must_use]
    pub fn list_buyers(&self) -> ListBuyers {
        ListBuyers(self.clone())
    }

    /// Buyers, to create.
    #[must_use]
    pub fn create_buyers(&self) -> CreateBuyers {
        CreateBuyers(self.clone())
    }

    /// Buyers, to change.
    #[must_use]
    pub fn modify_buyers(&self) -> ModifyBuyers {
        ModifyBuyers(self.clone())
    }

    /// Contact persons, to read.
    #[must_use]
    pub fn read_contacts(&self) -> ReadContacts {
        ReadContacts(self.clone())
    }

    /// Contact persons, to add, change and erase.
    #[must_use]
    pub fn modify_contacts(&self) -> ModifyContacts {
        ModifyContacts(self.clone())
    }

    /// The log of who was shown personal data, to write.
    #[must_use]
    pub fn note_disclosures(&self) -> NoteDisclosures {
        NoteDisclosures(self.clone())
    }

    /// The log of who was shown personal data, to read.
    #[must_use]
    pub fn disclosures(&self) -> Disclosures {
        Disclosures(self.clone())
    }

    /// Documents, to read.
    #[must_use]
    pub fn read_documents(&self) -> ReadDocuments {
        ReadDocuments(self.clone())
    }

    /// Documents, to add and archive.
    #[must_use]
    pub fn modify_documents(&self) -> ModifyDocuments {
        ModifyDocuments(self.clone())
    }

    /// Documents, to erase.
    #[must_use]
    pub fn erase_documents(&self) -> EraseDocuments {
        EraseDocuments(self.clone())
    }

    /// All that is kept about a buyer.
    #[must_use]
    pub fn export_buyers(&self) -> ExportBuyers {
        ExportBuyers(self.clone())
    }

    /// Direct uploads, to announce.
    #[must_use]
    pub fn start_uploads(&self) -> StartUploads {
        StartUploads(self.clone())
    }

    /// Direct uploads, to read.
    #[must_use]
    pub fn read_uploads(&self) -> ReadUploads {
        ReadUploads(self.clone())
    }

    /// Direct uploads whose bytes have arrived, to register.
    #[must_use]
    pub fn register_uploads(&self) -> RegisterUploads {
        RegisterUploads(self.clone())
    }

    /// Webhook endpoints, to read.
    #[must_use]
    pub fn read_webhooks(&self) -> ReadWebhooks {
        ReadWebhooks(self.clone())
    }

    /// Webhook endpoints, to register.
    #[must_use]
    pub fn register_webhooks(&self) -> RegisterWebhooks {
        RegisterWebhooks(self.clone())
    }

    /// Webhook endpoints, to change and delete.
    #[must_use]
    pub fn modify_webhooks(&self) -> ModifyWebhooks {
        ModifyWebhooks(self.clone())
    }

    /// What ever changed of webhook endpoints, to read.
    #[must_use]
    pub fn webhook_histories(&self) -> WebhookHistories {
        WebhookHistories(self.clone())
    }

    /// What KYC statuses come from, to read.
    #[must_use]
    pub fn read_kyc(&self) -> ReadKyc {
        ReadKyc(self.clone())
    }

    /// Checks against VIES, to request.
    #[must_use]
    pub fn request_vies_checks(&self) -> RequestViesChecks {
        RequestViesChecks(self.clone())
    }

    /// Checks against VIES, to read.
    #[must_use]
    pub fn read_vies_checks(&self) -> ReadViesChecks {
        ReadViesChecks(self.clone())
    }

    /// Checks against VIES, to work on.
    #[must_use]
    pub fn work_on_vies_checks(&self) -> WorkOnViesChecks {
        WorkOnViesChecks(self.clone())
    }

    /// Daily checks against VIES.
    #[must_use]
    pub fn monitor_vies(&self) -> MonitorVies {
        MonitorVies(self.clone())
    }

    /// Who acts for a seller.
    #[must_use]
    pub fn partners(&self) -> Partners {
        Partners(self.clone())
    }

    /// Histories, to read and verify.
    #[must_use]
    pub fn histories(&self) -> Histories {
        Histories(self.clone())
    }

    /// Effects that wait to be sent.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        Outbox(self.clone())
    }

    /// Mails to organisations, to send.
    #[must_use]
    pub fn send_mails(&self) -> SendMails {
        SendMails(self.clone())
    }

    /// Deliveries to webhook endpoints, to record.
    #[must_use]
    pub fn record_deliveries(&self) -> RecordDeliveries {
        RecordDeliveries(self.clone())
    }

    /// Deliveries to webhook endpoints, to read.
    #[must_use]
    pub fn read_deliveries(&self) -> ReadDeliveries {
        ReadDeliveries(self.clone())
    }

    /// Deliveries to webhook endpoints, to order.
    #[must_use]
    pub fn order_deliveries(&self) -> OrderDeliveries {
        OrderDeliveries(self.clone())
    }

    /// Deliveries to webhook endpoints, to work on.
    #[must_use]
    pub fn work_on_deliveries(&self) -> WorkOnDeliveries {
        WorkOnDeliveries(self.clone())
    }

    /// Deliveries that were held or failed, to send on.
    #[must_use]
    pub fn release_deliveries(&self) -> ReleaseHeldDeliveries {
        ReleaseHeldDeliveries(self.clone())
    }

    /// Organisations, clients and sellers, to write.
    #[must_use]
    pub fn administration(&self) -> Administration {
        Administration(self.clone())
    }
}

/// The time, at the edge where the domain gets it from.
///
/// # Panics
/// When the machine's clock stands before 1970.
#[must_use]
pub fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock stands after 1970");
    Instant::from_millis(since.as_millis() as i64)
}
