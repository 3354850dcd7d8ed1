//! Files that are a second format as well.
//!
//! Our formats are found at the first byte, and what browsers sniff stands there too (WHATWG MIME Sniffing, 7.1), so a
//! second format can only be one that readers look for elsewhere: archives, from the end, and PDF, within the first
//! kilobyte. ISO images, RAR behind a stub and the like are left to the malware scan: they need a person who renames
//! the file.

use memchr::memmem::{self, Finder};

use crate::first::First;

/// How far from the end a reader looks for the end record of a ZIP archive: the record and the longest comment
/// (PKWARE APPNOTE, 4.3.16).
const REACH: u64 = 22 + 65_535;
const RECORD: usize = 22;

/// Finds the end record of a ZIP archive near the end of a file, which makes the file a ZIP, JAR, APK or DOCX whatever
/// precedes it.
pub(crate) struct Archive {
    /// The last `RECORD - 1` bytes, in which a record may have begun.
    carried: Vec<u8>,
    signature: Finder<'static>,
    passed: u64,
    record_at: Option<u64>,
}

impl Archive {
    pub(crate) fn new() -> Self {
        let carried = Vec::with_capacity(2 * RECORD);
        Self { carried, signature: Finder::new(b"PK\x05\x06"), passed: 0, record_at: None }
    }

    pub(crate) fn take(&mut self, chunk: &[u8]) {
        let before = self.carried.len();
        self.carried.extend_from_slice(&chunk[..chunk.len().min(RECORD - 1)]);
        let across = self.last_record(&self.carried, self.passed - before as u64);
        let within = self.last_record(chunk, self.passed);
        self.record_at = within.or(across).or(self.record_at);
        self.passed += chunk.len() as u64;
        if chunk.len() >= RECORD - 1 {
            self.carried.clear();
            self.carried.extend_from_slice(&chunk[chunk.len() - (RECORD - 1)..]);
        } else {
            let spare = self.carried.len().saturating_sub(RECORD - 1);
            self.carried.drain(..spare);
        }
    }

    pub(crate) fn is_there(&self) -> bool {
        self.record_at.is_some_and(|at| self.passed - at <= REACH)
    }

    /// Where the last whole end record in `bytes` begins; they stand at `offset` in the file.
    fn last_record(&self, bytes: &[u8], offset: u64) -> Option<u64> {
        let starts = self.signature.find_iter(bytes).map(|at| (&bytes[at..], offset + at as u64));
        starts.filter(|&(record, at)| is_record(record, at)).last().map(|(_, at)| at)
    }
}

/// Whether this is an end record that could be true: one disk, and a directory that fits in front of it. Four bytes
/// alone would stand by chance in one of 65,000 honest files.
fn is_record(bytes: &[u8], at: u64) -> bool {
    let Some(record) = bytes.first_chunk::<RECORD>() else { return false };
    let short = |from: usize| u16::from_le_bytes([record[from], record[from + 1]]);
    let directory = u32::from_le_bytes([record[12], record[13], record[14], record[15]]);
    // All ones: the true value stands in a ZIP64 record.
    let one_disk = [short(4), short(6)].iter().all(|disk| matches!(disk, 0 | 0xFFFF));
    one_disk && short(8) == short(10) && (u64::from(directory) <= at || directory == u32::MAX)
}

/// How far from the start readers of PDF look for its header (Adobe's implementation note 13 to PDF 1.7, H.3).
const PDF_REACH: usize = 1024;

/// Finds the header of a PDF at the start of a file of another format.
pub(crate) struct HiddenPdf {
    head: First<PDF_REACH>,
    found: Option<bool>,
}

impl HiddenPdf {
    pub(crate) const fn new() -> Self {
        Self { head: First::new(), found: None }
    }

    pub(crate) fn take(&mut self, mut chunk: &[u8]) {
        if self.found.is_none() {
            self.found = self.head.take(&mut chunk).map(|head| has_header(&head));
        }
    }

    pub(crate) fn is_there(&self) -> bool {
        self.found.unwrap_or_else(|| has_header(self.head.so_far()))
    }
}

fn has_header(head: &[u8]) -> bool {
    memmem::find(head, b"%PDF-").is_some()
}
