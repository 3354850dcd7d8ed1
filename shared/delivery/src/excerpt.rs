//! What is kept of an answer: enough to see what went wrong, nothing that lets anybody in.

use std::ops::Range;

use domain::webhook::Secret;

/// Bytes of an answer that are kept.
const KEPT: usize = 1024;
const MASK: &str = "***";

/// The first 1 KiB of the answer as text, what is not UTF-8 replaced. Masked are the endpoint's secrets, whatever begins with
/// `whsec_`, the word after `Bearer`, and what `Authorization` is set to: receivers that show a request
/// when they fail (debug pages do) would make a tenant's log a place where secrets are.
pub(crate) fn excerpt(answer: &[u8], secrets: &[Secret]) -> String {
    // A secret that begins within what is kept is recognised by all of it.
    let text = String::from_utf8_lossy(&answer[..answer.len().min(4 * KEPT)]);
    let mut kept = String::new();
    let mut next = 0;
    for masked in masked(&text, secrets) {
        let end = masked.start.min(KEPT);
        if next < end {
            kept.push_str(&text[next..floor(&text, end)]);
        }
        if masked.start < KEPT && masked.start >= next {
            kept.push_str(MASK);
        }
        next = next.max(masked.end);
    }
    if next < KEPT {
        kept.push_str(&text[next..floor(&text, KEPT)]);
    }
    kept
}

/// The last boundary of a character that is not after `end`.
fn floor(text: &str, end: usize) -> usize {
    (0..=end.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// What must not be kept, by its beginning; pieces may overlap.
fn masked(text: &str, secrets: &[Secret]) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let after =
        |start: usize, taken: fn(char) -> bool| start + text[start..].find(|c| !taken(c)).unwrap_or(text.len() - start);
    let mut ranges = Vec::new();
    for secret in secrets {
        // A library of Standard Webhooks may show the key without its prefix.
        let key = secret.reveal().strip_prefix("whsec_").filter(|key| key.len() >= 16);
        for secret in [secret.reveal()].into_iter().chain(key) {
            ranges.extend(text.match_indices(secret).map(|(start, found)| start..start + found.len()));
            let places = text.char_indices().map(|(start, _)| start);
            ranges.extend(places.filter_map(|start| Some(start..start + escaped(&text[start..], secret)?)));
        }
    }
    ranges.extend(lower.match_indices("whsec_").map(|(start, _)| start..after(start, is_token)));
    for (start, found) in lower.match_indices("bearer") {
        let token = after(start + found.len(), |c| matches!(c, ' ' | '\t' | '+'));
        if token > start + found.len() {
            ranges.push(token..after(token, is_token));
        }
    }
    for (start, found) in lower.match_indices("authorization") {
        let value = after(start + found.len(), |c| " \t:=>,\"'\\[]".contains(c));
        if text[start..value].contains([':', '=', ',']) {
            ranges.push(value..after(value, |c| !"\r\n\"'\\<".contains(c)));
        }
    }
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    ranges
}

/// How many bytes of the beginning of the text are the secret as JSON, HTML or a URL may spell it.
fn escaped(text: &str, secret: &str) -> Option<usize> {
    let mut rest = text;
    for c in secret.chars() {
        rest = escapes(c).iter().find_map(|escape| strip_prefix(rest, escape)).or_else(|| rest.strip_prefix(c))?;
    }
    Some(text.len() - rest.len())
}

/// Every escape of a character; none for letters and digits, which nobody escapes.
fn escapes(c: char) -> Vec<String> {
    let named = match c {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '"' => "&quot;",
        '\'' => "&apos;",
        _ if c.is_ascii_alphanumeric() => return Vec::new(),
        _ => "",
    };
    let code = u32::from(c);
    let mut utf_8 = [0; 4];
    let percent: Vec<_> = c.encode_utf8(&mut utf_8).bytes().map(|byte| format!("%{byte:02x}")).collect();
    let written = [
        format!("\\{c}"),
        format!("\\u{code:04x}"),
        format!("&#{code};"),
        format!("&#0{code};"),
        format!("&#x{code:x};"),
        percent.concat(),
        named.to_owned(),
    ];
    written.into_iter().filter(|escape| !escape.is_empty()).collect()
}

/// The rest of the text after that beginning, in whatever case.
fn strip_prefix<'t>(text: &'t str, beginning: &str) -> Option<&'t str> {
    let found = text.get(..beginning.len())?;
    found.eq_ignore_ascii_case(beginning).then(|| &text[beginning.len()..])
}

