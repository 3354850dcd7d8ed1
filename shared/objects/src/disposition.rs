//! File names in headers.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// `attr-char` of RFC 8187 section 3.2.1, the other way round.
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// `Content-Disposition` that saves a file under this name, whatever the name is (RFC 6266): as ASCII for old clients,
/// where whatever could end the text, name a folder or confuse somebody is an underscore, and whole in RFC 8187's form.
#[must_use]
pub fn attachment(file_name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || " .-_()".contains(c) { c } else { '_' };
    let last = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    let ascii: String = last.chars().map(plain).collect();
    let ascii = ascii.trim_matches(['.', ' ']);
    let ascii = if ascii.is_empty() { "document" } else { ascii };
    let whole = if last.trim_matches(['.', ' ']).is_empty() { ascii } else { last };
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(whole, NOT_ATTR_CHAR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_makes_a_safe_header() {
        for (name, expected) in [
            ("extract.pdf", "attachment; filename=\"extract.pdf\"; filename*=UTF-8''extract.pdf"),
            (
                "Auszug Müller.pdf",
                "attachment; filename=\"Auszug M_ller.pdf\"; filename*=UTF-8''Auszug%20M%C3%BCller.pdf",
            ),
            ("a\"; x=\"b.pdf", "attachment; filename=\"a__ x__b.pdf\"; filename*=UTF-8''a%22%3B%20x%3D%22b.pdf"),
            ("../../etc/passwd", "attachment; filename=\"passwd\"; filename*=UTF-8''passwd"),
            ("C:\\temp\\x.png", "attachment; filename=\"x.png\"; filename*=UTF-8''x.png"),
            ("100%.pdf", "attachment; filename=\"100_.pdf\"; filename*=UTF-8''100%25.pdf"),
            ("..", "attachment; filename=\"document\"; filename*=UTF-8''document"),
            ("契約.pdf", "attachment; filename=\"__.pdf\"; filename*=UTF-8''%E5%A5%91%E7%B4%84.pdf"),
        ] {
            assert_eq!(attachment(name), expected);
        }
        for name in ["a\r\nSet-Cookie: x", "\u{202e}fdp.exe", "", "'", "\0"] {
            let header = attachment(name);
            assert!(header.bytes().all(|b| b == b' ' || b.is_ascii_graphic()), "{header}");
            assert_eq!(header.matches('"').count(), 2, "{header}");
        }
    }
}
