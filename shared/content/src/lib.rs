//! Judges an uploaded document by its bytes, while they stream by.
//!
//! A document is what its bytes say, not what its name or its `Content-Type` says (OWASP File Upload Cheat Sheet; ASVS
//! v5.0.0-5.2.2). An [`Inspector`] is fed a file in pieces of any size and answers with its length, its SHA-256 and
//! either its [`MediaType`] or the rule that it breaks, a [`Flaw`]. Its memory is constant (below 2 KB) and its time
//! linear, whatever it is given; the answer does not depend on where the pieces were cut.
//!
//! What "judged" means: the file begins as its format begins, its outer structure holds from the first byte to the
//! last, and it is not a second format as well. Nothing is decoded or decompressed, so nothing can explode here, and
//! pictures that would explode elsewhere are refused by the size they announce.
//!
//! What it does not mean: that the file is harmless. Scripts, launch actions and embedded files in a PDF are let
//! through. Electronic invoices (Factur-X, also known as `ZUGFeRD`) embed their XML, forms of public authorities carry
//! scripts, and such names can hide in compressed object streams, so that a search without decompression would refuse
//! the honest ones only. Malware is for the malware scan; a document is always served as a download, never rendered
//! from our origin.

mod bmff;
mod first;
mod flaw;
mod inspector;
mod jpeg;
mod literal;
mod media_type;
mod pdf;
mod pdf_end;
mod pdf_name;
mod pixels;
mod png;
mod polyglot;
mod rest;
mod webp;

pub use flaw::Flaw;
pub use inspector::{Inspection, Inspector};
pub use media_type::{MediaType, NotAccepted};

/// Judges a file that is in memory as a whole; `limit` is the largest accepted length in bytes.
#[must_use]
pub fn inspect(file: &[u8], limit: u64) -> Inspection {
    let mut inspector = Inspector::new(limit);
    inspector.take(file);
    inspector.finish()
}
