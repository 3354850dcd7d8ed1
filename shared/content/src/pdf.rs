//! PDF (ISO 32000): header, trailers, end.

use crate::first::First;
use crate::pdf_end::End;
use crate::pdf_name::{Name, Names, Value};
use crate::{Flaw, MediaType};

/// What has been seen of a PDF.
pub(crate) struct Pdf {
    header: First<8>,
    version_is_known: Option<bool>,
    names: Names,
    end: End,
    passed: u64,
    is_encrypted: bool,
    has_root: bool,
    linearized: Linearized,
}

/// A linearized file says its own length, in a dictionary within its first kilobyte (ISO 32000-1, F.3.3).
#[derive(Clone, Copy, Debug)]
enum Linearized {
    No,
    Yes,
    Length(u64),
}

impl Pdf {
    pub(crate) const fn new() -> Self {
        Self {
            header: First::new(),
            version_is_known: None,
            names: Names::new(),
            end: End::new(),
            passed: 0,
            is_encrypted: false,
            has_root: false,
            linearized: Linearized::No,
        }
    }

    pub(crate) fn take(&mut self, chunk: &[u8]) {
        let mut from = chunk;
        if self.version_is_known.is_none() {
            self.version_is_known = self.header.take(&mut from).map(is_known);
        }
        self.end.take(chunk);
        while let Some((name, value)) = self.names.next(&mut from) {
            let at = self.passed + (chunk.len() - from.len()) as u64;
            match (name, value, self.linearized) {
                // Both forms are legal; `null` is none (7.5.5, 7.6.1).
                (Name::Encrypt, Value::Reference | Value::Dictionary, _) => self.is_encrypted = true,
                (Name::Root, Value::Reference, _) => self.has_root = true,
                (Name::Linearized, _, Linearized::No) if at <= 1024 => self.linearized = Linearized::Yes,
                (Name::Length, Value::Number(length), Linearized::Yes) if at <= 1024 => {
                    self.linearized = Linearized::Length(length);
                }
                _ => {}
            }
        }
        self.passed += chunk.len() as u64;
    }

    /// Encryption first: an encrypted file that is also cut would be sent again in vain.
    pub(crate) fn finish(self, size: u64) -> Result<(), Flaw> {
        match self.version_is_known {
            None => return Err(Flaw::Truncated(MediaType::Pdf)),
            Some(false) => return Err(Flaw::UnknownType),
            Some(true) => {}
        }
        if self.is_encrypted {
            return Err(Flaw::EncryptedPdf);
        }
        self.end.finish()?;
        // Longer than said is legal: it was changed since. Shorter is not.
        if matches!(self.linearized, Linearized::Length(length) if length > size) {
            return Err(Flaw::Truncated(MediaType::Pdf));
        }
        // Without a trailer that leads to the document, readers guess, each in its own way.
        if self.has_root { Ok(()) } else { Err(Flaw::Damaged(MediaType::Pdf)) }
    }
}

/// 1.0 to 1.7 and 2.0 are all there is (ISO 32000-2, 7.5.2).
fn is_known(header: [u8; 8]) -> bool {
    matches!(header, [_, _, _, _, _, b'1', b'.', b'0'..=b'7'] | [_, _, _, _, _, b'2', b'.', b'0'])
}
