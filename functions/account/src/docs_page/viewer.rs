//! The files that the page loads: its own, and Swagger UI, which `viewer/provenance.json` says where it is from.

use http_edge::Publication;

/// How long caches may keep a file, in seconds. A new version has the same name: an hour at most with the old one.
const KEPT: u32 = 3600;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// The file of that name, if there is one.
pub(crate) fn file(name: &str) -> Option<Publication> {
    let text = |media_type, text: &'static str| Publication::text(media_type, text, KEPT);
    let gzipped = |media_type, bytes: &'static [u8]| Publication::gzipped(media_type, bytes, KEPT);
    Some(match name {
        "page.css" => text(STYLE, include_str!("page.css")),
        "page.js" => text(SCRIPT, include_str!("page.js")),
        "swagger-ui.css" => gzipped(STYLE, include_bytes!("../../viewer/swagger-ui.css.gz")),
        "swagger-ui-bundle.js" => gzipped(SCRIPT, include_bytes!("../../viewer/swagger-ui-bundle.js.gz")),
        "swagger-ui-bundle.js.LICENSE.txt" => text(TEXT, include_str!("../../viewer/swagger-ui-bundle.js.LICENSE.txt")),
        "LICENSE" => text(TEXT, include_str!("../../viewer/LICENSE")),
        "NOTICE" => text(TEXT, include_str!("../../viewer/NOTICE")),
        _ => return None,
    })
}
