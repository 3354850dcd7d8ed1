//! Pieces, limits, hashes.

use content::{Flaw, Inspection, Inspector, inspect};
use proptest::prelude::*;

use crate::{LIMIT, WHOLE, made, sample};

/// Files with something to find in each of the states of the judge.
fn files() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = WHOLE.iter().map(|(file, _)| file.to_vec()).collect();
    for encrypted in [sample!("aes128.pdf"), sample!("aes256-xref-stream.pdf"), sample!("rc4-linearized.pdf")] {
        files.push(encrypted.to_vec());
    }
    for rest in [&made::zip()[..], b"<html>", b"more", b"\n\n\0"] {
        files.extend(WHOLE.iter().map(|(file, _)| [file, rest].concat()));
    }
    files.push(made::pdf_with_stream("/#45ncrypt 5 0 R", &made::zip()));
    files.push(made::jpeg(9, 9, b"\xFF\xFE\x00\x0A%PDF-1.4"));
    files
}

fn in_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Inspection {
    let mut inspector = Inspector::new(LIMIT);
    for piece in pieces {
        inspector.take(piece);
    }
    inspector.finish()
}

#[test]
fn every_cut_in_two_and_every_size_of_pieces_gives_the_same_inspection() {
    for (number, file) in files().iter().enumerate() {
        let whole = inspect(file, LIMIT);
        for at in 0..=file.len() {
            let (front, back) = file.split_at(at);
            assert_eq!(in_pieces([front, back]), whole, "file {number} cut at {at}");
        }
        for size in 1..70 {
            assert_eq!(in_pieces(file.chunks(size)), whole, "file {number} in pieces of {size}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_pieces_of_an_altered_file_give_the_same_inspection(
        number in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let files = files();
        let mut file = files[number.index(files.len())].clone();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(file.len() + 1)).collect();
        cuts.extend([0, file.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &file[pair[0]..pair[1]]);
        prop_assert_eq!(in_pieces(pieces), inspect(&file, LIMIT));
    }
}

#[test]
fn a_file_is_as_long_as_the_limit_allows_and_one_byte_more_is_too_large() {
    let file = sample!("plain.pdf");
    let size = file.len() as u64;
    assert!(inspect(file, size).verdict.is_ok());
    assert_eq!(inspect(file, size - 1).verdict, Err(Flaw::TooLarge(size - 1)));
    assert_eq!(inspect(b"x", 0).verdict, Err(Flaw::TooLarge(0)));
}

#[test]
fn a_file_beyond_the_limit_is_still_counted_and_hashed() {
    let file = sample!("plain.pdf");
    let (small, large) = (inspect(file, 3), inspect(file, LIMIT));
    assert_eq!((small.size, small.sha256), (large.size, large.sha256));
    assert_eq!(large.size, file.len() as u64);
}

#[test]
fn the_hash_is_sha_256() {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex::encode(inspect(b"abc", LIMIT).sha256), abc);
}

#[test]
fn a_judge_needs_less_than_2_kib_whatever_it_is_given() {
    assert!(size_of::<Inspector>() < 2048, "{}", size_of::<Inspector>());
}
