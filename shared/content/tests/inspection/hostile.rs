//! Every cut, every flipped bit, anything at all.

use std::time::{Duration, Instant};

use content::{Flaw, Inspector, MediaType, inspect};
use proptest::prelude::*;

use crate::{LIMIT, WHOLE, made, verdict};

#[test]
fn no_beginning_of_a_file_passes_for_the_whole() {
    for (file, kind) in WHOLE {
        for length in 1..file.trim_ascii_end().len() {
            match verdict(&file[..length]) {
                Err(Flaw::Truncated(found)) => assert_eq!(found, kind, "{length}"),
                // Too little to know what it was going to be: the bytes that tell, or the brands of a HEIC.
                Err(Flaw::UnknownType) => assert!(length < 12, "{kind} of {length}"),
                other => panic!("{kind} of {length}: {other:?}"),
            }
        }
    }
}

#[test]
fn no_flipped_bit_of_a_png_passes() {
    for (file, _) in WHOLE.into_iter().filter(|(_, kind)| *kind == MediaType::Png) {
        for bit in 0..file.len() * 8 {
            let mut flipped = file.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(verdict(&flipped).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn no_flipped_bit_makes_one_format_another() {
    for (file, kind) in WHOLE {
        for bit in 0..file.len() * 8 {
            let mut flipped = file.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(found) = verdict(&flipped) {
                assert_eq!(found, kind, "bit {bit}");
            }
        }
    }
}

/// Beginnings that lead into each format.
fn starts() -> impl Strategy<Value = Vec<u8>> {
    let starts: Vec<Vec<u8>> = WHOLE.iter().map(|(file, _)| file[..file.len() / 2].to_vec()).collect();
    prop_oneof![Just(Vec::new()), prop::sample::select(starts)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_never_a_document(start in starts(), bytes in prop::collection::vec(any::<u8>(), 1..5000)) {
        let verdict = verdict(&[start, bytes].concat());
        prop_assert!(verdict.is_err(), "{:?}", verdict);
    }
}

/// Bytes that keep each of the searches busiest, without end.
#[test]
fn time_is_linear_in_the_worst_case() {
    const SIZE: usize = 512 << 10;
    let repeated = |start: &[u8], pattern: &[u8]| {
        let mut file = start.to_vec();
        file.extend(pattern.iter().copied().cycle().take(SIZE));
        file
    };
    let boxes = made::heif(*b"heic", &[]);
    let png_start = made::png(&[made::ihdr(1, 1)]);
    let files = [
        repeated(b"%PDF-1.7\n", b"/"),
        repeated(b"%PDF-1.7\n", b"s"),
        repeated(b"%PDF-1.7\n", b"startxre"),
        repeated(b"%PDF-1.7\n", b"startxref 1 %%EOF "),
        repeated(b"%PDF-1.7\n", b"/Encrypt 1 0 "),
        repeated(b"%PDF-1.7\n", b"/L 1111111111111111111111111111111111"),
        repeated(b"%PDF-1.7\n", b"PK\x05\x06"),
        repeated(b"%PDF-1.7\n", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        repeated(b"%PDF-1.7\nstartxref 1 %%EOF", b" "),
        repeated(b"\xFF\xD8\xFF\xE0\x00\x02", b"\xFF\xE0\x00\x02"),
        repeated(b"\xFF\xD8", b"\xFF"),
        repeated(&made::jpeg(1, 1, b""), b"\0"),
        repeated(&png_start, &made::chunk(*b"teXt", b"")),
        repeated(&boxes, &made::iso_box(*b"free", b"")),
        repeated(b"\xFF\xFF\xFF\xFCftypmif1\0\0\0\0", b"mif1"),
    ];
    for (number, file) in files.iter().enumerate() {
        for (piece, size) in [(1, SIZE / 8), (4093, SIZE), (SIZE, SIZE)] {
            let file = &file[..size];
            let begun = Instant::now();
            let mut inspector = Inspector::new(LIMIT);
            file.chunks(piece).for_each(|chunk| inspector.take(chunk));
            let inspection = inspector.finish();
            // Quadratic would be half a minute and more; unoptimised code on a busy machine takes about a second.
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "file {number} in pieces of {piece}: {:?}",
                begun.elapsed()
            );
            assert_eq!(inspection, inspect(file, LIMIT), "file {number} in pieces of {piece}");
        }
    }
}
