//! Small fields out of a stream.

/// The next `N` bytes of a stream that comes in pieces.
pub(crate) struct First<const N: usize> {
    bytes: [u8; N],
    filled: usize,
}

impl<const N: usize> First<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], filled: 0 }
    }

    /// Moves bytes here. When all `N` are there, they are returned, once, and the next field may begin.
    pub(crate) fn take(&mut self, from: &mut &[u8]) -> Option<[u8; N]> {
        let missing = (N - self.filled).min(from.len());
        let (mine, rest) = from.split_at(missing);
        self.bytes[self.filled..self.filled + missing].copy_from_slice(mine);
        self.filled += missing;
        *from = rest;
        if self.filled < N {
            return None;
        }
        self.filled = 0;
        Some(self.bytes)
    }

    /// What has come so far of the field.
    pub(crate) fn so_far(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

/// Passes over as much of `left` as there is. True when all of it was passed.
pub(crate) fn skip(left: &mut u64, from: &mut &[u8]) -> bool {
    let passed = usize::try_from(*left).unwrap_or(usize::MAX).min(from.len());
    *from = &from[passed..];
    *left -= passed as u64;
    *left == 0
}
