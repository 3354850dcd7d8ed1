//! What lies outside every route still answers RFC 9457.

use blackbox::{Draft, World, send};
use reqwest::Method;

#[tokio::test]
async fn an_unknown_path_is_404_and_a_known_one_with_another_method_405_with_allow() {
    let api = World::shared().organisation(Draft::new()).await;
    for path in ["/", "/v1", "/v2/me", "/v1/me/", "/v1/partners", "/favicon.ico"] {
        let reply = send(api.anonymous(Method::GET, path)).await;
        assert_eq!((reply.status, reply.problem()), (404, "not-found"), "{path}");
    }
    for (method, path, allow) in [
        (Method::DELETE, "/v1/me".to_owned(), "GET"),
        (Method::PUT, api.buyers(), "GET, POST"),
        (Method::PUT, format!("{}/00000000-0000-4000-8000-000000000000", api.buyers()), "GET, PATCH"),
        (Method::GET, format!("{}/00000000-0000-4000-8000-000000000000/block", api.buyers()), "POST"),
    ] {
        let reply = send(api.anonymous(method, &path)).await;
        assert_eq!((reply.status, reply.problem()), (405, "method-not-allowed"), "{path}");
        assert_eq!(reply.header("allow"), Some(allow), "{path}");
    }
}
