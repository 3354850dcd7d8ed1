//! Mails to organisations: what an admin should know though nobody called.
//!
//! An order names facts. Its words and the address are found when it is sent, so that neither stands in a queue, and an
//! address that was changed meanwhile is the new one.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Instant, MailId, OrganisationId, SellerId, VatNumber, WebhookId};

/// What an organisation's admin is told. A new one needs a variant, its [`Notice::name`], a constructor of
/// [`MailOrder`] that says how often it is told, and its words (`functions/mail`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Notice {
    /// VIES does not accept a seller's own VAT number, in whose name it is asked. Checks go on without it, but their
    /// consultation numbers are then not the seller's.
    RequesterRefused {
        /// Whose number.
        seller: SellerId,
        /// The number, as VIES was given it.
        vat_number: VatNumber,
    },
    /// Deliveries to a webhook endpoint fail, and it will be paused if that goes on.
    WebhookFailing {
        /// Which endpoint.
        webhook: WebhookId,
        /// How often in a row.
        failures: u32,
        /// When that began.
        since: Instant,
    },
    /// A webhook endpoint was paused because deliveries to it failed for too long.
    WebhookPaused {
        /// Which endpoint.
        webhook: WebhookId,
        /// How often in a row they failed.
        failures: u32,
        /// When that began.
        since: Instant,
    },
    /// A webhook endpoint was disabled because it answered 410.
    WebhookDisabled {
        /// Which endpoint.
        webhook: WebhookId,
        /// When it did.
        since: Instant,
    },
}

impl Notice {
    /// Its name in JSON, logs and ids.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RequesterRefused { .. } => "requesterRefused",
            Self::WebhookFailing { .. } => "webhookFailing",
            Self::WebhookPaused { .. } => "webhookPaused",
            Self::WebhookDisabled { .. } => "webhookDisabled",
        }
    }
}

/// A mail to the admin of an organisation; its JSON is a message of the mail worker's queue. Ids and facts only, no
/// address, no name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MailOrder {
    /// Derived: the same order, however often it is given, is one mail.
    pub id: MailId,
    /// Whose admin.
    pub organisation: OrganisationId,
    /// What it says.
    pub notice: Notice,
}

impl MailOrder {
    /// VIES does not accept the seller's number. One mail a UTC day, however many checks meet it.
    #[must_use]
    pub fn requester_refused(
        organisation: OrganisationId,
        seller: SellerId,
        vat_number: VatNumber,
        at: Instant,
    ) -> Self {
        let day = at.seconds().div_euclid(24 * 60 * 60);
        let once = format!("{seller}/{vat_number}/{day}");
        Self::once(organisation, &once, Notice::RequesterRefused { seller, vat_number })
    }

    /// An endpoint fails, so often since then. One mail for each row of failures.
    #[must_use]
    pub fn webhook_failing(
        organisation: OrganisationId,
        webhook: WebhookId,
        (failures, since): (u32, Instant),
    ) -> Self {
        let once = format!("{webhook}/{since}");
        Self::once(organisation, &once, Notice::WebhookFailing { webhook, failures, since })
    }

    /// An endpoint was paused. One mail for each row of failures.
    #[must_use]
    pub fn webhook_paused(organisation: OrganisationId, webhook: WebhookId, (failures, since): (u32, Instant)) -> Self {
        let once = format!("{webhook}/{since}");
        Self::once(organisation, &once, Notice::WebhookPaused { webhook, failures, since })
    }

    /// An endpoint was disabled. One mail for each time.
    #[must_use]
    pub fn webhook_disabled(organisation: OrganisationId, webhook: WebhookId, since: Instant) -> Self {
        let once = format!("{webhook}/{since}");
        Self::once(organisation, &once, Notice::WebhookDisabled { webhook, since })
    }

    /// A notice that is mailed once for everything that `once` is equal in.
    fn once(organisation: OrganisationId, once: &str, notice: Notice) -> Self {
        let id = MailId(Uuid::new_v5(&organisation.0, format!("mail/{}/{once}", notice.name()).as_bytes()));
        Self { id, organisation, notice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORGANISATION: OrganisationId = OrganisationId(Uuid::from_u128(1));
    const SELLER: SellerId = SellerId(Uuid::from_u128(2));
    /// The last millisecond of 2026-11-22.
    const LATE: Instant = Instant::from_millis(1_795_391_999_999);

    fn vat(text: &str) -> VatNumber {
        VatNumber::parse(text).unwrap()
    }

    fn order(at: Instant) -> MailOrder {
        MailOrder::requester_refused(ORGANISATION, SELLER, vat("DE136695976"), at)
    }

    #[test]
    fn a_refused_requester_is_one_mail_a_day_and_another_the_next() {
        let noon = LATE.plus_seconds(-12 * 60 * 60);
        assert_eq!(order(noon), order(LATE));
        assert_ne!(order(LATE).id, order(Instant::from_millis(LATE.millis() + 1)).id);
    }

    #[test]
    fn whoever_else_or_whatever_else_it_is_about_is_another_mail() {
        let others = [
            MailOrder::requester_refused(OrganisationId(Uuid::from_u128(9)), SELLER, vat("DE136695976"), LATE),
            MailOrder::requester_refused(ORGANISATION, SellerId(Uuid::from_u128(9)), vat("DE136695976"), LATE),
            MailOrder::requester_refused(ORGANISATION, SELLER, vat("DE123456788"), LATE),
        ];
        for other in others {
            assert_ne!(other.id, order(LATE).id, "{other:?}");
        }
    }

    #[test]
    fn an_order_is_written_as_messages_and_revisions_keep_it() {
        let written = serde_json::to_value(order(LATE)).unwrap();
        let expected = serde_json::json!({
            // Records of mails that were sent are found by it: this value may never change.
            "id": "01da61a4-7285-53db-91e0-e82e3cb3594e",
            "organisation": ORGANISATION,
            "notice": {"kind": "requesterRefused", "seller": SELLER, "vatNumber": "DE136695976"},
        });
        assert_eq!(written, expected);
        assert_eq!(written["notice"]["kind"], order(LATE).notice.name());
        assert_eq!(serde_json::from_value::<MailOrder>(written).unwrap(), order(LATE));
    }
}
