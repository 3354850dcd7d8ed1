//! `GET /openapi.json`

use blackbox::{Draft, World, send};
use reqwest::Method;

#[tokio::test]
async fn the_served_document_is_the_committed_one_and_whoever_has_it_gets_304() {
    let api = World::shared().organisation(Draft::new()).await;
    let get = || api.anonymous(Method::GET, "/openapi.json");
    let reply = send(get()).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    assert!(reply.text == include_str!("../../docs/openapi.json"), "the stack was built from another document");
    assert!(reply.header("cache-control").unwrap().starts_with("public"), "{reply:?}");
    let etag = reply.header("etag").unwrap();
    let again = send(get().header("if-none-match", etag)).await;
    assert_eq!((again.status, again.text.as_str(), again.header("etag")), (304, "", Some(etag)));
    let other = send(get().header("if-none-match", "\"0123456789abcdef\"")).await;
    assert_eq!(other.status, 200);
}