/// The letters of base64, of tokens (RFC 6750), and of what escapes them in JSON, HTML and URLs.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~+/=\\%&#;".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::parse(text).unwrap()
    }

    #[test]
    fn what_opens_doors_is_masked_and_the_rest_is_kept() {
        let ours = "whsec_AAAA+BBBB/CCCC+DDDD/EEEE+FFFF/GGGG+HHHH/IIA=";
        let theirs = "correct horse? battery/staple!".replace(' ', "-");
        let secrets = [secret(ours), secret(&theirs), secret("a&b%<c>-0123456789abcdefg")];
        for (answer, kept) in [
            (format!("key {ours} was used"), "key *** was used"),
            (format!("{{\"secret\":\"{}\"}}", ours.replace('/', "\\/")), "{\"secret\":\"***\"}"),
            (format!("<b>{}</b>", ours.replace('/', "&#x2F;").replace('=', "&#61;")), "<b>***</b>"),
            (format!("key={} end", ours[6..].replace('/', "%2F").replace('+', "%2b")), "key=*** end"),
            (format!("{}.", "a&b%<c>-0123456789abcdefg".replace('&', "&amp;").replace('<', "&lt;")), "***."),
            (format!("({})", theirs.replace('!', "\\u0021").replace('?', "&#063;")), "(***)"),
            (format!("key={} end", &ours[6..]), "key=*** end"),
            (format!("{theirs}{theirs}"), "******"),
            (format!("[{}]", theirs.replace('/', "\\/")), "[***]"),
            ("old whsec_c29tZXRoaW5nIGVsc2U= here".into(), "old *** here"),
            ("WHSEC_abc".into(), "***"),
            ("Bearer abc.def-ghi_jkl failed".into(), "Bearer *** failed"),
            ("Proxy said: bearer   abc".into(), "Proxy said: bearer   ***"),
            ("Authorization: Basic dXNlcjpwYXNz\r\nHost: a".into(), "Authorization: ***\r\nHost: a"),
            ("{\"authorization\":\"Token abc def\",\"a\":1}".into(), "{\"authorization\":\"***\",\"a\":1}"),
            ("HTTP_AUTHORIZATION => Bearer abc".into(), "HTTP_AUTHORIZATION => ***"),
            ("<b>Authorization</b>: x".into(), "<b>Authorization</b>: x"),
            ("[HTTP_AUTHORIZATION] => Basic abc".into(), "[HTTP_AUTHORIZATION] => ***"),
            ("the bearer, authorization needed".into(), "the bearer, authorization needed"),
            ("Grüße, alles gut".into(), "Grüße, alles gut"),
            (String::new(), ""),
        ] {
            assert_eq!(excerpt(answer.as_bytes(), &secrets), kept, "{answer}");
        }
    }

    #[test]
    fn only_the_first_kibibyte_is_kept_and_no_part_of_a_secret_that_reaches_beyond_it() {
        let theirs = "0123456789abcdefghijklmnop";
        let answer = |before: usize| format!("{}{theirs}{}", "x".repeat(before), "y".repeat(5000));
        let secrets = [secret(theirs)];
        assert_eq!(excerpt(answer(2000).as_bytes(), &secrets), "x".repeat(1024));
        assert_eq!(excerpt(answer(1020).as_bytes(), &secrets), "x".repeat(1020) + "***");
        assert_eq!(excerpt(answer(1024).as_bytes(), &secrets), "x".repeat(1024));
        // What is masked makes no room for more.
        assert_eq!(excerpt(answer(0).as_bytes(), &secrets), format!("***{}", "y".repeat(1024 - theirs.len())));
    }

    #[test]
    fn bytes_that_are_not_utf_8_and_a_character_on_the_edge_are_no_trouble() {
        assert_eq!(excerpt(b"a\xff\xfeb", &[]), "a\u{fffd}\u{fffd}b");
        assert_eq!(excerpt("€".repeat(1000).as_bytes(), &[]), "€".repeat(341));
        assert_eq!(excerpt(&[0xff; 5000], &[]).len(), 1023);
    }
}
