//! The KYC status of a buyer: what its documents and checks say, and what still has to happen.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{DocumentType, Family, Instant, KycMode};

/// What is known of a buyer that decides its KYC status.
#[derive(Clone, Debug)]
pub struct KycFacts {
    /// Who leads.
    pub mode: KycMode,
    /// The types of which there is an ACTIVE document.
    pub active: Vec<DocumentType>,
    /// What VIES said.
    pub vies: ViesFacts,
    /// What the verification of Mode B said.
    pub verification: VerificationFacts,
}

/// What VIES said about the buyer's VAT number. A check that failed or could not be made says nothing.
#[derive(Clone, Debug, Default)]
pub struct ViesFacts {
    /// The last conclusive verdict (whether the number is valid), and its time.
    pub verdict: Option<(bool, Instant)>,
    /// Since when a check is open.
    pub open_since: Option<Instant>,
    /// Why the last check was given up, unless one was made or begun since.
    pub given_up: Option<String>,
}

/// Where the verification of Mode B stands.
#[derive(Clone, Debug)]
pub struct VerificationFacts {
    /// Identity.
    pub status: VerificationStatus,
    /// Since when it is so.
    pub since: Option<Instant>,
    /// Screening of the company; `None` before it began.
    pub aml: Option<AmlStatus>,
}

impl Default for VerificationFacts {
    fn default() -> Self {
        Self { status: VerificationStatus::NotStarted, since: None, aml: None }
    }
}

/// Published `overallStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum OverallStatus {
    /// Something is missing or pending.
    Incomplete,
    /// All that is required is there and good.
    Valid,
    /// Something said no.
    Invalid,
}

/// Published `viesResult`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ViesResult {
    /// The number is valid.
    Valid,
    /// It is not.
    Invalid,
    /// The first check is open.
    Pending,
    /// Nothing conclusive is known.
    Unknown,
}

/// Published `verificationStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VerificationStatus {
    /// Nobody began.
    NotStarted,
    /// A session is open, or a reviewer decides.
    InProgress,
    /// The identity is approved.
    Verified,
    /// It is not.
    Rejected,
}

/// Published `amlStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AmlStatus {
    /// Mode A has no screening.
    NotApplicable,
    /// Not screened yet, or the screening runs.
    Pending,
    /// Nothing was found.
    Clear,
    /// Something was found; an operator decides.
    Flagged,
}

/// The KYC status of a buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KycStatus {
    /// All in all.
    pub overall: OverallStatus,
    /// What VIES says.
    pub vies: ViesResult,
    /// When it said so.
    pub vies_checked_at: Option<Instant>,
    /// Whether there is an ACTIVE document of every required family.
    pub documents_complete: bool,
    /// Mode B only.
    pub verification: Option<VerificationStatus>,
    /// Of the company.
    pub aml: AmlStatus,
    /// What still has to happen.
    pub requirements: Requirements,
}

/// What still has to happen, so that nobody has to guess.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Requirements {
    /// What somebody has to do.
    pub missing: Vec<Missing>,
    /// What goes on without anybody.
    pub pending: Vec<Pending>,
    /// What went wrong.
    pub errors: Vec<Failed>,
}

/// Something that somebody has to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// `DOCUMENT_MISSING`, `VIES_CHECK_MISSING`, `VERIFICATION_MISSING`.
    pub code: &'static str,
    /// Of a document: its family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// Of a document: any of these will do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted_types: Vec<DocumentType>,
    /// For people.
    pub message: String,
}

