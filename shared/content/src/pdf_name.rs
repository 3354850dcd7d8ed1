//! Names in a PDF and what stands behind them.
//!
//! The dictionaries that matter (trailer, cross-reference stream, linearization) are never compressed and never
//! encrypted, so a scan for their keys finds them wherever they stand: at the end, in the middle (the cross-reference
//! stream of a large file), at the start (linearized files), without the random access that a reader has. The scan does
//! not skip binary streams: to do so it would have to trust their lengths, and a wrong one would hide what follows. A
//! key counts only with a value of its kind behind it; that `/Encrypt 12 0 R` stands in compressed data by chance is
//! out of the question, and a PDF that embeds an encrypted one without compression is not readable as a whole either.

use memchr::memchr;

/// A value behind a name, as far as it is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `<<`.
    Dictionary,
    /// `12 0 R`.
    Reference,
    /// `12`.
    Number(u64),
}

/// The longest name of interest is `Linearized`; each of its characters may be written as `#` and two digits.
const LONGEST: usize = 30;

/// Finds names and their values in a stream.
pub(crate) struct Names {
    name: [u8; LONGEST],
    length: usize,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Elsewhere,
    Name,
    BeforeValue,
    HalfDictionary,
    Number(u64),
    BehindNumber(u64),
    Generation(u64),
    BehindGeneration(u64),
}

impl Names {
    pub(crate) const fn new() -> Self {
        Self { name: [0; LONGEST], length: 0, state: State::Elsewhere }
    }

    /// Reads on until a name with a value (`from` begins behind it) or until `from` ends.
    pub(crate) fn next(&mut self, from: &mut &[u8]) -> Option<(Name, Value)> {
        while let Some(&byte) = from.first() {
            if matches!(self.state, State::Elsewhere) {
                // A name begins; what precedes it is passed.
                *from = &from[memchr(b'/', from).unwrap_or(from.len())..];
                if !from.is_empty() {
                    *from = &from[1..];
                    self.length = 0;
                    self.state = State::Name;
                }
                continue;
            }
            let (state, value) = self.step(byte);
            self.state = state;
            // A byte that ends a name or a value may begin the next one, and is read again.
            if !matches!(state, State::Elsewhere) {
                *from = &from[1..];
            }
            if let Some(value) = value {
                return Some((self.name(), value));
            }
        }
        None
    }

    fn step(&mut self, byte: u8) -> (State, Option<Value>) {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
        let space = is_space(byte);
        match (self.state, digit) {
            (State::Name, _) if !space && !is_delimiter(byte) => {
                // Most slashes of a file stand in compressed data; the first byte settles nearly all of them.
                let is_hopeless = self.length == 0 && !matches!(byte, b'E' | b'L' | b'R' | b'#');
                if is_hopeless || self.length == LONGEST {
                    return (State::Elsewhere, None);
                }
                self.name[self.length] = byte;
                self.length += 1;
                (State::Name, None)
            }
            (State::Name | State::BeforeValue, _) if space => (State::BeforeValue, None),
            (State::Name | State::BeforeValue, _) if byte == b'<' => (State::HalfDictionary, None),
            (State::BeforeValue, Some(digit)) => (State::Number(digit), None),
            (State::HalfDictionary, _) if byte == b'<' => (State::Elsewhere, Some(Value::Dictionary)),
            (State::Number(n), Some(digit)) => (State::Number(n.saturating_mul(10).saturating_add(digit)), None),
            (State::Number(n) | State::BehindNumber(n), None) if space => (State::BehindNumber(n), None),
            (State::BehindNumber(n) | State::Generation(n), Some(_)) => (State::Generation(n), None),
            (State::Generation(n) | State::BehindGeneration(n), None) if space => (State::BehindGeneration(n), None),
            (State::BehindGeneration(_), _) if byte == b'R' => (State::Elsewhere, Some(Value::Reference)),
            (State::Number(n) | State::BehindNumber(n) | State::Generation(n) | State::BehindGeneration(n), _) => {
                (State::Elsewhere, Some(Value::Number(n)))
            }
            _ => (State::Elsewhere, None),
        }
    }

    /// The name, `#` and two digits read as the character that they stand for (ISO 32000-1, 7.3.5).
    fn name(&self) -> Name {
        let mut raw = self.name[..self.length].iter().copied();
        let mut name = [0; LONGEST];
        let mut length = 0;
        while let Some(byte) = raw.next() {
            let hex = |digit: Option<u8>| digit.and_then(|digit| char::from(digit).to_digit(16));
            let mut ahead = raw.clone();
            name[length] = match (byte, hex(ahead.next()), hex(ahead.next())) {
                (b'#', Some(high), Some(low)) => {
                    raw = ahead;
                    (high * 16 + low) as u8
                }
                _ => byte,
            };
            length += 1;
        }
        match &name[..length] {
            b"Encrypt" => Name::Encrypt,
            b"L" => Name::Length,
            b"Linearized" => Name::Linearized,
            b"Root" => Name::Root,
            _ => Name::Other,
        }
    }
}

/// The names of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// In a trailer: how the document is encrypted (ISO 32000-1, table 15).
    Encrypt,
    /// In a linearization dictionary: the length of the file (table F.1).
    Length,
    /// A linearization dictionary.
    Linearized,
    /// In a trailer: where the document begins; required (table 15).
    Root,
    Other,
}

/// White space of PDF (ISO 32000-1, table 1).
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | b'\x0C' | b'\r' | b' ')
}

/// Delimiters of PDF (table 2).
const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, piece: usize) -> Vec<(Name, Value)> {
        let mut names = Names::new();
        let mut found = Vec::new();
        for mut chunk in text.as_bytes().chunks(piece) {
            while let Some(pair) = names.next(&mut chunk) {
                found.push(pair);
            }
        }
        found
    }

    #[test]
    fn names_are_found_with_references_dictionaries_and_numbers_wherever_the_text_is_cut() {
        let text =
            "<</Root 1 0 R/Encrypt<</V 4>>/L 0042>> /Encrypt\n12\r\n0 R /#45ncryp#74 7 0 R /Root 9 /Encrypt 5/L 1 2 ";
        let expected = [
            (Name::Root, Value::Reference),
            (Name::Encrypt, Value::Dictionary),
            (Name::Length, Value::Number(42)),
            (Name::Encrypt, Value::Reference),
            (Name::Encrypt, Value::Reference),
            (Name::Root, Value::Number(9)),
            (Name::Encrypt, Value::Number(5)),
        ];
        for piece in 1..text.len() {
            assert_eq!(all(text, piece), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn longer_names_strings_and_other_values_are_not_taken_for_the_key() {
        for text in [
            "/EncryptMetadata 5 0 R ",
            "/Encrypt null ",
            "/Encrypt(<<) ",
            "/Encrypt <ab> ",
            "/Encrypt /X 1 0 R ",
            "Encrypt 5 0 R ",
        ] {
            assert!(!all(text, 100).iter().any(|(name, _)| *name == Name::Encrypt), "{text}");
        }
    }
}
