//! JPEG, PNG, HEIC, WebP: structures and sizes.

use content::{Flaw, MediaType};

use crate::made::{chunk, heif, ihdr, iso_box, jpeg, png, riff_chunk, webp};
use crate::{sample, verdict};

fn damaged(kind: MediaType) -> Result<MediaType, Flaw> {
    Err(Flaw::Damaged(kind))
}

#[test]
fn a_jpeg_may_carry_what_phones_put_behind_the_picture() {
    let photo = jpeg(4000, 3000, b"\xFF\xE1\x00\x08Exif\0\0");
    assert_eq!(verdict(&photo), Ok(MediaType::Jpeg));
    let second_picture = sample!("gray.jpg");
    let video = [iso_box(*b"ftyp", b"mp42\0\0\0\0isommp42"), iso_box(*b"mdat", &[5; 99])].concat();
    let samsung = b"\0\0\x01\x0A\x0E\0\0\0Image_UTC_Data1700000000000\
        SEFHk\0\0\0\x01\0\0\0\0\0\x01\x0A\x23\0\0\0\x23\0\0\0\x18\0\0\0SEFT";
    for trailer in [second_picture, &video, &samsung[..], &[0; 512], &[second_picture, &samsung[..]].concat()] {
        assert_eq!(verdict(&[&photo, trailer].concat()), Ok(MediaType::Jpeg));
    }
}

#[test]
fn a_thumbnail_does_not_end_a_jpeg() {
    let thumbnail = [b"\xFF\xE1\x01\x4E".as_slice(), sample!("gray.jpg")].concat();
    let photo = jpeg(8, 8, &thumbnail);
    assert_eq!(verdict(&photo), Ok(MediaType::Jpeg));
    assert_eq!(verdict(&photo[..thumbnail.len() + 10]), Err(Flaw::Truncated(MediaType::Jpeg)));
}

#[test]
fn a_jpeg_has_a_frame_and_a_scan() {
    for file in [
        &b"\xFF\xD8\xFF\xD9, and nothing"[..],
        b"\xFF\xD8\xFF\xDA\x00\x08\x01\x01\x00\x00\x3F\x00\x12\xFF\xD9",
        b"\xFF\xD8\xFF\xE0\x00\x01 a length below 2",
        b"\xFF\xD8\xFF\xD8\xFF\xE0 two starts",
        b"\xFF\xD8\xFF\xFE\x00\x04abno marker here",
        &jpeg(0, 8, b""),
        &jpeg(8, 0, b""),
    ] {
        assert_eq!(verdict(file), damaged(MediaType::Jpeg));
    }
}

#[test]
fn a_picture_may_have_2_to_the_28_pixels_and_no_more() {
    let canvas = |side: u32| {
        let side = (side - 1).to_le_bytes();
        riff_chunk(*b"VP8X", &[&[0; 4], &side[..3], &side[..3]].concat())
    };
    let picture = riff_chunk(*b"VP8L", b"\x2F\0\0\0\0\x88\x88\x08\0\0");
    let pixels = |width, height| png(&[ihdr(width, height), chunk(*b"IDAT", b"x"), chunk(*b"IEND", b"")]);
    assert_eq!(verdict(&jpeg(16384, 16384, b"")), Ok(MediaType::Jpeg));
    assert_eq!(verdict(&pixels(16384, 16384)), Ok(MediaType::Png));
    assert_eq!(verdict(&webp(&[canvas(16384), picture.clone()])), Ok(MediaType::Webp));
    for bomb in [
        jpeg(16384, 16385, b""),
        jpeg(65535, 65535, b""),
        pixels(16385, 16384),
        pixels(i32::MAX as u32, i32::MAX as u32),
        webp(&[canvas(16385), picture.clone()]),
        webp(&[canvas(1 << 24), picture]),
    ] {
        assert_eq!(verdict(&bomb), Err(Flaw::TooManyPixels));
    }
}

