//! A mail was ordered: it goes to the organisation's admin, once.
//!
//! ```text
//! claim ──sent before, or known why not──▶ done
//!   │  └──somebody else is at it─────────▶ comes again
//!   └─ours─▶ who is the admin? ──nobody──▶ NOT_SENT, done
//!                  └─▶ SES ──not taken───▶ claim given back, comes again, after the fifth time to the dead letters
//!                       └──taken─────────▶ SENT, done
//! ```

use domain::MailOrder;
use messaging::Message;
use storage::{ClaimedMail, MailClaim, NotSent, Recipient, SendMails, StorageError};
use tracing::{error, info, warn};

use crate::letter::Letter;
use crate::ses::{NotTaken, Ses};

#[cfg(test)]
mod tests;

/// What sending takes.
pub(crate) struct PostOffice {
    pub(crate) mails: SendMails,
    pub(crate) ses: Ses,
}

/// Sends the mail that a message orders.
pub(crate) async fn send_mail(message: &Message, office: &PostOffice) -> Result<(), MailError> {
    let order: MailOrder = serde_json::from_str(&message.body)?;
    match office.mails.claim(&order, storage::now()).await? {
        MailClaim::Ours(claim) => office.send(&order, &claim).await,
        MailClaim::Held => Err(MailError::Held),
        MailClaim::Over => {
            info!(mail = %order.id, "Nothing is left to do for this mail");
            Ok(())
        }
    }
}

/// Why a message has to come again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    /// Or from a version of the service that knows more notices than this one.
    #[error("the message orders no mail: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("the same order is being worked on")]
    Held,
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl PostOffice {
    async fn send(&self, order: &MailOrder, claim: &ClaimedMail) -> Result<(), MailError> {
        let MailOrder { id, organisation, notice } = order;
        match self.deliver(order, claim).await {
            Ok(Ok(message_id)) => {
                info!(mail = %id, %organisation, notice = notice.name(), message_id, "The mail was sent");
                Ok(())
            }
            Ok(Err(reason)) => {
                warn!(mail = %id, %organisation, notice = notice.name(), ?reason, "There is nobody to send the mail to");
                Ok(())
            }
            Err(cause) => {
                if let Err(lease) = self.mails.give_back(claim).await {
                    warn!(mail = %id, cause = %lease, "The mail stays claimed until the lease ends");
                }
                Err(cause)
            }
        }
    }

    async fn deliver(&self, order: &MailOrder, claim: &ClaimedMail) -> Result<Result<String, NotSent>, MailError> {
        let (name, address) = match self.mails.recipient(order).await? {
            Some(Recipient { name, address: Some(address) }) => (name, address),
            found => {
                let reason = if found.is_some() { NotSent::NoAdminEmail } else { NotSent::NoOrganisation };
                self.mails.not_sent(claim, reason, storage::now()).await?;
                return Ok(Err(reason));
            }
        };
        let message_id = self.ses.send(Letter::of(order, &name), &address).await?;
        if let Err(cause) = self.mails.sent(claim, message_id.clone(), storage::now()).await {
            // It must not come again for that: the mail is on its way.
            error!(mail = %order.id, %cause, "The mail was sent but not noted: another message with this order sends it again");
        }
        Ok(Ok(message_id))
    }
}
