//! PNG (W3C PNG, third edition): chunks with lengths and checksums, from `IHDR` to `IEND`.

use crc32fast::Hasher;

use crate::first::{First, skip};
use crate::pixels::too_many;
use crate::rest::Rest;
use crate::{Flaw, MediaType};

/// What has been seen of a PNG.
pub(crate) struct Png {
    state: State,
    crc: Hasher,
    has_header: bool,
    has_pixels: bool,
}

enum State {
    Signature(First<8>),
    /// Length and type of a chunk.
    Chunk(First<8>),
    Header(First<13>),
    Body(u64),
    /// The checksum of a chunk, and whether it is the last one.
    Crc(First<4>, bool),
    Ended(Rest),
    Broken(Flaw),
}

const DAMAGED: Flaw = Flaw::Damaged(MediaType::Png);

impl Png {
    pub(crate) fn new() -> Self {
        Self { state: State::Signature(First::new()), crc: Hasher::new(), has_header: false, has_pixels: false }
    }

    pub(crate) fn take(&mut self, mut from: &[u8]) {
        while !from.is_empty() {
            if let Some(next) = self.step(&mut from) {
                self.state = next;
            }
        }
    }

    fn step(&mut self, from: &mut &[u8]) -> Option<State> {
        let unread = *from;
        match &mut self.state {
            State::Signature(signature) => signature.take(from).map(|_| State::Chunk(First::new())),
            State::Chunk(head) => {
                let head = head.take(from)?;
                Some(self.begin(head).unwrap_or_else(State::Broken))
            }
            State::Header(header) => {
                let header = header.take(from)?;
                self.crc.update(&header);
                Some(begin_picture(&header).map_or_else(State::Broken, |()| State::Crc(First::new(), false)))
            }
            State::Body(left) => {
                let whole = skip(left, from);
                self.crc.update(&unread[..unread.len() - from.len()]);
                whole.then(|| State::Crc(First::new(), false))
            }
            State::Crc(crc, is_end) => {
                let is_end = *is_end;
                let crc = u32::from_be_bytes(crc.take(from)?);
                Some(match (crc == self.crc.clone().finalize(), is_end) {
                    (false, _) => State::Broken(DAMAGED),
                    (true, false) => State::Chunk(First::new()),
                    (true, true) => State::Ended(Rest::new()),
                })
            }
            State::Ended(rest) => {
                rest.take(from);
                *from = &[];
                None
            }
            State::Broken(_) => {
                *from = &[];
                None
            }
        }
    }

    /// A chunk begins. `IHDR` is the first one, once; `IEND` is empty and follows pixels (5.6).
    fn begin(&mut self, head: [u8; 8]) -> Result<State, Flaw> {
        let [a, b, c, d, kind @ ..] = head;
        let length = u32::from_be_bytes([a, b, c, d]);
        self.crc.reset();
        self.crc.update(&kind);
        let is_header = kind == *b"IHDR";
        if is_header == self.has_header || length > i32::MAX as u32 || !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(DAMAGED);
        }
        self.has_header = true;
        self.has_pixels |= kind == *b"IDAT" && length > 0;
        match (&kind, length) {
            (b"IHDR", 13) => Ok(State::Header(First::new())),
            (b"IEND", 0) if self.has_pixels => Ok(State::Crc(First::new(), true)),
            (b"IHDR" | b"IEND", _) => Err(DAMAGED),
            (_, 0) => Ok(State::Crc(First::new(), false)),
            _ => Ok(State::Body(u64::from(length))),
        }
    }

    pub(crate) fn finish(self) -> Result<(), Flaw> {
        match self.state {
            State::Broken(flaw) => Err(flaw),
            State::Ended(rest) if rest.is_nothing() => Ok(()),
            // Not even padding: what crop tools left behind `IEND` was once the rest of the picture ("aCropalypse").
            State::Ended(rest) if rest.is_foreign() => Err(Flaw::Polyglot),
            State::Ended(_) => Err(Flaw::Trailing(MediaType::Png)),
            _ => Err(Flaw::Truncated(MediaType::Png)),
        }
    }
}

/// Width, height, depth, colour, compression, filter, interlace (11.2.1).
fn begin_picture(header: &[u8; 13]) -> Result<(), Flaw> {
    let [w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, compression, filter, interlace] = *header;
    let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
    let depths: &[u8] = match colour {
        0 => &[1, 2, 4, 8, 16],
        2 | 4 | 6 => &[8, 16],
        3 => &[1, 2, 4, 8],
        _ => &[],
    };
    let sane = width > 0 && height > 0 && depths.contains(&depth) && compression == 0 && filter == 0 && interlace < 2;
    match sane {
        false => Err(DAMAGED),
        true if too_many(width, height) => Err(Flaw::TooManyPixels),
        true => Ok(()),
    }
}
