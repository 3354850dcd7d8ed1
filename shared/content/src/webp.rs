//! WebP (RFC 9649): a RIFF container with one list of chunks.

use crate::first::{First, skip};
use crate::pixels::too_many;
use crate::rest::Rest;
use crate::{Flaw, MediaType};

/// What has been seen of a WebP.
pub(crate) struct Webp {
    state: State,
    /// What the container still holds, by its own size.
    left: u64,
    is_extended: bool,
    has_picture: bool,
}

enum State {
    Riff(First<12>),
    /// Kind and length of a chunk.
    Chunk(First<8>),
    /// The start of a chunk that says how large the picture is, and how much of the chunk follows.
    Picture(First<10>, [u8; 4], u64),
    Body(u64),
    Ended(Rest),
    Broken(Flaw),
}

const DAMAGED: Flaw = Flaw::Damaged(MediaType::Webp);

impl Webp {
    pub(crate) const fn new() -> Self {
        Self { state: State::Riff(First::new()), left: 0, is_extended: false, has_picture: false }
    }

    pub(crate) fn take(&mut self, mut from: &[u8]) {
        while !from.is_empty() {
            if let Some(next) = self.step(&mut from) {
                self.state = next;
            }
        }
    }

    fn step(&mut self, from: &mut &[u8]) -> Option<State> {
        match &mut self.state {
            State::Riff(riff) => {
                let [_, _, _, _, a, b, c, d, ..] = riff.take(from)?;
                // The size counts all that follows it, `WEBP` included (2.4).
                self.left = u64::from(u32::from_le_bytes([a, b, c, d])).saturating_sub(4);
                Some(self.after_chunk())
            }
            State::Chunk(head) => {
                let head = head.take(from)?;
                Some(self.begin(head).unwrap_or_else(State::Broken))
            }
            State::Picture(start, kind, behind) => {
                let (kind, behind) = (*kind, *behind);
                let start = start.take(from)?;
                Some(match (begin_picture(kind, &start), behind) {
                    (Err(flaw), _) => State::Broken(flaw),
                    (Ok(()), 0) => self.after_chunk(),
                    (Ok(()), left) => State::Body(left),
                })
            }
            State::Body(left) => skip(left, from).then(|| self.after_chunk()),
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

    const fn after_chunk(&self) -> State {
        if self.left == 0 { State::Ended(Rest::new()) } else { State::Chunk(First::new()) }
    }

    /// A chunk begins. The first one is a picture or says that there will be one (2.5 to 2.7).
    fn begin(&mut self, head: [u8; 8]) -> Result<State, Flaw> {
        let [kind @ .., a, b, c, d] = head;
        let length = u64::from(u32::from_le_bytes([a, b, c, d]));
        if self.left < 8 + length {
            return Err(DAMAGED);
        }
        self.left -= 8;
        // An odd chunk has a byte of padding, which some writers forget behind the last one.
        let padded = (length + length % 2).min(self.left);
        self.left -= padded;
        let is_simple = matches!(&kind, b"VP8 " | b"VP8L");
        if !self.is_extended && !self.has_picture && !is_simple && kind != *b"VP8X" {
            return Err(DAMAGED);
        }
        self.is_extended |= kind == *b"VP8X";
        self.has_picture |= is_simple || kind == *b"ANMF";
        Ok(match padded {
            10.. if is_simple || kind == *b"VP8X" => State::Picture(First::new(), kind, padded - 10),
            _ if is_simple || kind == *b"VP8X" => return Err(DAMAGED),
            0 => self.after_chunk(),
            _ => State::Body(padded),
        })
    }

    pub(crate) fn finish(self) -> Result<(), Flaw> {
        match self.state {
            State::Broken(flaw) => Err(flaw),
            State::Ended(_) if !self.has_picture => Err(DAMAGED),
            State::Ended(rest) if rest.is_nothing() => Ok(()),
            State::Ended(rest) if rest.is_foreign() => Err(Flaw::Polyglot),
            State::Ended(_) => Err(Flaw::Trailing(MediaType::Webp)),
            _ => Err(Flaw::Truncated(MediaType::Webp)),
        }
    }
}

/// The head of a lossy key frame, a lossless picture or an extended file. The first two cannot be larger than 2^14
/// pixels a side (RFC 6386, 9.1; RFC 9649, 3.4), the last one says 2^24.
fn begin_picture(kind: [u8; 4], start: &[u8; 10]) -> Result<(), Flaw> {
    let side = |from: usize| 1 + u32::from_le_bytes([start[from], start[from + 1], start[from + 2], 0]);
    match &kind {
        b"VP8 " if start[0] & 1 == 0 && start[3..6] == [0x9D, 0x01, 0x2A] => Ok(()),
        b"VP8L" if start[0] == 0x2F => Ok(()),
        b"VP8X" if too_many(side(4), side(7)) => Err(Flaw::TooManyPixels),
        b"VP8X" => Ok(()),
        _ => Err(DAMAGED),
    }
}
