//! `$default`: every path and method that no route has.

use http_edge::{Problem, Publication, Visit};

/// The paths of the API and their methods; a test compares them with the template's routes.
const ROUTES: [(&str, &[&str]); 29] = [
    ("/docs", &["GET"]),
    ("/docs/{asset}", &["GET"]),
    ("/openapi.json", &["GET"]),
    ("/problems/{problem}", &["GET"]),
    ("/v1/me", &["GET"]),
    ("/v1/partners/{sellerId}/buyers", &["GET", "POST"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}", &["GET", "PATCH"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/block", &["POST"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/contacts", &["GET", "POST"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/contacts/{contactId}", &["DELETE", "PATCH"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/history", &["GET"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/kyc", &["GET"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents", &["GET", "POST"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/uploads", &["POST"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/uploads/{uploadId}", &["GET"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/{documentId}", &["GET"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/{documentId}/archive", &["POST"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/kyc/documents/{documentId}/content", &["GET"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/kyc/vies-check", &["POST"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/kyc/vies-checks", &["GET"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/kyc/vies-checks/{checkId}", &["GET"]),
    ("/v1/partners/{sellerId}/buyers/{buyerId}/unblock", &["POST"]),
    ("/v1/webhooks", &["GET", "POST"]),
    ("/v1/webhooks/{webhookId}", &["DELETE", "GET", "PATCH"]),
    ("/v1/webhooks/{webhookId}/deliveries", &["GET"]),
    ("/v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay", &["POST"]),
    ("/v1/webhooks/{webhookId}/recover", &["POST"]),
    ("/v1/webhooks/{webhookId}/rotate-secret", &["POST"]),
    ("/v1/webhooks/{webhookId}/test", &["POST"]),
];

/// 405 when the path exists with other methods, else 404.
pub(crate) fn unmatched(visit: &Visit) -> Result<Publication, Problem> {
    match ROUTES.iter().find(|(route, _)| matches(route, visit.path())) {
        Some((_, methods)) => Err(Problem::method_not_allowed(methods)),
        None => Err(Problem::not_found("path")),
    }
}

/// A parameter stands for exactly one segment that is not empty.
fn matches(route: &str, path: &str) -> bool {
    let (mut expected, mut found) = (route.split('/'), path.split('/'));
    loop {
        match (expected.next(), found.next()) {
            (None, None) => return true,
            (Some(segment), Some(text)) if segment == text || (segment.starts_with('{') && !text.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn a_parameter_is_one_segment() {
        assert!(matches("/v1/partners/{sellerId}/buyers", "/v1/partners/x/buyers"));
        for other in ["/v1/partners//buyers", "/v1/partners/x/y/buyers", "/v1/partners/x/buyers/", "/v1/partners/x"] {
            assert!(!matches("/v1/partners/{sellerId}/buyers", other), "{other}");
        }
    }

    /// The template is the only other place that lists routes: `Method:` and `Path:` of its HTTP events.
    #[test]
    fn the_routes_are_those_of_the_template() {
        let template = include_str!("../../../infra/template.yaml");
        let values = |name: &'static str| template.lines().filter_map(move |line| line.trim().strip_prefix(name));
        let mut routes = BTreeMap::<&str, BTreeSet<String>>::new();
        for (method, path) in values("Method: ").zip(values("Path: /")) {
            routes.entry(path).or_default().insert(method.to_uppercase());
        }
        assert_eq!(values("Method: ").count(), values("Path: /").count(), "an event lacks one of the two");
        assert!(routes.len() >= 3, "the template's events could not be read: {routes:?}");
        let ours: BTreeMap<_, BTreeSet<_>> = ROUTES
            .iter()
            .map(|(path, methods)| (&path[1..], methods.iter().map(ToString::to_string).collect()))
            .collect();
        assert_eq!(ours, routes);
    }
}
