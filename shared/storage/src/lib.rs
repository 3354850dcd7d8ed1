//! The table `onboarding`, and the small table `limits` beside it: the only place that knows DynamoDB.
//!
//! A handler never sees a key, an item or an SDK type. It gets one of the narrow types of this crate, each
//! of which can do just what the function's IAM role may do: [`ReadBuyers`] has no method that writes.
//! There are two shapes of write, both ending in one transaction that carries entity, revision and receipt:
//! *create* ([`CreateBuyers`]) is blind, *modify* ([`ModifyBuyers`]) reads once, decides, and is conditioned on the
//! `seq` it read.

mod admin;
mod buyers;
mod callers;
mod contacts;
mod deliveries;
mod delivery_list;
mod delivery_orders;
mod delivery_release;
mod delivery_work;
mod disclosures;
mod document_erasure;
mod document_list;
mod documents;
mod error;
mod export;
mod history;
mod issuer;
mod item;
mod key;
mod kyc;
mod limits;
mod list;
mod mails;
mod modify;
mod outbox;
mod partners;
mod receipt;
mod table;
mod transaction;
mod uploads;
mod vies_checks;
mod vies_monitoring;
mod vies_work;
mod webhook_changes;
mod webhook_health;
mod webhooks;

pub use admin::Administration;
pub use buyers::{CreateBuyers, ReadBuyers, Upserted};
pub use callers::{Callers, Membership};
pub use contacts::{ContactModified, ContactRefusal, ModifyContacts, ReadContacts};
pub use deliveries::{RecordDeliveries, Recorded, SentBy, Watched};
pub use delivery_list::{DeliveryFilter, DeliveryPage, ReadDeliveries};
pub use delivery_orders::{OrderDeliveries, Ordered, Subject};
pub use delivery_release::{Again, ReleaseHeldDeliveries};
pub use delivery_work::{WorkOnDeliveries, Written};
pub use disclosures::{Disclosures, NoteDisclosures};
pub use document_erasure::EraseDocuments;
pub use document_list::{DocumentFilter, ReadDocuments, StoredDocument};
pub use documents::{DocumentModified, DocumentRefusal, ModifyDocuments, NewDocument, ShownDocument};
pub use error::StorageError;
pub use export::{Export, ExportBuyers, ExportedDocument, ExportedRevision};
pub use history::Histories;
pub use issuer::{IssuerKeys, KeysCopy};
pub use kyc::ReadKyc;
pub use limits::Limits;
pub use list::{BuyerFilter, ListBuyers, ListCursor};
pub use mails::{ClaimedMail, MailClaim, NotSent, Recipient, SendMails};
pub use modify::{Change, Decision, Modified, ModifyBuyers};
pub use outbox::{Claimed, Line, Outbox, Pending};
pub use partners::{Partner, Partners};
pub use receipt::{Answer, Remember};
pub use table::{Table, now};
pub use uploads::{Announced, ReadUploads, RegisterUploads, Registered, StartUploads, Upload, UploadState};
pub use vies_checks::{ReadViesChecks, RequestViesChecks, ViesRequested};
pub use vies_monitoring::{DailyCheck, MonitorVies, Monitored};
pub use vies_work::{Attempted, OpenViesCheck, WorkOnViesChecks};
pub use webhook_changes::{ModifyWebhooks, WebhookChanged, WebhookRefusal};
pub use webhook_health::Bearing;
pub use webhooks::{
    NewWebhook, ReadWebhooks, RegisterWebhooks, Registered as WebhookRegistered, ShownWebhook, WebhookHistories,
};
