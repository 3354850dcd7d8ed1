//! HEIC (ISO/IEC 23008-12): boxes (ISO/IEC 14496-12) from `ftyp` to the end of the file.

use crate::first::{First, skip};
use crate::rest::{Rest, is_foreign};
use crate::{Flaw, MediaType};

/// Brands that promise pictures coded in HEVC (annex B.4): single ones, bursts, layers.
const HEVC: [&[u8; 4]; 8] = [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"];

/// Brands of the container alone; what it holds is said by the compatible brands. AVIF has these too.
const CONTAINER: [&[u8; 4]; 2] = [b"mif1", b"msf1"];

/// What has been seen of an ISO media file.
///
/// How large the picture is stands deep inside and is not judged: decoders of HEIC have limits of their own.
pub(crate) struct Heic {
    state: State,
    brands: Brands,
    /// Where the picture is described: `meta`, or `moov` of a burst.
    has_description: bool,
    /// Where its bytes are.
    has_media: bool,
}

enum State {
    /// Size and type of a box.
    Box(First<8>),
    /// The size of a box that is too large for 32 bits.
    LargeSize(First<8>),
    /// A brand in `ftyp`; so much of the box is left.
    Brand(First<4>, u64),
    Body(u64),
    /// The body of a box without a size, which ends with the file: whether it was cut cannot be told.
    ToEnd,
    Behind(Rest),
    Broken(Flaw),
}

/// What `ftyp` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brands {
    /// Nothing yet.
    Awaited,
    /// The minor version follows, which is no brand.
    Major {
        hevc: bool,
    },
    /// A container, unless a compatible brand follows.
    Undecided,
    Hevc,
    /// Something else: a video, AVIF.
    Foreign,
}

const DAMAGED: Flaw = Flaw::Damaged(MediaType::Heic);

impl Heic {
    pub(crate) const fn new() -> Self {
        Self { state: State::Box(First::new()), brands: Brands::Awaited, has_description: false, has_media: false }
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
            State::Box(head) => {
                let head = head.take(from)?;
                Some(self.begin(head))
            }
            State::LargeSize(size) => {
                let size = u64::from_be_bytes(size.take(from)?);
                Some(size.checked_sub(16).map_or(State::Broken(DAMAGED), body))
            }
            State::Brand(brand, left) => {
                let left = *left;
                let brand = brand.take(from)?;
                self.brands = self.brands.and(brand);
                Some(if left == 0 { State::Box(First::new()) } else { State::Brand(First::new(), left - 4) })
            }
            State::Body(left) => skip(left, from).then(|| State::Box(First::new())),
            State::Behind(rest) => {
                rest.take(from);
                *from = &[];
                None
            }
            State::ToEnd | State::Broken(_) => {
                *from = &[];
                None
            }
        }
    }

    /// A box begins (4.2).
    fn begin(&mut self, head: [u8; 8]) -> State {
        let [a, b, c, d, kind @ ..] = head;
        let size = u64::from(u32::from_be_bytes([a, b, c, d]));
        if self.brands == Brands::Awaited {
            // `ftyp`, or this would not have begun. Its size: two fields and any number of brands of four bytes.
            return match size.checked_sub(8) {
                Some(left @ 8..) if left % 4 == 0 => State::Brand(First::new(), left - 4),
                _ => State::Broken(Flaw::UnknownType),
            };
        }
        if is_foreign(&head) || !kind.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            let mut rest = Rest::new();
            rest.take(&head);
            return State::Behind(rest);
        }
        self.has_description |= matches!(&kind, b"meta" | b"moov");
        self.has_media |= kind == *b"mdat";
        match size {
            0 => State::ToEnd,
            1 => State::LargeSize(First::new()),
            2..8 => State::Broken(DAMAGED),
            8.. => body(size - 8),
        }
    }

    pub(crate) fn finish(self) -> Result<(), Flaw> {
        if !matches!(self.brands, Brands::Hevc | Brands::Major { hevc: true }) {
            return Err(Flaw::UnknownType);
        }
        let is_whole = self.has_description && self.has_media;
        match self.state {
            State::Broken(flaw) => Err(flaw),
            State::Behind(rest) if rest.is_foreign() => Err(Flaw::Polyglot),
            State::Behind(_) => Err(Flaw::Trailing(MediaType::Heic)),
            State::ToEnd if is_whole => Ok(()),
            State::Box(head) if is_whole && head.so_far().is_empty() => Ok(()),
            _ => Err(Flaw::Truncated(MediaType::Heic)),
        }
    }
}

/// The body of a box, or the next box when there is none.
const fn body(left: u64) -> State {
    if left == 0 { State::Box(First::new()) } else { State::Body(left) }
}

impl Brands {
    /// With one more field of `ftyp`: the major brand, the minor version, then compatible brands.
    fn and(self, field: [u8; 4]) -> Self {
        let is_hevc = HEVC.contains(&&field);
        match self {
            Self::Awaited if is_hevc || CONTAINER.contains(&&field) => Self::Major { hevc: is_hevc },
            Self::Awaited => Self::Foreign,
            Self::Major { hevc: true } => Self::Hevc,
            Self::Major { hevc: false } => Self::Undecided,
            Self::Undecided if is_hevc => Self::Hevc,
            decided => decided,
        }
    }
}
