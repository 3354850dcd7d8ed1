//! Why a file is not accepted.

use crate::MediaType;
use crate::pixels::MOST_PIXELS;

/// The rule that a file breaks; the text is for the person who chose the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// No bytes at all.
    #[error("must not be empty")]
    Empty,
    /// Longer than the limit, in bytes.
    #[error("must have at most {0} bytes")]
    TooLarge(u64),
    /// The bytes are none of the accepted formats: text, HTML, SVG, Office files, archives, AVIF, programs...
    #[error("must be a PDF, JPEG, PNG, HEIC or WebP file")]
    UnknownType,
    /// The bytes are an accepted format, but not the declared one.
    #[error("must be what it is declared as: it is {found}, not {declared}")]
    OtherType {
        /// What the sender said.
        declared: MediaType,
        /// What the bytes say.
        found: MediaType,
    },
    /// A PDF with an encryption dictionary. Also when it opens without a password: what we keep for years must be
    /// readable by whoever has to read it, with any tool.
    #[error("must be a PDF without encryption: no password, no restriction of printing or copying")]
    EncryptedPdf,
    /// The end is missing.
    #[error("must be a complete {} file: its end is missing", .0.name())]
    Truncated(MediaType),
    /// The structure is broken, not just cut short.
    #[error("must be an intact {} file: its structure is damaged", .0.name())]
    Damaged(MediaType),
    /// Bytes follow the end.
    #[error("must end where the {} ends: other bytes follow", .0.name())]
    Trailing(MediaType),
    /// Readable as a second file too: an archive behind a picture, a PDF inside of one.
    #[error("must be one file: it is readable as a second one too")]
    Polyglot,
    /// A picture that would take gigabytes to show.
    #[error("must have at most {MOST_PIXELS} pixels")]
    TooManyPixels,
}
