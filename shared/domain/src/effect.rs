//! What a committed revision causes outside the table.

use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    BuyerId, CheckId, DeliveryId, EventId, Instant, MailOrder, OrganisationId, SellerId, Source, VatNumber, WebhookId,
};

/// The published event types: what goes on the bus, and what a webhook can ask for. Onboarding causes those of `kyc`,
/// `self_service_invitation` and `webhook`; the others belong to modules beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EventType {
    /// The compliance of an order changed.
    #[serde(rename = "compliance.status_changed")]
    ComplianceStatusChanged,
    /// It was decided how an order is taxed.
    #[serde(rename = "compliance.decision_made")]
    ComplianceDecisionMade,
    /// A VIES check ended INVALID.
    #[serde(rename = "kyc.vies_check_failed")]
    ViesCheckFailed,
    /// A Mode B verification ended, VERIFIED or REJECTED.
    #[serde(rename = "kyc.verification_completed")]
    VerificationCompleted,
    /// An export file is there.
    #[serde(rename = "export_file.generated")]
    ExportFileGenerated,
    /// A prospect was submitted.
    #[serde(rename = "prospect.submitted")]
    ProspectSubmitted,
    /// The buyer completed a self-service invitation.
    #[serde(rename = "self_service_invitation.used")]
    InvitationUsed,
    /// A self-service invitation ran out unused.
    #[serde(rename = "self_service_invitation.expired")]
    InvitationExpired,
    /// An endpoint failed for so long that it is paused.
    #[serde(rename = "webhook.endpoint_auto_paused")]
    EndpointAutoPaused,
    /// A delivery failed for the last time.
    #[serde(rename = "webhook.delivery_failed_terminal")]
    DeliveryFailedTerminal,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ComplianceStatusChanged,
        Self::ComplianceDecisionMade,
        Self::ViesCheckFailed,
        Self::VerificationCompleted,
        Self::ExportFileGenerated,
        Self::ProspectSubmitted,
        Self::InvitationUsed,
        Self::InvitationExpired,
        Self::EndpointAutoPaused,
        Self::DeliveryFailedTerminal,
    ];

    /// The published name; also the detail-type on the bus.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ComplianceStatusChanged => "compliance.status_changed",
            Self::ComplianceDecisionMade => "compliance.decision_made",
            Self::ViesCheckFailed => "kyc.vies_check_failed",
            Self::VerificationCompleted => "kyc.verification_completed",
            Self::ExportFileGenerated => "export_file.generated",
            Self::ProspectSubmitted => "prospect.submitted",
            Self::InvitationUsed => "self_service_invitation.used",
            Self::InvitationExpired => "self_service_invitation.expired",
            Self::EndpointAutoPaused => "webhook.endpoint_auto_paused",
            Self::DeliveryFailedTerminal => "webhook.delivery_failed_terminal",
        }
    }

    /// Whether it is about webhooks themselves. A delivery of one never causes another.
    #[must_use]
    pub const fn is_about_webhooks(self) -> bool {
        matches!(self, Self::EndpointAutoPaused | Self::DeliveryFailedTerminal)
    }

    /// What stands before the dot of its name: what a wildcard names.
    #[must_use]
    pub fn segment(self) -> &'static str {
        self.name().split_once('.').map_or(self.name(), |(segment, _)| segment)
    }
}

/// The text is no [`EventType`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a published event type")]
pub struct NotAnEventType;

impl FromStr for EventType {
    type Err = NotAnEventType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(NotAnEventType)
    }
}

/// An event as it goes on the bus: the published envelope without the receiving organisation, which is
/// not known before the fan-out. Ids and facts only, no personal data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Derived from the revision, so a repeat is the same id.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Version of the shape of `data`.
    pub schema_version: u32,
    /// Through what it happened.
    pub source: Source,
    /// When it happened.
    pub created_at: Instant,
    /// The seller it concerns.
    pub partner_uuid: SellerId,
    /// The published fields of the type, and `seq` and `buyerVersion` to order events by.
    pub data: Value,
}

/// What happens because a revision was committed; it is written with the revision and sent afterwards,
/// so nothing is sent before it is true and nothing true stays unsent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// An event goes on the bus.
    Event(Event),
    /// Work is put into a queue.
    Command(Command),
}

/// Work for one of our workers. Whoever finds it done already does nothing: a command may come twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Command {
    /// For `check-vies`.
    CheckVies(CheckVies),
    /// For `send-mail`.
    SendMail(MailOrder),
    /// For `deliver-webhook`.
    DeliverWebhook(DeliverWebhook),
    /// For `release-deliveries`.
    ReleaseDeliveries(ReleaseDeliveries),
}

/// Ask VIES for an open check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckVies {
    /// Whose number.
    pub buyer: BuyerId,
    /// Which check.
    pub check_id: CheckId,
    /// The number: its member state decides with which checks this one queues.
    pub vat_number: VatNumber,
}

/// Try a delivery, if it is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliverWebhook {
    /// Whose endpoint.
    pub organisation: OrganisationId,
    /// Where it goes.
    pub webhook: WebhookId,
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Beside which others it waits.
    pub lane: Lane,
}

/// Deliveries wait in two queues, so that no endpoint that hangs delays those that answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Lane {
    /// Endpoints of which the latest attempt did not fail.
    Fast,
    /// Retries, and whatever is for an endpoint that fails.
    Slow,
}

/// Send on what an endpoint was not sent: it was resumed, or a client wants what failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseDeliveries {
    /// Whose endpoint.
    pub organisation: OrganisationId,
    /// Which.
    pub webhook: WebhookId,
    /// A client wants what failed of what was recorded since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_since: Option<Instant>,
    /// Else: when it was resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_at: Option<Instant>,
}

impl Command {
    /// The function that it is for.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CheckVies(_) => "check-vies",
            Self::SendMail(_) => "send-mail",
            Self::DeliverWebhook(_) => "deliver-webhook",
            Self::ReleaseDeliveries(_) => "release-deliveries",
        }
    }
}

impl Effect {
    /// The type of the event, or the name of the function that the work is for.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Event(event) => event.kind.name(),
            Self::Command(command) => command.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_type_is_written_as_it_is_named() {
        for kind in EventType::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        // The last variant's place in the enum is the number of the others: none is missing.
        assert_eq!(EventType::DeliveryFailedTerminal as usize + 1, EventType::ALL.len());
    }
}
