//! How a PDF ends: `startxref`, an offset, `%%EOF` (ISO 32000-1, 7.5.5).
//!
//! A file may have several ends, one for each time that it was changed (7.5.6) and one at the start when it is
//! linearized (annex F); the last one counts.

use crate::literal::Literal;
use crate::pdf_name::is_space;
use crate::rest::Rest;
use crate::{Flaw, MediaType};

const MARKER: &[u8] = b"%%EOF";

/// Follows a PDF to its end.
pub(crate) struct End {
    search: Literal,
    state: State,
    passed: u64,
    last: Option<Ending>,
    /// Another file began behind an earlier end, whatever it makes of itself further on.
    has_second: bool,
}

enum State {
    Searching,
    /// Behind `startxref`: the offset so far, and where the word ended.
    Offset(Option<u64>, u64),
    /// So many bytes of `%%EOF` have come.
    Marker(usize, bool),
}

struct Ending {
    /// The offset leads to something in front of it.
    leads_back: bool,
    rest: Rest,
}

impl End {
    pub(crate) const fn new() -> Self {
        Self { search: Literal::new(b"startxref"), state: State::Searching, passed: 0, last: None, has_second: false }
    }

    pub(crate) fn take(&mut self, chunk: &[u8]) {
        let mut from = chunk;
        while let Some(&byte) = from.first() {
            if matches!(self.state, State::Searching) {
                let unread = from;
                let found = self.search.find(&mut from);
                if let Some(ending) = &mut self.last {
                    ending.rest.take(&unread[..unread.len() - from.len()]);
                }
                if found {
                    self.state = State::Offset(None, self.passed + (chunk.len() - from.len()) as u64);
                }
                continue;
            }
            self.state = self.step(byte);
            // What does not belong to an end may belong to the next one, and is read again.
            if !matches!(self.state, State::Searching) {
                from = &from[1..];
            }
            if let State::Marker(5, leads_back) = self.state {
                self.has_second |= self.last.as_ref().is_some_and(|ending| ending.rest.is_foreign());
                self.last = Some(Ending { leads_back, rest: Rest::new() });
                self.state = State::Searching;
            }
        }
        self.passed += chunk.len() as u64;
    }

    fn step(&self, byte: u8) -> State {
        match self.state {
            State::Offset(None, at) if is_space(byte) => State::Offset(None, at),
            State::Offset(offset, at) if byte.is_ascii_digit() => {
                let digits = offset.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(byte - b'0'));
                State::Offset(Some(digits), at)
            }
            // An offset of 0 stands at the first end of a linearized file and leads nowhere.
            State::Offset(Some(offset), at) if is_space(byte) || byte == b'%' => {
                State::Marker(usize::from(byte == b'%'), 0 < offset && offset < at)
            }
            State::Marker(0, leads_back) if is_space(byte) => State::Marker(0, leads_back),
            State::Marker(matched, leads_back) if byte == MARKER[matched] => State::Marker(matched + 1, leads_back),
            _ => State::Searching,
        }
    }

    /// Whether the file ends where its last end stands. White space and zeros may follow: many writers add a line, and
    /// mail gateways fill up blocks. Acrobat would overlook a kilobyte of anything, which is where second formats hide.
    pub(crate) fn finish(self) -> Result<(), Flaw> {
        let cut = Err(Flaw::Truncated(MediaType::Pdf));
        let Some(Ending { leads_back: true, rest }) = self.last else { return cut };
        match rest.start() {
            _ if self.has_second || rest.is_foreign() => Err(Flaw::Polyglot),
            [] => Ok(()),
            // An object, a table or a comment: a further change to the document began here.
            [b'0'..=b'9' | b'x' | b's' | b'%', ..] => cut,
            _ => Err(Flaw::Trailing(MediaType::Pdf)),
        }
    }
}
