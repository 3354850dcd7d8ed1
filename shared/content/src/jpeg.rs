//! JPEG (ITU T.81, annex B): marker segments, scans, and the end of the picture.
//!
//! Behind the end of the picture cameras put things of their own, and decoders never look there: a second picture for
//! HDR or a preview (CIPA DC-007, MPF), a video ("motion photo" of Android), a directory of such parts (every photo of
//! a Samsung phone). To refuse unknown trailers would be to refuse phones, and would keep nothing out that an `APPn`
//! segment or a PDF stream does not let in. So only what begins like a file of another format is refused there. A
//! trailer that was cut is not noticed: the picture is whole.

use memchr::memchr;

use crate::first::{First, skip};
use crate::pixels::too_many;
use crate::rest::Rest;
use crate::{Flaw, MediaType};

/// What has been seen of a JPEG.
pub(crate) struct Jpeg {
    state: State,
    has_frame: bool,
    has_scan: bool,
}

enum State {
    Start(First<2>),
    /// A marker must begin.
    Marker,
    /// Behind the 0xFF of a marker, or its repetitions (B.1.1.2).
    Code,
    Length(First<2>, u8),
    /// The head of a frame, and how much follows.
    Frame(First<5>, u64),
    Body(u64, u8),
    /// Coded data, up to the next 0xFF.
    Scan,
    /// Behind a 0xFF in coded data.
    ScanCode,
    Ended(Rest),
    Broken(Flaw),
}

const DAMAGED: Flaw = Flaw::Damaged(MediaType::Jpeg);

impl Jpeg {
    pub(crate) const fn new() -> Self {
        Self { state: State::Start(First::new()), has_frame: false, has_scan: false }
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
            State::Start(start) => start.take(from).map(|_| State::Marker),
            State::Marker => Some(if byte(from) == 0xFF { State::Code } else { State::Broken(DAMAGED) }),
            State::Code => match byte(from) {
                0xFF => None,
                code => Some(self.begin(code)),
            },
            State::Length(length, code) => {
                let code = *code;
                let length = u64::from(u16::from_be_bytes(length.take(from)?));
                Some(length.checked_sub(2).map_or(State::Broken(DAMAGED), |left| self.segment(code, left)))
            }
            State::Frame(head, left) => {
                let left = *left;
                let [_, h0, h1, w0, w1] = head.take(from)?;
                let (width, height) = (u16::from_be_bytes([w0, w1]), u16::from_be_bytes([h0, h1]));
                // A height of 0 is given later, by a marker that decoders do not know (B.2.5).
                Some(match (width, height) {
                    (0, _) | (_, 0) => State::Broken(DAMAGED),
                    _ if too_many(width.into(), height.into()) => State::Broken(Flaw::TooManyPixels),
                    _ => self.body(left, FRAME),
                })
            }
            State::Body(left, code) => {
                let code = *code;
                skip(left, from).then(|| self.body(0, code))
            }
            State::Scan => {
                let marker = memchr(0xFF, from);
                *from = marker.map_or(&[], |at| &from[at + 1..]);
                marker.map(|_| State::ScanCode)
            }
            State::ScanCode => match byte(from) {
                0xFF => None,
                // A stuffed 0xFF, or a restart (B.1.1.5, B.2.1).
                0 | 0xD0..=0xD7 => Some(State::Scan),
                code => Some(self.begin(code)),
            },
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

    /// A marker (table B.1).
    const fn begin(&self, code: u8) -> State {
        match code {
            END if self.has_scan => State::Ended(Rest::new()),
            // Reserved ones, restarts outside a scan, a second start, an end without a picture.
            0..=0xBF | 0xD0..=0xD9 => State::Broken(DAMAGED),
            code => State::Length(First::new(), code),
        }
    }

    /// The length of a segment is known.
    fn segment(&mut self, code: u8, left: u64) -> State {
        match (code, left) {
            (0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF, 5..) => State::Frame(First::new(), left - 5),
            (0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF, _) => State::Broken(DAMAGED),
            (SCAN, _) if !self.has_frame => State::Broken(DAMAGED),
            _ => self.body(left, code),
        }
    }

    /// So much of a segment is left.
    const fn body(&mut self, left: u64, code: u8) -> State {
        self.has_frame |= code == FRAME;
        match (left, code) {
            (1.., _) => State::Body(left, code),
            (0, SCAN) => {
                self.has_scan = true;
                State::Scan
            }
            (0, _) => State::Marker,
        }
    }

    pub(crate) fn finish(self) -> Result<(), Flaw> {
        match self.state {
            State::Broken(flaw) => Err(flaw),
            State::Ended(rest) if rest.is_foreign() => Err(Flaw::Polyglot),
            State::Ended(_) => Ok(()),
            _ => Err(Flaw::Truncated(MediaType::Jpeg)),
        }
    }
}

const FRAME: u8 = 0xC0;
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;

/// The next byte, of which there is one.
const fn byte(from: &mut &[u8]) -> u8 {
    match from.split_first() {
        Some((first, rest)) => {
            *from = rest;
            *first
        }
        None => 0,
    }
}
