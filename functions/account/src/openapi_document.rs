//! `GET /openapi.json`

use description::{Operation, Shown};
use http_edge::{Problem, Publication, Visit};

/// How long caches may keep what describes the API, in seconds.
pub(crate) const KEPT: u32 = 300;

/// The description of the API, as it is committed beside the code.
#[expect(clippy::unnecessary_wraps, reason = "a door's function type")]
pub(crate) fn openapi_document(_: &Visit) -> Result<Publication, Problem> {
    Ok(Publication::text("application/json", include_str!("../../../docs/openapi.json"), KEPT))
}

pub(crate) fn operation() -> Operation {
    Operation::get("openapi-document", "/openapi.json", "Describes this API: this document.")
        .if_none_match()
        .answers(Shown::json::<Document>(200, "An OpenAPI 3.1 document.").etag().with("Cache-Control"))
}

/// Some `OpenAPI` document.
#[derive(schemars::JsonSchema)]
#[schemars(rename = "OpenApiDocument")]
#[expect(dead_code, reason = "only its schema is used")]
struct Document {
    /// The version of `OpenAPI`.
    #[schemars(regex(pattern = r"^3\.1\."))]
    openapi: String,
}
