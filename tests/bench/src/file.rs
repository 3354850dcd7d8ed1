//! Files of a chosen size, as documents are.

use std::iter::successors;

/// How much of a file is distinct: more than anything that reads it in pieces holds at a time.
const BLOCK: usize = 64 * 1024;

/// A valid PDF of exactly so many bytes, at least a few thousand. Nearly all of it is one stream that looks compressed,
/// as in the scans that people upload.
pub(crate) fn pdf_of(bytes: usize) -> Vec<u8> {
    let mut content = bytes;
    loop {
        let mut file = pdf_with(content);
        if file.len() <= bytes {
            // A number with a digit less may leave it a little short.
            file.resize(bytes, b'\n');
            return file;
        }
        content -= file.len() - bytes;
    }
}

fn pdf_with(content: usize) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    let dictionary = format!("<< /Length {content} /Filter /FlateDecode >>\nstream\n");
    let stream = noise(BLOCK).into_iter().cycle().take(content);
    let objects: [Vec<u8>; 4] = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << >> >>".to_vec(),
        dictionary.into_bytes().into_iter().chain(stream).chain(*b"\nendstream").collect(),
    ];
    for (number, object) in (1..).zip(&objects) {
        offsets.push(file.len());
        file.extend(format!("{number} 0 obj\n").into_bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let xref = file.len();
    file.extend(b"xref\n0 5\n0000000000 65535 f \n");
    for offset in offsets {
        file.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    file.extend(format!("trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{xref}\n%%EOF\n").into_bytes());
    file
}

/// Bytes without order, the same each time (xorshift).
fn noise(bytes: usize) -> Vec<u8> {
    let next = |state: &u64| {
        let mut state = *state;
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(state)
    };
    successors(Some(0x9e37_79b9_7f4a_7c15), next).flat_map(u64::to_le_bytes).take(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_size_that_was_asked_for() {
        for size in [4_000, 100_000, 4 * 1024 * 1024] {
            let file = pdf_of(size);
            assert_eq!(file.len(), size);
            assert!(file.starts_with(b"%PDF-1.7\n") && file.trim_ascii_end().ends_with(b"%%EOF"));
        }
    }
}