/// Something that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pending {
    /// `VIES_CHECK_PENDING`, `VERIFICATION_PENDING`, `AML_SCREENING_PENDING`.
    pub code: &'static str,
    /// Since when; absent when it has not begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Instant>,
    /// For people.
    pub message: &'static str,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Failed {
    /// `VAT_NUMBER_INVALID`, `VIES_CHECK_GIVEN_UP`, `VERIFICATION_REJECTED`, `AML_FLAGGED`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl KycFacts {
    /// What they come to.
    #[must_use]
    pub fn status(&self) -> KycStatus {
        let vies = self.vies.result();
        let documents_complete = self.missing_families().next().is_none();
        let aml = match self.mode {
            KycMode::MarketplaceLed => AmlStatus::NotApplicable,
            KycMode::Nt24Led => self.verification.aml.unwrap_or(AmlStatus::Pending),
        };
        KycStatus {
            overall: self.overall(vies, documents_complete, aml),
            vies,
            vies_checked_at: self.vies.verdict.map(|(_, at)| at),
            documents_complete,
            verification: (self.mode == KycMode::Nt24Led).then_some(self.verification.status),
            aml,
            requirements: self.requirements(aml),
        }
    }

    fn overall(&self, vies: ViesResult, documents_complete: bool, aml: AmlStatus) -> OverallStatus {
        let verification = self.verification.status;
        let (invalid, valid) = match self.mode {
            KycMode::MarketplaceLed => (false, documents_complete && vies == ViesResult::Valid),
            KycMode::Nt24Led => (
                verification == VerificationStatus::Rejected || aml == AmlStatus::Flagged,
                verification == VerificationStatus::Verified && aml == AmlStatus::Clear,
            ),
        };
        if invalid || vies == ViesResult::Invalid {
            OverallStatus::Invalid
        } else if valid {
            OverallStatus::Valid
        } else {
            OverallStatus::Incomplete
        }
    }

    fn missing_families(&self) -> impl Iterator<Item = Family> {
        let has = |family: &Family| self.active.iter().any(|kind| kind.family() == *family);
        Family::REQUIRED.into_iter().filter(move |family| !has(family))
    }

    fn requirements(&self, aml: AmlStatus) -> Requirements {
        let mut requirements = Requirements::default();
        match self.mode {
            KycMode::MarketplaceLed => {
                requirements.missing.extend(self.missing_families().map(Missing::document));
                self.vies.require(&mut requirements);
            }
            KycMode::Nt24Led => {
                self.verification.require(aml, &mut requirements);
                self.vies.tell(&mut requirements);
            }
        }
        requirements
    }
}

impl ViesFacts {
    fn result(&self) -> ViesResult {
        match (self.verdict, self.open_since) {
            (Some((true, _)), _) => ViesResult::Valid,
            (Some((false, _)), _) => ViesResult::Invalid,
            (None, Some(_)) => ViesResult::Pending,
            (None, None) => ViesResult::Unknown,
        }
    }

    /// Where a verdict is needed.
    fn require(&self, requirements: &mut Requirements) {
        if self.verdict.is_none() && self.open_since.is_none() {
            requirements.missing.push(Missing::act("VIES_CHECK_MISSING", "Request a VIES check."));
        }
        self.tell(requirements);
    }

    /// Where it is good to know.
    fn tell(&self, requirements: &mut Requirements) {
        if self.open_since.is_some() {
            let message = "VIES is being asked.";
            requirements.pending.push(Pending { code: "VIES_CHECK_PENDING", since: self.open_since, message });
        }
        if matches!(self.verdict, Some((false, _))) {
            requirements
                .errors
                .push(Failed::because("VAT_NUMBER_INVALID", "VIES says that the VAT number is not valid."));
        }
        if let Some(why) = &self.given_up {
            requirements.errors.push(Failed::because("VIES_CHECK_GIVEN_UP", why));
        }
    }
}

impl VerificationFacts {
    fn require(&self, aml: AmlStatus, requirements: &mut Requirements) {
        let Requirements { missing, pending, errors } = requirements;
        match self.status {
            VerificationStatus::NotStarted => {
                missing.push(Missing::act("VERIFICATION_MISSING", "Start the verification."));
            }
            VerificationStatus::InProgress => {
                let message = "The identity is being verified.";
                pending.push(Pending { code: "VERIFICATION_PENDING", since: self.since, message });
            }
            VerificationStatus::Verified => {}
            VerificationStatus::Rejected => {
                errors.push(Failed::because("VERIFICATION_REJECTED", "The identity was not approved."));
            }
        }
        match aml {
            AmlStatus::Pending if self.status != VerificationStatus::NotStarted => {
                let message = "The company is being screened.";
                pending.push(Pending { code: "AML_SCREENING_PENDING", since: self.since, message });
            }
            AmlStatus::Flagged => {
                errors.push(Failed::because("AML_FLAGGED", "The screening found something to look at."));
            }
            AmlStatus::Pending | AmlStatus::Clear | AmlStatus::NotApplicable => {}
        }
    }
}

impl Missing {
    fn document(family: Family) -> Self {
        let accepted_types = family.types().collect();
        let message = format!("Upload {}.", family.phrase());
        Self { code: "DOCUMENT_MISSING", family: Some(family), accepted_types, message }
    }

    fn act(code: &'static str, message: &str) -> Self {
        Self { code, family: None, accepted_types: Vec::new(), message: message.to_owned() }
    }
}

