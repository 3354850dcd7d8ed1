//! The `OpenAPI` document of the whole service, made from its code.

use std::path::PathBuf;

use aws::Aws;
use description::{About, Group, document};

const DESCRIPTION: &str = "\
Buyer onboarding for marketplaces. How to start, and what to do about each problem, stands at [/docs](/docs).

Every answer has an `X-Request-Id`. Problems are `application/problem+json` (RFC 9457). Unknown members of bodies are ignored; new \
members, problem types and event types may appear in answers. The gateway itself answers requests that never reach the \
service (bodies over 10 MB, headers over 10,240 bytes, its own throttling) with `{\"message\": …}`.";

/// Every group of functions that the API is made of.
#[must_use]
pub fn groups() -> Vec<Group> {
    vec![account::described(), buyers::described(), documents::described(), kyc::described(), webhooks::described()]
}

/// The committed file.
#[must_use]
pub fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json"))
}

/// What the committed file should contain.
///
/// # Panics
/// When descriptions contradict each other.
#[must_use]
pub fn made() -> String {
    let about = About {
        title: "Novatrade24 Integration API: buyer onboarding",
        version: env!("CARGO_PKG_VERSION"),
        description: DESCRIPTION,
        token_url: "https://auth.novatrade24.com/realms/nt24-idp/protocol/openid-connect/token",
    };
    // Endpoints are made and asked what they need; what they are made with is never called.
    let nowhere = Aws::local("http://localhost", "eu-central-1");
    let document = document(&about, &groups(), &nowhere);
    format!("{}\n", serde_json::to_string_pretty(&document).expect("JSON"))
}
