//! What stands behind the end of a file that should have ended.

/// Beginnings of other formats. A file that contains one where its own format has ended is two files.
const FOREIGN: [&[u8]; 13] = [
    b"%PDF",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"Rar!",
    b"7z\xBC\xAF",
    b"\x1F\x8B\x08",
    b"MZ",
    b"\x7FELF",
    b"#!",
    b"<",
    b"GIF8",
    b"\x89PNG",
    b"{\\rtf",
];

/// Whether something begins like a file of another format.
pub(crate) fn is_foreign(start: &[u8]) -> bool {
    FOREIGN.iter().any(|magic| start.starts_with(magic))
}

/// The bytes behind the end: how many, and how they begin once white space and zeros are passed.
pub(crate) struct Rest {
    start: [u8; 8],
    filled: usize,
    any: bool,
}

impl Rest {
    pub(crate) const fn new() -> Self {
        Self { start: [0; 8], filled: 0, any: false }
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.any |= !bytes.is_empty();
        for &byte in bytes {
            if self.filled == self.start.len() {
                break;
            }
            let padding = matches!(byte, 0 | b'\t' | b'\n' | b'\x0C' | b'\r' | b' ');
            if self.filled > 0 || !padding {
                self.start[self.filled] = byte;
                self.filled += 1;
            }
        }
    }

    /// Nothing at all.
    pub(crate) const fn is_nothing(&self) -> bool {
        !self.any
    }

    /// The first bytes that are neither white space nor zero, at most 8; none when it is all padding.
    pub(crate) fn start(&self) -> &[u8] {
        &self.start[..self.filled]
    }

    /// Another file begins here.
    pub(crate) fn is_foreign(&self) -> bool {
        is_foreign(self.start())
    }
}
