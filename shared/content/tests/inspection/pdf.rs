//! PDF: headers, encryption, ends.

use content::{Flaw, MediaType};

use crate::{made, sample, verdict};

const PDF: Result<MediaType, Flaw> = Ok(MediaType::Pdf);
const TRUNCATED: Result<MediaType, Flaw> = Err(Flaw::Truncated(MediaType::Pdf));

fn replaced(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "offsets must stay");
    let at = file.windows(from.len()).position(|window| window == from.as_bytes()).expect("the text is there");
    [&file[..at], to.as_bytes(), &file[at + to.len()..]].concat()
}

#[test]
fn every_published_version_is_accepted_and_no_other() {
    let file = made::pdf("");
    for version in ["1.0", "1.3", "1.4", "1.7", "2.0"] {
        assert_eq!(verdict(&replaced(&file, "1.7", version)), PDF, "{version}");
    }
    for version in ["0.9", "1.8", "2.1", "3.0", "1,4", "abc"] {
        assert_eq!(verdict(&replaced(&file, "1.7", version)), Err(Flaw::UnknownType), "{version}");
    }
}

#[test]
fn nothing_may_stand_in_front_of_the_header() {
    for front in [&b"\n"[..], b" ", b"\xEF\xBB\xBF", b"junk\n", b"<html>", b"HTTP/1.1 200 OK\r\n\r\n"] {
        assert_eq!(verdict(&[front, &made::pdf("")].concat()), Err(Flaw::UnknownType));
    }
}

#[test]
fn an_encrypted_file_is_refused_with_any_cipher_and_any_kind_of_cross_references_with_or_without_a_password() {
    for file in [sample!("aes128.pdf"), sample!("aes256-xref-stream.pdf"), sample!("rc4-linearized.pdf")] {
        assert_eq!(verdict(file), Err(Flaw::EncryptedPdf));
    }
}

#[test]
fn both_forms_of_the_encryption_entry_count_in_every_spelling() {
    for entry in [
        "/Encrypt 9 0 R",
        "/Encrypt\r\n9\r\n0\r\nR",
        "/Encrypt<</Filter/Standard>>",
        "/#45ncrypt 9 0 R",
        "/E#6Ecr#79pt 9 0 R",
    ] {
        assert_eq!(verdict(&made::pdf(entry)), Err(Flaw::EncryptedPdf), "{entry}");
    }
}

#[test]
fn what_only_looks_like_an_encryption_entry_is_accepted() {
    for entry in ["/Encrypt null", "/EncryptMetadata false", "/X(/Encrypt)", "/X/Encrypt", "/NoEncrypt 9 0 R"] {
        assert_eq!(verdict(&made::pdf(entry)), PDF, "{entry}");
    }
    assert_eq!(verdict(&made::pdf_with_stream("", b"BT (about the key /Encrypt of a trailer) Tj ET")), PDF);
}

#[test]
fn encryption_is_told_even_when_the_end_is_missing() {
    let file = sample!("rc4-linearized.pdf");
    assert_eq!(verdict(&file[..file.len() - 30]), Err(Flaw::EncryptedPdf));
}

#[test]
fn a_linearized_file_that_ends_before_its_length_is_truncated_even_at_an_end_marker() {
    let file = sample!("linearized.pdf");
    let first_end = file.windows(5).position(|window| window == b"%%EOF").expect("there are two ends") + 5;
    assert!(first_end < file.len() / 2);
    assert_eq!(verdict(&file[..first_end]), TRUNCATED);
    // Not even when its first end leads somewhere.
    let forged = replaced(&file[..first_end], "\n0\n%%EOF", "\n9\n%%EOF");
    assert_eq!(verdict(&forged), TRUNCATED);
}

#[test]
fn a_file_that_was_changed_is_whole_with_its_change_and_truncated_within_it() {
    let first = made::pdf("");
    let change =
        format!("5 0 obj\n<<>>\nendobj\nxref\n5 1\n{:010} 00000 n \ntrailer\n<</Root 1 0 R/Prev 9>>\n", first.len());
    let end = format!("startxref\n{}\n%%EOF", first.len() + 20);
    let changed = [&first, change.as_bytes(), end.as_bytes()].concat();
    assert_eq!(verdict(&changed), PDF);
    for length in first.len() + 1..changed.len() {
        assert_eq!(verdict(&changed[..length]), TRUNCATED, "{length}");
    }
    assert_eq!(verdict(&first), PDF, "the earlier state of the document is one too");
}

#[test]
fn an_offset_that_leads_behind_itself_tells_of_missing_bytes() {
    let file = made::pdf("");
    let middle_is_missing = [&file[..100], &file[file.len() - 40..]].concat();
    assert_eq!(verdict(&middle_is_missing), TRUNCATED);
    assert_eq!(verdict(b"%PDF-1.4\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF"), TRUNCATED, "nothing stands at 0");
}

#[test]
fn white_space_and_zeros_may_follow_the_end_and_nothing_else() {
    let file = made::pdf("");
    for rest in [&b"\r\n\r\n"[..], b"\0", &[0; 5000], b" \t\x0C"] {
        assert_eq!(verdict(&[&file, rest].concat()), PDF);
    }
    for rest in [&b"a"[..], b"\n\xFF", b"--boundary--", &[&[0; 5000][..], b"y"].concat()] {
        assert_eq!(verdict(&[&file, rest].concat()), Err(Flaw::Trailing(MediaType::Pdf)));
    }
}

#[test]
fn a_file_without_a_trailer_that_leads_to_the_document_is_damaged() {
    let file = replaced(&made::pdf(""), "/Root 1 0 R", "/Boot 1 0 R");
    assert_eq!(verdict(&file), Err(Flaw::Damaged(MediaType::Pdf)));
}

#[test]
fn scripts_and_embedded_files_are_for_the_malware_scan() {
    for entry in ["/OpenAction<</S/JavaScript/JS(app.alert(1))>>", "/AF[9 0 R]/Names<</EmbeddedFiles 8 0 R>>"] {
        assert_eq!(verdict(&made::pdf(entry)), PDF, "{entry}");
    }
}
