//! The rules of buyer onboarding, and nothing else.
//!
//! Input is parsed into types that cannot be wrong ([`NewBuyer::parse`] either answers a buyer that
//! may be stored or *every* rule the input breaks), outcomes are enums, and time and identity of the
//! caller are arguments. This crate knows no AWS and no HTTP, so the rules can be read, tested and
//! reused without either.

mod address;
mod buyer;
mod contact;
mod contact_patch;
mod date;
mod disclosure;
mod document;
mod document_type;
mod effect;
mod event_data;
mod ids;
mod input;
mod instant;
mod kyc;
mod limits;
mod mail;
mod organisation;
mod page;
mod patch;
mod revision;
mod schema;
mod secret;
mod vat;
mod vies_check;
pub mod webhook;

pub use address::{Address, Country};
pub use buyer::{Business, Buyer, BuyerStatus, KycMode, NewBuyer};
pub use contact::{Contact, ContactsDigest, NewContact};
pub use contact_patch::{ContactPatch, ContactPatchBody};
pub use date::{Date, NotADate};
pub use disclosure::{Disclosed, Disclosure, Purpose};
pub use document::{
    Announcement, Document, DocumentSource, DocumentStatus, MEDIA_TYPES, MOST_MULTIPART, MOST_UPLOAD, Statement,
};
pub use document_type::{DocumentType, Family, NotADocumentType};
pub use effect::{
    CheckVies, Command, DeliverWebhook, Effect, Event, EventType, Lane, NotAnEventType, ReleaseDeliveries,
};
pub use event_data::{DeliveryFailedTerminal, EndpointAutoPaused, ViesCheckFailed};
pub use ids::{
    BuyerId, CheckId, ClientId, ContactId, DeliveryId, DocumentId, EventId, MailId, NotAnId, OrganisationId, RequestId,
    SellerId, UploadId, WebhookId,
};
pub use input::{Node, Reader, Violation, Violations};
pub use instant::Instant;
pub use kyc::{
    AmlStatus, Failed, KycFacts, KycStatus, Missing, OverallStatus, Pending, Requirements, VerificationFacts,
    VerificationStatus, ViesFacts, ViesResult,
};
pub use limits::{Allowance, Category, Counters, Limit};
pub use mail::{MailOrder, Notice};
pub use organisation::{
    Branding, Capabilities, Capability, DpaStanding, Organisation, RateLimitTier, RateLimits, Seller,
};
pub use page::{Page, PageSize};
pub use patch::{BuyerPatch, BuyerPatchBody, Downgrade};
pub use revision::{
    Actor, AfterImage, BrokenHistory, Cause, Change, History, Link, Personal, Revision, RevisionKind, Sealed, Source,
    contact_field, document_name_field,
};
pub use schema::{TEXT, never_null};
pub use secret::Salt;
pub use vat::{VatNumber, VatNumberError};
pub use vies_check::{
    CheckOrigin, CheckState, FailedAttempt, GivenUp, Jitter, LONGEST_CHECK_SECONDS, Next, NoAnswer, NoAnswerReason,
    OpenCheck, TraderMatch, TraderMatches, Verdict, ViesAnswer, ViesCheck, ViesStanding, ViesVerdict, check_group,
    next_attempt, next_daily_check,
};
