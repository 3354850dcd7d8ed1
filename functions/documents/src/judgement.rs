//! What is wrong with the bytes of a document, in the terms of the API.

use content::{Flaw, Inspection, MediaType};
use domain::{Statement, Violation, Violations};
use http_edge::{Kind, Problem};

/// The part of the form that the bytes come in.
const FILE: &str = "file";

/// Why bytes are no document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unacceptable {
    /// 413 for too many bytes, 415 for what is of no accepted type or of another than declared, 422 for the rest.
    pub(crate) kind: Kind,
    /// The rule, without its subject.
    pub(crate) rule: String,
}

/// The media type of the bytes, which must be the declared one, if one was.
pub(crate) fn judge(inspection: &Inspection, declared: Option<&str>) -> Result<MediaType, Unacceptable> {
    let Some(declared) = declared else { return inspection.verdict.map_err(Unacceptable::of) };
    match declared.parse() {
        Ok(declared) => inspection.declared(declared).map_err(Unacceptable::of),
        // Worse things first: what is no document at all needs no better label.
        Err(content::NotAccepted) => Err(Unacceptable::of(match inspection.verdict {
            Err(flaw) => flaw,
            Ok(_) => Flaw::UnknownType,
        })),
    }
}

/// What is stated and what the bytes are, or what is wrong: first with the file's size and type, then with everything that
/// is a field's, together.
pub(crate) fn accepted(
    stated: Result<Statement, Violations>,
    judged: Result<MediaType, Unacceptable>,
) -> Result<(Statement, MediaType), Problem> {
    match (stated, judged) {
        (Ok(statement), Ok(found)) => Ok((statement, found)),
        (Err(violations), Ok(_)) => Err(violations.into()),
        (Err(mut violations), Err(found)) if found.kind == Kind::ValidationError => {
            if violations.0.iter().all(|violation| violation.field != FILE) {
                violations.0.push(found.violation());
            }
            Err(violations.into())
        }
        (_, Err(found)) => Err(found.into()),
    }
}

impl Unacceptable {
    fn of(flaw: Flaw) -> Self {
        let kind = match flaw {
            Flaw::TooLarge(_) => Kind::PayloadTooLarge,
            Flaw::UnknownType | Flaw::OtherType { .. } => Kind::UnsupportedMediaType,
            _ => Kind::ValidationError,
        };
        Self { kind, rule: flaw.to_string() }
    }

    fn violation(self) -> Violation {
        Violation { field: FILE.to_owned(), message: self.rule, rejected_value: None }
    }

    /// As a sentence.
    pub(crate) fn detail(&self) -> String {
        format!("The file {}.", self.rule)
    }
}

impl From<Unacceptable> for Problem {
    fn from(found: Unacceptable) -> Self {
        match found.kind {
            Kind::ValidationError => Violations(vec![found.violation()]).into(),
            kind => Self::unacceptable(kind, found.detail()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(file: &[u8], declared: &str) -> Unacceptable {
        judge(&content::inspect(file, 100), Some(declared)).unwrap_err()
    }

    #[test]
    fn what_is_wrong_with_bytes_has_the_status_of_its_kind() {
        assert_eq!(judged(b"", "application/pdf").kind, Kind::ValidationError);
        assert_eq!(judged(&[b'x'; 101], "application/pdf").kind, Kind::PayloadTooLarge);
        assert_eq!(judged(b"PK\x03\x04 an archive", "application/pdf").kind, Kind::UnsupportedMediaType);
        assert_eq!(judged(b"PK\x03\x04 an archive", "application/zip").kind, Kind::UnsupportedMediaType);
        let png = b"\x89PNG\r\n\x1a\n, and then nothing";
        assert_ne!(judged(png, "image/png").kind, Kind::UnsupportedMediaType);
        assert_eq!(judged(b"", "text/plain").detail(), "The file must not be empty.");
    }
}
