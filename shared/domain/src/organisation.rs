//! Who calls: integration organisations, what they may do, and the sellers they act for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Category, Instant, Limit, OrganisationId, SellerId, VatNumber};

/// Requests a minute an organisation may make, by category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RateLimitTier {
    /// 300 reads, 60 writes, 10 webhook-management calls.
    Standard,
    /// 1000, 200, 30.
    HighVolume,
    /// Bespoke numbers, kept with the organisation.
    Enterprise,
}

/// The numbers of a tier, requests a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimits {
    /// GET.
    pub read: u32,
    /// POST, PATCH, PUT, DELETE.
    pub write: u32,
    /// `/v1/webhooks*`.
    pub webhook: u32,
}

const STANDARD: RateLimits = RateLimits { read: 300, write: 60, webhook: 10 };
const HIGH_VOLUME: RateLimits = RateLimits { read: 1000, write: 200, webhook: 30 };

/// What an organisation may do beyond the common. All off by default, as published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the published capabilities are four flags")]
pub struct Capabilities {
    /// Create buyers whose KYC the marketplace leads (Mode A).
    pub allow_marketplace_led_kyc: bool,
    /// Orders with several vehicles; not used by onboarding, shown by `GET /v1/me`.
    pub allow_multi_vin_orders: bool,
    /// Read and write contact persons.
    pub allow_contact_personal_data: bool,
    /// Download KYC documents and profiles.
    pub allow_kyc_document_download: bool,
}

/// One capability, by its published name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// See [`Capabilities::allow_marketplace_led_kyc`].
    MarketplaceLedKyc,
    /// See [`Capabilities::allow_contact_personal_data`].
    ContactPersonalData,
    /// See [`Capabilities::allow_kyc_document_download`].
    KycDocumentDownload,
}

impl Capability {
    /// The published name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MarketplaceLedKyc => "allowMarketplaceLedKyc",
            Self::ContactPersonalData => "allowContactPersonalData",
            Self::KycDocumentDownload => "allowKycDocumentDownload",
        }
    }
}

impl Capabilities {
    /// Whether the capability is granted.
    #[must_use]
    pub const fn has(&self, capability: Capability) -> bool {
        match capability {
            Capability::MarketplaceLedKyc => self.allow_marketplace_led_kyc,
            Capability::ContactPersonalData => self.allow_contact_personal_data,
            Capability::KycDocumentDownload => self.allow_kyc_document_download,
        }
    }
}

/// How mails and self-service pages of an organisation look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Branding {
    /// Name shown to buyers, when not the organisation's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Accent colour, `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent_color: Option<String>,
    /// Logo, https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_url: Option<String>,
}

/// An integration organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organisation {
    /// Its id.
    pub uuid: OrganisationId,
    /// Its name.
    pub name: String,
    /// Its tier.
    pub rate_limit_tier: RateLimitTier,
    /// The numbers of an [`RateLimitTier::Enterprise`] organisation; without them it has those of
    /// [`RateLimitTier::HighVolume`]. Of no meaning in the other tiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limits: Option<RateLimits>,
    /// What it may do.
    pub capabilities: Capabilities,
    /// The version of the data processing agreement it accepted (`2026-01`), if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpa_version: Option<String>,
    /// When it accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpa_accepted_at: Option<Instant>,
    /// Until when an outdated acceptance still counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpa_grace_until: Option<Instant>,
    /// How it looks to buyers.
    #[serde(default)]
    pub branding: Branding,
    /// Who is told about paused webhooks and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin_email: Option<String>,
    /// Whether its buyers' VAT numbers are checked again daily.
    #[serde(default)]
    pub monitor_vies: bool,
}

/// How an organisation stands to the data processing agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DpaStanding {
    /// The required version (or a later one) is accepted.
    Accepted,
    /// An outdated version is accepted and the grace period runs.
    InGrace,
    /// An outdated version is accepted and no grace is left.
    Outdated,
    /// Nothing was ever accepted.
    Missing,
}

impl DpaStanding {
    /// Whether calls are let through.
    #[must_use]
    pub const fn allows(self) -> bool {
        matches!(self, Self::Accepted | Self::InGrace)
    }
}

impl Organisation {
    /// Its standing at that time. Versions are `YYYY-MM` and compare as text.
    #[must_use]
    pub fn dpa_standing(&self, required: &str, now: Instant) -> DpaStanding {
        match (&self.dpa_version, self.dpa_grace_until) {
            (None, _) => DpaStanding::Missing,
            (Some(version), _) if version.as_str() >= required => DpaStanding::Accepted,
            (Some(_), Some(until)) if now < until => DpaStanding::InGrace,
            (Some(_), _) => DpaStanding::Outdated,
        }
    }

    /// How many requests of that category it may make.
    #[must_use]
    pub fn limit(&self, category: Category) -> Limit {
        let numbers = match self.rate_limit_tier {
            RateLimitTier::Standard => STANDARD,
            RateLimitTier::HighVolume => HIGH_VOLUME,
            RateLimitTier::Enterprise => self.rate_limits.unwrap_or(HIGH_VOLUME),
        };
        Limit(match category {
            Category::Read => numbers.read,
            Category::Write => numbers.write,
            Category::Webhook => numbers.webhook,
        })
    }
}

/// A seller that an organisation may act for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seller {
    /// Its id.
    pub uuid: SellerId,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its own VAT number: VIES answers a consultation number to whoever asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_number: Option<VatNumber>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organisation(version: Option<&str>, grace: Option<i64>) -> Organisation {
        Organisation {
            uuid: OrganisationId(uuid::Uuid::from_u128(1)),
            name: "Muster".to_owned(),
            rate_limit_tier: RateLimitTier::Standard,
            rate_limits: None,
            capabilities: Capabilities::default(),
            dpa_version: version.map(str::to_owned),
            dpa_accepted_at: None,
            dpa_grace_until: grace.map(Instant::from_millis),
            branding: Branding::default(),
            admin_email: None,
            monitor_vies: false,
        }
    }

    #[test]
    fn an_outdated_dpa_is_accepted_until_its_grace_ends() {
        let now = Instant::from_millis(1_000);
        let standing = |version, grace| organisation(version, grace).dpa_standing("2026-01", now);
        assert_eq!(standing(None, Some(2_000)), DpaStanding::Missing);
        assert_eq!(standing(Some("2026-01"), None), DpaStanding::Accepted);
        assert_eq!(standing(Some("2026-07"), None), DpaStanding::Accepted);
        assert_eq!(standing(Some("2025-07"), Some(1_001)), DpaStanding::InGrace);
        assert_eq!(standing(Some("2025-07"), Some(1_000)), DpaStanding::Outdated);
        assert_eq!(standing(Some("2025-07"), None), DpaStanding::Outdated);
    }

    #[test]
    fn a_tier_has_the_published_numbers_and_an_enterprise_its_own() {
        use Category::{Read, Webhook, Write};
        let limits = |tier, own| {
            let mut organisation = organisation(None, None);
            (organisation.rate_limit_tier, organisation.rate_limits) = (tier, own);
            [Read, Write, Webhook].map(|category| organisation.limit(category).in_a_minute())
        };
        let own = Some(RateLimits { read: 5000, write: 7, webhook: 0 });
        assert_eq!(limits(RateLimitTier::Standard, own), [300, 60, 10]);
        assert_eq!(limits(RateLimitTier::HighVolume, own), [1000, 200, 30]);
        assert_eq!(limits(RateLimitTier::Enterprise, own), [5000, 7, 0]);
        assert_eq!(limits(RateLimitTier::Enterprise, None), [1000, 200, 30], "never without a ceiling");
    }
}
