//! The types of KYC documents and their families: this table and nothing else knows them.
//!
//! Of the published `platformDocumentType` the families are known and the members are not; these members are
//! ours until they are published.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of proof a document is: the published prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Family {
    /// Chamber of commerce.
    Coc,
    /// Bank account.
    Bank,
    /// VAT registration.
    Vat,
    /// The contact person's identity and authority.
    Contact,
    /// Business address.
    Address,
    /// Third parties: owners and shareholders.
    Tp,
    /// Declaration against money laundering.
    AmlDeclaration,
}

impl Family {
    /// The families without which the documents of a buyer are not complete.
    pub const REQUIRED: [Self; 4] = [Self::Coc, Self::Vat, Self::Contact, Self::AmlDeclaration];

    /// Its types.
    pub fn types(self) -> impl Iterator<Item = DocumentType> {
        DocumentType::ALL.into_iter().filter(move |kind| kind.family() == self)
    }

    /// As a phrase.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Coc => "an extract from the commercial register",
            Self::Bank => "a proof of the bank account",
            Self::Vat => "a proof of the VAT registration",
            Self::Contact => "a proof of the contact person's identity or authority",
            Self::Address => "a proof of the business address",
            Self::Tp => "a proof of the owners",
            Self::AmlDeclaration => "a declaration against money laundering",
        }
    }
}

macro_rules! document_types {
    ($($(#[$doc:meta])* $name:ident $text:literal $family:ident $special:literal,)*) => {
        /// The type of a KYC document. At most one document of each type of a buyer is ACTIVE.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum DocumentType {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl DocumentType {
            /// All of them.
            pub const ALL: [Self; [$($text),*].len()] = [$(Self::$name),*];

            /// As published.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Its family.
            #[must_use]
            pub const fn family(self) -> Family {
                match self { $(Self::$name => Family::$family,)* }
            }

            /// Whether it holds data of a special category (scans of identity documents, bank accounts, AML
            /// declarations): then it is encrypted under a key of its own.
            #[must_use]
            pub const fn is_special(self) -> bool {
                match self { $(Self::$name => $special,)* }
            }
        }
    };
}

document_types! {
    /// Extract from the commercial register.
    CocExtract "COC_EXTRACT" Coc false,
    /// Its translation.
    CocTranslation "COC_TRANSLATION" Coc false,
    /// Bank statement.
    BankStatement "BANK_STATEMENT" Bank true,
    /// The bank's confirmation of an account.
    BankAccountConfirmation "BANK_ACCOUNT_CONFIRMATION" Bank true,
    /// Certificate of VAT registration.
    VatCertificate "VAT_CERTIFICATE" Vat false,
    /// Confirmation of a VAT number.
    VatNumberConfirmation "VAT_NUMBER_CONFIRMATION" Vat false,
    /// Identity card.
    ContactIdCard "CONTACT_ID_CARD" Contact true,
    /// Passport.
    ContactPassport "CONTACT_PASSPORT" Contact true,
    /// Driving licence.
    ContactDrivingLicence "CONTACT_DRIVING_LICENCE" Contact true,
    /// Power of attorney.
    ContactPowerOfAttorney "CONTACT_POWER_OF_ATTORNEY" Contact true,
    /// Proof of address.
    AddressProof "ADDRESS_PROOF" Address false,
    /// Utility bill.
    AddressUtilityBill "ADDRESS_UTILITY_BILL" Address false,
    /// Articles of association.
    TpArticlesOfAssociation "TP_ARTICLES_OF_ASSOCIATION" Tp false,
    /// Register of shareholders.
    TpShareholderRegister "TP_SHAREHOLDER_REGISTER" Tp false,
    /// Declaration of ultimate beneficial owners.
    TpUboDeclaration "TP_UBO_DECLARATION" Tp false,
    /// Declaration against money laundering.
    AmlDeclaration "AML_DECLARATION" AmlDeclaration true,
}

/// The text is no type of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a document type such as COC_EXTRACT")]
pub struct NotADocumentType;

impl FromStr for DocumentType {
    type Err = NotADocumentType;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(NotADocumentType)
    }
}

impl fmt::Display for DocumentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_begins_with_its_family_and_is_written_as_it_is_named() {
        for kind in DocumentType::ALL {
            let family = serde_json::to_value(kind.family()).unwrap();
            assert!(kind.name().starts_with(family.as_str().unwrap()), "{kind}");
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(kind.name().parse(), Ok(kind));
        }
        assert_eq!(DocumentType::ALL.len(), 16);
        assert!("coc_extract".parse::<DocumentType>().is_err());
    }

    #[test]
    fn special_are_identity_bank_and_aml() {
        for kind in DocumentType::ALL {
            let special = matches!(kind.family(), Family::Contact | Family::Bank | Family::AmlDeclaration);
            assert_eq!(kind.is_special(), special, "{kind}");
        }
    }
}
