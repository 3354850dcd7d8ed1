//! The judge against files of other software and files made here: whole, cut, altered, glued together.

mod accepted;
mod hostile;
mod made;
mod pdf;
mod pictures;
mod polyglot;
mod streaming;

use content::{Flaw, MediaType};

/// Larger than any sample.
const LIMIT: u64 = 64 << 20;

/// What the judge says of a file.
fn verdict(file: &[u8]) -> Result<MediaType, Flaw> {
    content::inspect(file, LIMIT).verdict
}

/// A file of other software, by its name under `samples/`.
macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!("../samples/", $name)).as_slice()
    };
}
pub(crate) use sample;

/// Whole files, each of its format, from other software.
const WHOLE: [(&[u8], MediaType); 12] = [
    (sample!("plain.pdf"), MediaType::Pdf),
    (sample!("xref-stream.pdf"), MediaType::Pdf),
    (sample!("linearized.pdf"), MediaType::Pdf),
    (sample!("gray.jpg"), MediaType::Jpeg),
    (sample!("progressive.jpg"), MediaType::Jpeg),
    (sample!("dot.png"), MediaType::Png),
    (sample!("bit.png"), MediaType::Png),
    (sample!("square.heic"), MediaType::Heic),
    (sample!("lossy.webp"), MediaType::Webp),
    (sample!("lossless.webp"), MediaType::Webp),
    (sample!("alpha.webp"), MediaType::Webp),
    (sample!("animated.webp"), MediaType::Webp),
];
