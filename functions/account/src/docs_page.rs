//! `GET /docs`, the files that the page loads, and `GET /problems/{problem}`, which leads to an entry of it

mod html;
mod viewer;

use description::{Operation, Shown};
use http_edge::{Kind, Problem, Publication, Visit};

use crate::openapi_document::KEPT;

/// The page loads what this service serves and nothing else, runs no inline script, and stands in no frame. The viewer's
/// icons are `data:` images.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The readable documentation: how to start, every problem, and a viewer of the operations.
pub(crate) fn docs_page(visit: &Visit) -> Result<Publication, Problem> {
    if visit.path().starts_with("/problems/") {
        return entry(visit.last_segment());
    }
    if visit.path().starts_with("/docs/") {
        return viewer::file(visit.last_segment()).ok_or_else(|| Problem::not_found("file"));
    }
    Ok(Publication::text("text/html; charset=utf-8", html::page(), KEPT).under_policy(POLICY))
}

/// A problem's `type` leads to its entry.
fn entry(id: &str) -> Result<Publication, Problem> {
    let known =
        Kind::ALL.into_iter().find(|kind| kind.id() == id).ok_or_else(|| Problem::not_found("type of problem"))?;
    Ok(Publication::found_at(format!("/docs#{}", known.id()), KEPT))
}

pub(crate) fn operations() -> [Operation; 3] {
    let page = Shown::file("text/html", "The page.").etag().with("Cache-Control").with("Content-Security-Policy");
    let file = Shown::file("*/*", "The file; its content is compressed with gzip where that is worth it.");
    let entry = Shown::nothing(302, "The entry on the page `/docs`.").location().with("Cache-Control");
    [
        Operation::get("docs-page", "/docs", "Shows the documentation for people.").if_none_match().answers(page),
        Operation::get("docs-page", "/docs/{asset}", "Answers a file that the documentation loads.")
            .named("docs-page-asset")
            .if_none_match()
            .answers(file.etag().with("Cache-Control")),
        Operation::get("docs-page", "/problems/{problem}", "Leads from a problem's type to what to do about it.")
            .named("docs-page-problem")
            .answers(entry),
    ]
}
