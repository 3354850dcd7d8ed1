//! Files made to a plan, where a file of other software would be too large or does not exist.

/// A PDF of one empty page with these further entries in its trailer.
pub(crate) fn pdf(trailer: &str) -> Vec<u8> {
    pdf_with_stream(trailer, b"")
}

/// A PDF whose page has that content.
pub(crate) fn pdf_with_stream(trailer: &str, stream: &[u8]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let content = [format!("<</Length {}>>\nstream\n", stream.len()).as_bytes(), stream, b"\nendstream"].concat();
    let objects: [&[u8]; 4] = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        &content,
    ];
    let mut offsets = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push(format!("{:010} 00000 n \n", file.len()));
        file.extend_from_slice(format!("{} 0 obj\n", number + 1).as_bytes());
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let at = file.len();
    let table = format!("xref\n0 5\n0000000000 65535 f \n{}", offsets.concat());
    file.extend_from_slice(
        format!("{table}trailer\n<</Size 5/Root 1 0 R{trailer}>>\nstartxref\n{at}\n%%EOF\n").as_bytes(),
    );
    file
}

/// One chunk of a PNG.
pub(crate) fn chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let checked = [&kind[..], body].concat();
    [&(body.len() as u32).to_be_bytes()[..], &checked, &crc32fast::hash(&checked).to_be_bytes()].concat()
}

/// `IHDR` of a gray picture of 8 bits.
pub(crate) fn ihdr(width: u32, height: u32) -> Vec<u8> {
    chunk(*b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat())
}

/// A PNG of these chunks.
pub(crate) fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1A\n", &chunks.concat()[..]].concat()
}

/// A JPEG that says it has that size, with these segments in front of its frame.
pub(crate) fn jpeg(width: u16, height: u16, segments: &[u8]) -> Vec<u8> {
    let size = [height.to_be_bytes(), width.to_be_bytes()].concat();
    let frame = [b"\xFF\xC0\x00\x0B\x08", &size[..], b"\x01\x01\x11\x00"].concat();
    let scan = b"\xFF\xDA\x00\x08\x01\x01\x00\x00\x3F\x00\x12\x34\xFF\x00\x56\xFF\xD0\x78";
    [b"\xFF\xD8", segments, &frame, scan, b"\xFF\xD9"].concat()
}

/// One chunk of a RIFF file, padded.
pub(crate) fn riff_chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&kind, &(body.len() as u32).to_le_bytes()[..], body, &[0][..body.len() % 2]].concat()
}

/// A WebP of these chunks.
pub(crate) fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    let chunks = chunks.concat();
    [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &chunks].concat()
}

/// One box of an ISO media file.
pub(crate) fn iso_box(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], &kind, body].concat()
}

/// An ISO media file with that major brand and these compatible ones.
pub(crate) fn heif(major: [u8; 4], compatible: &[&[u8; 4]]) -> Vec<u8> {
    let compatible: Vec<u8> = compatible.iter().flat_map(|brand| **brand).collect();
    let ftyp = iso_box(*b"ftyp", &[&major[..], &[0; 4], &compatible].concat());
    [ftyp, iso_box(*b"meta", &[0; 20]), iso_box(*b"mdat", &[7; 33])].concat()
}

/// A ZIP archive of one stored file.
pub(crate) fn zip() -> Vec<u8> {
    let crc = crc32fast::hash(b"x").to_le_bytes();
    let common = [&[0; 8][..], &crc, &[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]].concat();
    let local = [b"PK\x03\x04\x0A\x00", &common[..], b"ax"].concat();
    let entry = [b"PK\x01\x02\x0A\x00\x0A\x00", &common[..], &[0; 14], b"a"].concat();
    let (entry_size, offset) = ((entry.len() as u32).to_le_bytes(), (local.len() as u32).to_le_bytes());
    [&local[..], &entry, b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &entry_size, &offset, &[0; 2]].concat()
}
