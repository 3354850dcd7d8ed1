//! What is accepted, and what is known for what it is.

use content::{Flaw, MediaType, inspect};

use crate::{LIMIT, WHOLE, made, sample, verdict};

#[test]
fn whole_files_of_other_software_are_what_they_are() {
    for (at, (file, kind)) in WHOLE.into_iter().enumerate() {
        assert_eq!(verdict(file), Ok(kind), "number {at}");
    }
}

#[test]
fn a_file_is_judged_by_its_bytes_whatever_it_is_declared_as() {
    for (file, found) in WHOLE {
        for declared in MediaType::ALL {
            let expected = if declared == found { Ok(found) } else { Err(Flaw::OtherType { declared, found }) };
            assert_eq!(inspect(file, LIMIT).declared(declared), expected);
        }
    }
    let text = inspect(b"just a text, long enough", LIMIT);
    assert_eq!(text.declared(MediaType::Pdf), Err(Flaw::UnknownType));
}

#[test]
fn no_bytes_are_empty() {
    assert_eq!(verdict(b""), Err(Flaw::Empty));
    assert_eq!(inspect(b"", 0).verdict, Err(Flaw::Empty));
}

#[test]
fn other_formats_are_unknown() {
    let gzip = b"\x1F\x8B\x08\0\0\0\0\0\0\x03\x4B\x04\0\x43\xBE\xB7\xE8\x01\0\0\0";
    let others: [&[u8]; 14] = [
        b"%",
        b"PDF",
        &[0; 100],
        b"just a text, long enough",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xFF\xFF",
        b"RIFF\x24\0\0\0WAVEfmt ",
        gzip,
        &made::zip(),
        &made::heif(*b"isom", &[b"isom", b"mp42"]),
        &made::heif(*b"avif", &[b"mif1", b"miaf"]),
        sample!("dot.avif"),
        sample!("dot.gif"),
    ];
    for (at, file) in others.into_iter().enumerate() {
        assert_eq!(verdict(file), Err(Flaw::UnknownType), "number {at}");
    }
}

#[test]
fn every_flaw_is_a_rule_for_people() {
    let flaws = [
        Flaw::Empty,
        Flaw::TooLarge(5),
        Flaw::UnknownType,
        Flaw::OtherType { declared: MediaType::Pdf, found: MediaType::Jpeg },
        Flaw::EncryptedPdf,
        Flaw::Truncated(MediaType::Pdf),
        Flaw::Damaged(MediaType::Png),
        Flaw::Trailing(MediaType::Png),
        Flaw::Polyglot,
        Flaw::TooManyPixels,
    ];
    for flaw in flaws {
        assert!(flaw.to_string().starts_with("must "), "{flaw}");
    }
}
