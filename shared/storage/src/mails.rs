//! Which mails were sent to organisations (`MAIL#`), so that a message that comes twice sends nothing twice. Kept for a
//! month, without the address.
//!
//! ```text
//! claim ─▶ SENDING until the lease ends ─┬─ the service took it ──▶ SENT, with its id
//!                                        ├─ nobody to send it to ─▶ NOT_SENT, with the reason
//!                                        └─ it did not take it ───▶ given back: free at once
//! ```
//!
//! At least once is the promise: a worker that dies between the service's answer and SENT leaves a lease that ends, and
//! whoever comes then sends the mail again.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Instant, MailOrder, Notice, Organisation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::item;
use crate::key::Key;
use crate::transaction::Condition;
use crate::{StorageError, Table};

/// How long a mail is left to whoever claimed it. Longer than the worker may run (30 s), shorter than a message of its
/// queue stays away (180 s): what comes again after a crash finds the mail free.
const LEASE_SECONDS: i64 = 120;
/// How long it is known what became of a mail.
const LIFETIME_SECONDS: i64 = 30 * 24 * 60 * 60;

/// Nobody began, or whoever did is dead.
const FREE: &str = "attribute_not_exists(pk) OR (mailState = :sending AND leaseUntil <= :now)";
/// Nobody else claimed it meanwhile.
const OURS: &str = "claimId = :claim";

/// Sends mails: to whom, and whether it was done.
#[derive(Clone)]
pub struct SendMails(pub(crate) Table);

/// To whom a mail goes. Not to be logged, hence no `Debug`.
pub struct Recipient {
    /// The organisation, as it calls itself to its buyers.
    pub name: String,
    /// Its admin's address, if it has one.
    pub address: Option<String>,
}

/// Whether a mail may be sent.
pub enum MailClaim {
    /// By us, until the lease ends.
    Ours(Box<ClaimedMail>),
    /// By somebody else, who is at it.
    Held,
    /// By nobody: it was sent, or it is known why not.
    Over,
}

/// The right to send a mail.
pub struct ClaimedMail {
    order: MailOrder,
    id: Uuid,
    at: Instant,
}

/// What became of a mail.
#[derive(Serialize, Deserialize)]
#[serde(tag = "mailState", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
enum MailState {
    Sending {
        claim_id: Uuid,
        /// Milliseconds since the epoch.
        lease_until: i64,
    },
    Sent {
        /// The sending service's.
        message_id: String,
        sent_at: Instant,
    },
    NotSent {
        reason: NotSent,
        given_up_at: Instant,
    },
}

/// Why there was nobody to send a mail to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NotSent {
    /// The organisation has no admin's address.
    NoAdminEmail,
    /// There is no such organisation.
    NoOrganisation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MailItem<'m> {
    notice: &'m Notice,
    #[serde(flatten)]
    state: &'m MailState,
    /// Seconds since the epoch.
    expires_at: i64,
}

impl SendMails {
    /// Claims the sending of a mail for two minutes.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn claim(&self, order: &MailOrder, now: Instant) -> Result<MailClaim, StorageError> {
        let claim = ClaimedMail { order: order.clone(), id: Uuid::new_v4(), at: now };
        let until = now.plus_seconds(LEASE_SECONDS).millis();
        let condition = [
            (":sending", AttributeValue::S("SENDING".to_owned())),
            (":now", AttributeValue::N(now.millis().to_string())),
        ];
        let state = MailState::Sending { claim_id: claim.id, lease_until: until };
        match self.put(&claim, &state, (FREE, &condition)).await? {
            None => Ok(MailClaim::Ours(Box::new(claim))),
            // Ours already: the answer to the first attempt was lost.
            Some(MailState::Sending { claim_id, .. }) if claim_id == claim.id => Ok(MailClaim::Ours(Box::new(claim))),
            Some(MailState::Sending { .. }) => Ok(MailClaim::Held),
            Some(MailState::Sent { .. } | MailState::NotSent { .. }) => Ok(MailClaim::Over),
        }
    }

    /// To whom it goes now. `None`: there is no such organisation.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn recipient(&self, order: &MailOrder) -> Result<Option<Recipient>, StorageError> {
        let found = self.0.get(&Key::organisation(order.organisation)).await?;
        let found: Option<Organisation> = found.map(item::read).transpose()?;
        Ok(found.map(|Organisation { name, branding, admin_email, .. }| Recipient {
            name: branding.display_name.unwrap_or(name),
            address: admin_email,
        }))
    }

    /// Notes that the sending service took the mail, under which id.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn sent(&self, claim: &ClaimedMail, message_id: String, at: Instant) -> Result<(), StorageError> {
        self.end(claim, &MailState::Sent { message_id, sent_at: at }).await
    }

    /// Notes that there is nobody to send the mail to.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn not_sent(&self, claim: &ClaimedMail, reason: NotSent, at: Instant) -> Result<(), StorageError> {
        self.end(claim, &MailState::NotSent { reason, given_up_at: at }).await
    }

    /// Ends the lease: the mail was not sent, and whoever comes next may try.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn give_back(&self, claim: &ClaimedMail) -> Result<(), StorageError> {
        self.end(claim, &MailState::Sending { claim_id: claim.id, lease_until: 0 }).await
    }

    /// As long as the claim is ours. If not, whoever has it now says what becomes of the mail.
    async fn end(&self, claim: &ClaimedMail, state: &MailState) -> Result<(), StorageError> {
        let ours = [(":claim", AttributeValue::S(claim.id.to_string()))];
        self.put(claim, state, (OURS, &ours)).await.map(drop)
    }

    /// Answers what stood there instead, if the condition was not met.
    async fn put(
        &self,
        ClaimedMail { order, at, .. }: &ClaimedMail,
        state: &MailState,
        condition: Condition<'_>,
    ) -> Result<Option<MailState>, StorageError> {
        let key = Key::mail(order.organisation, order.id);
        let item = MailItem { notice: &order.notice, state, expires_at: at.seconds() + LIFETIME_SECONDS };
        let stands = self.0.put_if(item::write(&key, &item)?, condition).await?;
        stands.map(item::read).transpose()
    }
}
