//! The page: written out by us, readable without scripts.

use std::fmt::Write as _;

use http_edge::Kind;

const TEMPLATE: &str = include_str!("page.html");

/// The page with its error reference.
pub(crate) fn page() -> String {
    TEMPLATE.replace("<!-- contents -->", &contents()).replace("<!-- problems -->", &problems())
}

/// A list of links to the entries, by status.
fn contents() -> String {
    let mut html = String::new();
    for kind in Kind::ALL {
        let (id, status) = (kind.id(), kind.status());
        let _ = writeln!(html, "<li><a href=\"#{id}\">{status} <code>{id}</code></a></li>");
    }
    html
}

fn problems() -> String {
    let mut html = String::new();
    for kind in Kind::ALL {
        let (id, status, title, advice) = (kind.id(), kind.status(), marked_up(kind.title()), sentence(kind.advice()));
        let _ = writeln!(
            html,
            "<section class=\"problem\" id=\"{id}\" aria-labelledby=\"about-{id}\">\n\
             <h3 id=\"about-{id}\"><span class=\"status\">{status}</span> {id}</h3>\n\
             <p>{title}.</p>\n<p><strong>What to do:</strong> {advice}</p>\n</section>"
        );
    }
    html
}

/// Upper case first, full stop last.
fn sentence(advice: &str) -> String {
    let mut letters = advice.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    format!("{}.", marked_up(&first.into_iter().chain(letters).collect::<String>()))
}

/// Text between backticks as code; all of it as text.
fn marked_up(markdown: &str) -> String {
    let escaped = markdown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut html = String::new();
    for (place, part) in escaped.split('`').enumerate() {
        let _ = if place % 2 == 1 { write!(html, "<code>{part}</code>") } else { write!(html, "{part}") };
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_code_marked() {
        assert_eq!(marked_up("a `b` & <c>"), "a <code>b</code> &amp; &lt;c&gt;");
        assert_eq!(sentence("send `x`"), "Send <code>x</code>.");
    }

    #[test]
    fn the_page_has_an_entry_for_every_problem_and_no_inline_code() {
        let page = page();
        for kind in Kind::ALL {
            assert!(page.contains(&format!("id=\"{}\"", kind.id())), "{kind:?}");
        }
        for inline in ["<script>", "<style", "style=\"", "onclick", "javascript:", "<!-- "] {
            assert!(!page.contains(inline), "{inline}");
        }
    }
}
