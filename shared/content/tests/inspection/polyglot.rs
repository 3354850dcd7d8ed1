//! Files that are two.

use content::{Flaw, MediaType};

use crate::{WHOLE, made, sample, verdict};

const POLYGLOT: Result<MediaType, Flaw> = Err(Flaw::Polyglot);

#[test]
fn an_archive_behind_any_format_is_a_second_format() {
    for (file, kind) in WHOLE {
        assert_eq!(verdict(&[file, &made::zip()].concat()), POLYGLOT, "{kind}");
        let hidden_by_padding = [file, &made::zip(), &vec![0; 60_000]].concat();
        assert_eq!(verdict(&hidden_by_padding), POLYGLOT, "{kind}");
    }
}

#[test]
fn an_archive_inside_of_a_well_formed_file_is_a_second_format() {
    let zip = made::zip();
    let end = [made::chunk(*b"IDAT", b"x"), made::chunk(*b"IEND", b"")].concat();
    let in_png = made::png(&[made::ihdr(1, 1), made::chunk(*b"zzZz", &zip), end]);
    let comment = [b"\xFF\xFE", &(zip.len() as u16 + 2).to_be_bytes()[..], &zip].concat();
    let in_heic = [made::heif(*b"heic", &[]), made::iso_box(*b"free", &zip)].concat();
    let in_webp =
        made::webp(&[made::riff_chunk(*b"VP8L", b"\x2F\0\0\0\0\x88\x88\x08\0\0"), made::riff_chunk(*b"EXIF", &zip)]);
    for file in [in_png, made::jpeg(1, 1, &comment), in_heic, in_webp, made::pdf_with_stream("", &zip)] {
        assert_eq!(verdict(&file), POLYGLOT);
    }
}

#[test]
fn an_archive_out_of_reach_of_archive_readers_is_content() {
    let attached = [made::zip(), vec![b'x'; 70_000]].concat();
    assert_eq!(verdict(&made::pdf_with_stream("", &attached)), Ok(MediaType::Pdf));
}

#[test]
fn the_signature_of_an_archive_alone_is_none() {
    let record = [b"PK\x05\x06".as_slice(), &[0x5A; 40]].concat();
    assert_eq!(verdict(&made::pdf_with_stream("", &record)), Ok(MediaType::Pdf));
    let one_of_many_disks = b"PK\x05\x06\x5A\x5A\x5A\x5A\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    assert_eq!(verdict(&made::pdf_with_stream("", one_of_many_disks)), Ok(MediaType::Pdf));
}

#[test]
fn a_decoy_does_not_hide_an_archive() {
    let zip = made::zip();
    let at = zip.len() - 22;
    for gap in 0..22 {
        let decoyed = [&zip[..at], b"PK\x05\x06", &[0xAA; 22][..gap], &zip[at..]].concat();
        assert_eq!(verdict(&made::pdf_with_stream("", &decoyed)), POLYGLOT, "{gap}");
    }
}

#[test]
fn a_pdf_at_the_start_of_a_picture_is_a_second_format() {
    let pdf = made::pdf("");
    let comment = [b"\xFF\xFE", &(pdf.len() as u16 + 2).to_be_bytes()[..], &pdf].concat();
    let end = [made::chunk(*b"IDAT", b"x"), made::chunk(*b"IEND", b"")].concat();
    let in_png = made::png(&[made::ihdr(1, 1), made::chunk(*b"teXt", &pdf), end]);
    let in_heic = [made::heif(*b"heic", &[]), made::iso_box(*b"free", &pdf)].concat();
    for file in [made::jpeg(1, 1, &comment), in_png, in_heic] {
        assert_eq!(verdict(&file), POLYGLOT);
    }
    // Where no reader of PDF looks, it is content.
    let far = [b"\xFF\xFE\x10\x02", &[0; 4096][..], &comment].concat();
    assert_eq!(verdict(&made::jpeg(1, 1, &far)), Ok(MediaType::Jpeg));
}

#[test]
fn another_file_behind_the_end_is_a_second_format() {
    let padded_in_a_jpeg = [sample!("gray.jpg"), b"\0\0\n", sample!("plain.pdf")].concat();
    assert_eq!(verdict(&padded_in_a_jpeg), POLYGLOT);
    let second: [&[u8]; 9] = [
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"<?php system($_GET['c']); ?>",
        b"#!/bin/sh\nrm -r /\n",
        b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xFF\xFF",
        b"\x7FELF\x02\x01\x01\0\0\0\0\0",
        b"Rar!\x1A\x07\x01\0 and more",
        b"\x1F\x8B\x08\0\0\0\0\0\0\x03",
        sample!("dot.gif"),
        sample!("plain.pdf"),
    ];
    for (file, kind) in WHOLE {
        for (at, second) in second.into_iter().enumerate() {
            assert_eq!(verdict(&[file, second].concat()), POLYGLOT, "{kind} and number {at}");
        }
    }
}

#[test]
fn an_end_of_a_pdf_behind_another_file_does_not_hide_it() {
    let end = b"\nstartxref\n9\n%%EOF\n";
    assert_eq!(verdict(&[sample!("plain.pdf"), b"<html>", &end[..]].concat()), POLYGLOT);
}
