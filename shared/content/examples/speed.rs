//! How fast files are judged, a measurement: `cargo run --release -p content --example speed`.

#[path = "../tests/inspection/made.rs"]
#[allow(dead_code, reason = "the tests make more of them")]
mod made;

use std::time::Instant;

use content::{Inspector, MediaType};
use sha2::{Digest, Sha256};

const SIZE: usize = 50 << 20;

/// Noise without an end: xorshift, so that it is the same in every run.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(size).collect()
}

/// 50 MiB in pieces of 16 KiB.
fn main() {
    let noise = noise(SIZE);
    let stuffed: Vec<u8> = noise.iter().map(|&byte| if byte == 0xFF { 0xFE } else { byte }).collect();
    let jpeg = made::jpeg(1, 1, b"");
    let at = jpeg.len() - 3;
    let pixels: Vec<Vec<u8>> = noise.chunks(8192).map(|bytes| made::chunk(*b"IDAT", bytes)).collect();
    let files = [
        ("PDF", MediaType::Pdf, made::pdf_with_stream("", &noise)),
        ("JPEG", MediaType::Jpeg, [&jpeg[..at], &stuffed, &jpeg[at..]].concat()),
        ("PNG", MediaType::Png, made::png(&[made::ihdr(9, 9), pixels.concat(), made::chunk(*b"IEND", b"")])),
        ("HEIC", MediaType::Heic, [made::heif(*b"heic", &[]), made::iso_box(*b"mdat", &noise)].concat()),
    ];
    let begun = Instant::now();
    let hash = noise.chunks(16 << 10).fold(Sha256::new(), Sha256::chain_update).finalize();
    println!("SHA-256 alone: {} MB/s ({:02x})", SIZE as u128 / begun.elapsed().as_micros(), hash[0]);
    for (name, kind, file) in files {
        let begun = Instant::now();
        let mut inspector = Inspector::new(2 * SIZE as u64);
        file.chunks(16 << 10).for_each(|chunk| inspector.take(chunk));
        let inspection = inspector.finish();
        let micros = begun.elapsed().as_micros();
        assert_eq!(inspection.verdict, Ok(kind));
        println!("{name}: {} MB/s", file.len() as u128 / micros);
    }
}
