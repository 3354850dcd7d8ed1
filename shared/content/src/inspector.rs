//! The judge: counts, hashes and hands the bytes to whoever knows their format.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::bmff::Heic;
use crate::first::First;
use crate::jpeg::Jpeg;
use crate::pdf::Pdf;
use crate::png::Png;
use crate::polyglot::{Archive, HiddenPdf};
use crate::webp::Webp;
use crate::{Flaw, MediaType};

/// Judges a file that comes in pieces. Memory below 2 KB, time linear, whatever comes.
pub struct Inspector {
    limit: u64,
    size: u64,
    hash: Sha256,
    start: First<START>,
    format: Option<Format>,
    archive: Archive,
    hidden_pdf: HiddenPdf,
}

/// Without the bytes that it holds: a document is personal data, and `{:?}` ends in logs.
impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector").field("limit", &self.limit).field("size", &self.size).finish_non_exhaustive()
    }
}

/// What the bytes of a file say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The length, in bytes.
    pub size: u64,
    /// The SHA-256 of all bytes, also of a file that is refused.
    pub sha256: [u8; 32],
    /// The format, or the rule that the file breaks.
    pub verdict: Result<MediaType, Flaw>,
}

impl Inspection {
    /// The verdict on a file that its sender declared to be of that format.
    ///
    /// # Errors The rule that the file breaks. Another accepted format than the declared one is [`Flaw::OtherType`]
    /// only when there is nothing worse: a damaged file is damaged, whatever it was called.
    pub fn declared(&self, declared: MediaType) -> Result<MediaType, Flaw> {
        match self.verdict? {
            found if found == declared => Ok(found),
            found => Err(Flaw::OtherType { declared, found }),
        }
    }
}

impl Inspector {
    /// For a file of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            size: 0,
            hash: Sha256::new(),
            start: First::new(),
            format: None,
            archive: Archive::new(),
            hidden_pdf: HiddenPdf::new(),
        }
    }

    /// The next bytes of the file.
    pub fn take(&mut self, mut chunk: &[u8]) {
        self.size = self.size.saturating_add(chunk.len() as u64);
        self.hash.update(chunk);
        if self.size > self.limit {
            return;
        }
        self.archive.take(chunk);
        self.hidden_pdf.take(chunk);
        if self.format.is_none()
            && let Some(start) = self.start.take(&mut chunk)
        {
            self.format = Some(Format::of(&start));
        }
        if let Some(format) = &mut self.format {
            format.take(chunk);
        }
    }

    /// The file has ended.
    #[must_use]
    pub fn finish(mut self) -> Inspection {
        let verdict = self.verdict();
        Inspection { size: self.size, sha256: self.hash.finalize().into(), verdict }
    }

    /// The first rule that is broken, the one that no other attempt would get around first.
    fn verdict(&mut self) -> Result<MediaType, Flaw> {
        if self.size == 0 {
            return Err(Flaw::Empty);
        }
        if self.size > self.limit {
            return Err(Flaw::TooLarge(self.limit));
        }
        let format = self.format.take().unwrap_or_else(|| Format::of(self.start.so_far()));
        if matches!(format, Format::Unknown) {
            return Err(Flaw::UnknownType);
        }
        let is_pdf = matches!(format, Format::Pdf(_));
        let verdict = format.finish(self.size);
        let second_format = self.archive.is_there() || (!is_pdf && self.hidden_pdf.is_there());
        match verdict {
            Err(Flaw::UnknownType) => verdict,
            _ if second_format => Err(Flaw::Polyglot),
            _ => verdict,
        }
    }
}

/// How many bytes tell the formats apart.
const START: usize = 12;

/// The formats, each with what has been seen of the file.
enum Format {
    Unknown,
    Pdf(Pdf),
    Jpeg(Jpeg),
    Png(Png),
    Heic(Heic),
    Webp(Webp),
}

impl Format {
    /// By the first bytes, which are those of the format or the file is none: nothing may stand in front.
    fn of(start: &[u8]) -> Self {
        let mut format = match start {
            [b'%', b'P', b'D', b'F', b'-', ..] => Self::Pdf(Pdf::new()),
            [0xFF, 0xD8, 0xFF, ..] => Self::Jpeg(Jpeg::new()),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Self::Png(Png::new()),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Self::Heic(Heic::new()),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P'] => Self::Webp(Webp::new()),
            _ => Self::Unknown,
        };
        format.take(start);
        format
    }

    fn take(&mut self, chunk: &[u8]) {
        match self {
            Self::Unknown => {}
            Self::Pdf(pdf) => pdf.take(chunk),
            Self::Jpeg(jpeg) => jpeg.take(chunk),
            Self::Png(png) => png.take(chunk),
            Self::Heic(heic) => heic.take(chunk),
            Self::Webp(webp) => webp.take(chunk),
        }
    }

    fn finish(self, size: u64) -> Result<MediaType, Flaw> {
        match self {
            Self::Unknown => Err(Flaw::UnknownType),
            Self::Pdf(pdf) => pdf.finish(size).map(|()| MediaType::Pdf),
            Self::Jpeg(jpeg) => jpeg.finish().map(|()| MediaType::Jpeg),
            Self::Png(png) => png.finish().map(|()| MediaType::Png),
            Self::Heic(heic) => heic.finish().map(|()| MediaType::Heic),
            Self::Webp(webp) => webp.finish().map(|()| MediaType::Webp),
        }
    }
}