#[test]
fn a_png_is_a_header_then_pixels_then_its_end() {
    let (head, pixels, end) = (ihdr(1, 1), chunk(*b"IDAT", b"x"), chunk(*b"IEND", b""));
    let text = chunk(*b"tEXt", b"Title\0x");
    let whole = png(&[head.clone(), text.clone(), pixels.clone(), pixels.clone(), end.clone()]);
    assert_eq!(verdict(&whole), Ok(MediaType::Png));
    let mut wrong_sum = pixels.clone();
    *wrong_sum.last_mut().expect("a checksum") ^= 1;
    for chunks in [
        vec![head.clone(), end.clone()],
        vec![text, head.clone(), pixels.clone(), end.clone()],
        vec![head.clone(), head.clone(), pixels.clone(), end.clone()],
        vec![head.clone(), wrong_sum, end.clone()],
        vec![head.clone(), pixels.clone(), chunk(*b"IEND", b"x")],
        vec![head, chunk(*b"ID T", b"x"), end.clone()],
        vec![ihdr(0, 1), pixels.clone(), end.clone()],
        vec![chunk(*b"IHDR", b"\0\0\0\x01\0\0\0\x01\x03\0\0\0\0"), pixels, end],
    ] {
        assert_eq!(verdict(&png(&chunks)), damaged(MediaType::Png));
    }
    for rest in [&b"\0"[..], b"\n", b"left behind by a crop"] {
        assert_eq!(verdict(&[&whole, rest].concat()), Err(Flaw::Trailing(MediaType::Png)));
    }
}

#[test]
fn a_heic_is_known_by_its_brands() {
    for (major, compatible) in
        [(b"heic", &[b"mif1"][..]), (b"mif1", &[b"mif1", b"heic"]), (b"msf1", &[b"hevc"]), (b"heix", &[])]
    {
        assert_eq!(verdict(&heif(*major, compatible)), Ok(MediaType::Heic));
    }
    for (major, compatible) in
        [(b"mif1", &[b"mif1", b"avif"][..]), (b"isom", &[b"heic"]), (b"mif1", &[]), (b"qt  ", &[])]
    {
        assert_eq!(verdict(&heif(*major, compatible)), Err(Flaw::UnknownType));
    }
    let no_brand_but_a_version = heif(*b"mif1", &[]);
    let version = [&no_brand_but_a_version[..12], b"heic", &no_brand_but_a_version[16..]].concat();
    assert_eq!(verdict(&version), Err(Flaw::UnknownType));
}

#[test]
fn a_heic_is_boxes_to_its_very_end() {
    let file = heif(*b"heic", &[b"mif1"]);
    let large = [&1_u32.to_be_bytes()[..], b"mpvd", &20_u64.to_be_bytes(), b"1234"].concat();
    let to_the_end = [&0_u32.to_be_bytes()[..], b"free", b"whatever"].concat();
    for more in [iso_box(*b"free", b""), large, to_the_end] {
        assert_eq!(verdict(&[&file[..], &more].concat()), Ok(MediaType::Heic));
    }
    for rest in [&[0; 9][..], b"\0\0\0\x10\x01\x02\x03\x04", &[0xFF; 40]] {
        assert_eq!(verdict(&[&file[..], rest].concat()), Err(Flaw::Trailing(MediaType::Heic)));
    }
    let too_small = [&file[..], b"\0\0\0\x07free"].concat();
    assert_eq!(verdict(&too_small), damaged(MediaType::Heic));
    let cut = Err(Flaw::Truncated(MediaType::Heic));
    assert_eq!(verdict(&[&file[..], b"\0\0\x10\0free, much less"].concat()), cut);
    assert_eq!(verdict(&file[..file.len() - 41]), cut, "without its pixels");
}

#[test]
fn a_webp_is_as_long_as_it_says() {
    let picture = riff_chunk(*b"VP8L", b"\x2F\0\0\0\0\x88\x88\x08\0\0\0");
    let file = webp(&[picture.clone(), riff_chunk(*b"EXIF", b"abc")]);
    assert_eq!(verdict(&file), Ok(MediaType::Webp));
    assert_eq!(verdict(&[&file[..], b"\0"].concat()), Err(Flaw::Trailing(MediaType::Webp)));
    let mut unpadded = webp(std::slice::from_ref(&picture));
    unpadded.pop();
    unpadded[4] -= 1;
    assert_eq!(verdict(&unpadded), Ok(MediaType::Webp), "the last padding is often forgotten");
    for chunks in [
        vec![],
        vec![riff_chunk(*b"EXIF", b"abcd"), picture.clone()],
        vec![riff_chunk(*b"VP8X", &[0; 10])],
        vec![riff_chunk(*b"VP8L", b"\x2E\0\0\0\0\x88\x88\x08\0\0")],
        vec![riff_chunk(*b"VP8 ", b"\0\0\0\x9D\x01\x2B\x01\0\x01\0")],
        vec![riff_chunk(*b"VP8 ", b"tiny")],
        vec![b"VP8L\xFF\xFF\xFF\xFF\x2F\0\0\0\0\x88\x88\x08\0\0\0\0".to_vec()],
    ] {
        assert_eq!(verdict(&webp(&chunks)), damaged(MediaType::Webp));
    }
}