impl Failed {
    fn because(code: &'static str, message: &str) -> Self {
        Self { code, message: message.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Instant = Instant::from_millis(1_700_000_000_000);

    fn facts(mode: KycMode) -> KycFacts {
        let (vies, verification) = (ViesFacts::default(), VerificationFacts::default());
        KycFacts { mode, active: Vec::new(), vies, verification }
    }

    fn codes(requirements: &Requirements) -> Vec<&'static str> {
        let missing = requirements.missing.iter().map(|missing| missing.code);
        let pending = requirements.pending.iter().map(|pending| pending.code);
        missing.chain(pending).chain(requirements.errors.iter().map(|failed| failed.code)).collect()
    }

    const COMPLETE: [DocumentType; 4] = [
        DocumentType::CocTranslation,
        DocumentType::VatCertificate,
        DocumentType::ContactPassport,
        DocumentType::AmlDeclaration,
    ];

    #[test]
    fn mode_a_is_valid_with_all_families_and_a_valid_number() {
        let mut facts = facts(KycMode::MarketplaceLed);
        let status = facts.status();
        assert_eq!(
            (status.overall, status.vies, status.aml),
            (OverallStatus::Incomplete, ViesResult::Unknown, AmlStatus::NotApplicable)
        );
        assert_eq!(status.verification, None);
        let families: Vec<_> = status.requirements.missing.iter().filter_map(|missing| missing.family).collect();
        assert_eq!(families, Family::REQUIRED);
        assert_eq!(
            status.requirements.missing[0].accepted_types,
            [DocumentType::CocExtract, DocumentType::CocTranslation]
        );

        facts.active = COMPLETE.to_vec();
        facts.vies.open_since = Some(AT);
        let status = facts.status();
        assert_eq!((status.overall, status.vies), (OverallStatus::Incomplete, ViesResult::Pending));
        assert!(status.documents_complete);
        assert_eq!(codes(&status.requirements), ["VIES_CHECK_PENDING"]);

        facts.vies = ViesFacts { verdict: Some((true, AT)), ..ViesFacts::default() };
        let status = facts.status();
        assert_eq!((status.overall, status.vies_checked_at), (OverallStatus::Valid, Some(AT)));
        assert_eq!(status.requirements, Requirements::default());
        for missing in COMPLETE {
            let active = COMPLETE.into_iter().filter(|kind| *kind != missing).collect();
            let status = KycFacts { active, ..facts.clone() }.status();
            assert_eq!((status.overall, status.documents_complete), (OverallStatus::Incomplete, false), "{missing}");
        }
    }

    #[test]
    fn only_a_conclusive_no_is_invalid() {
        for mode in [KycMode::MarketplaceLed, KycMode::Nt24Led] {
            let mut facts = KycFacts { active: COMPLETE.to_vec(), ..facts(mode) };
            facts.vies.given_up = Some("VIES did not answer for 72 hours.".to_owned());
            let status = facts.status();
            assert_eq!((status.overall, status.vies), (OverallStatus::Incomplete, ViesResult::Unknown));
            assert!(codes(&status.requirements).contains(&"VIES_CHECK_GIVEN_UP"));
            facts.vies = ViesFacts { verdict: Some((false, AT)), open_since: Some(AT), given_up: None };
            let status = facts.status();
            assert_eq!(
                (status.overall, status.vies),
                (OverallStatus::Invalid, ViesResult::Invalid),
                "the last verdict counts"
            );
            assert!(codes(&status.requirements).contains(&"VAT_NUMBER_INVALID"));
        }
    }

    #[test]
    fn mode_b_is_valid_when_verified_and_clear_and_vies_does_not_say_no() {
        use AmlStatus::{Clear, Flagged, Pending};
        use OverallStatus::{Incomplete, Invalid, Valid};
        use VerificationStatus::{InProgress, NotStarted, Rejected, Verified};
        let table = [
            (NotStarted, None, Incomplete, vec!["VERIFICATION_MISSING"]),
            (InProgress, None, Incomplete, vec!["VERIFICATION_PENDING", "AML_SCREENING_PENDING"]),
            (InProgress, Some(Clear), Incomplete, vec!["VERIFICATION_PENDING"]),
            (Verified, Some(Pending), Incomplete, vec!["AML_SCREENING_PENDING"]),
            (Verified, Some(Clear), Valid, vec![]),
            (Verified, Some(Flagged), Invalid, vec!["AML_FLAGGED"]),
            (Rejected, Some(Clear), Invalid, vec!["VERIFICATION_REJECTED"]),
            (InProgress, Some(Flagged), Invalid, vec!["VERIFICATION_PENDING", "AML_FLAGGED"]),
        ];
        for (identity, aml, overall, expected) in table {
            let verification = VerificationFacts { status: identity, since: Some(AT), aml };
            let facts = KycFacts { verification, ..facts(KycMode::Nt24Led) };
            let status = facts.status();
            assert_eq!((status.overall, status.verification), (overall, Some(identity)), "{identity:?} {aml:?}");
            assert_eq!(codes(&status.requirements), expected, "{identity:?} {aml:?}");
            assert!(!status.documents_complete, "the same families in both modes");
            let vies = ViesFacts { verdict: Some((false, AT)), ..ViesFacts::default() };
            assert_eq!(KycFacts { vies, ..facts }.status().overall, Invalid);
        }
    }
}
