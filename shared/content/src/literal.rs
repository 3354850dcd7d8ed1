//! A fixed text in a stream.

use memchr::memchr;

/// Finds a text whose first byte does not occur in it again, so that a failed attempt can be forgotten at once.
pub(crate) struct Literal {
    text: &'static [u8],
    matched: usize,
}

impl Literal {
    pub(crate) const fn new(text: &'static [u8]) -> Self {
        Self { text, matched: 0 }
    }

    /// Reads on until the text ends (true; `from` begins behind it) or `from` does.
    pub(crate) fn find(&mut self, from: &mut &[u8]) -> bool {
        while let Some(&byte) = from.first() {
            if byte == self.text[self.matched] {
                self.matched += 1;
                *from = &from[1..];
                if self.matched == self.text.len() {
                    self.matched = 0;
                    return true;
                }
            } else {
                self.matched = 0;
                *from = memchr(self.text[0], from).map_or(&[], |at| &from[at..]);
            }
        }
        false
    }
}
