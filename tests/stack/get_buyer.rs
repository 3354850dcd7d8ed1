//! `GET …/buyers/{buyerId}`

use blackbox::{Draft, World, buyer_body, fresh_vat_number, send};
use reqwest::Method;

#[tokio::test]
async fn a_buyer_is_shown_as_it_was_created_with_its_etag() {
    let api = World::shared().organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    let reply = api.get(created.header("location").unwrap()).await;
    assert_eq!((reply.status, reply.header("etag")), (200, Some("\"0\"")));
    assert_eq!(reply.json, created.json);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("private, no-store"));
}

#[tokio::test]
async fn whoever_has_the_version_gets_304_without_a_body() {
    let api = World::shared().organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    let path = created.header("location").unwrap();
    for (tag, status) in [("\"0\"", 304), ("\"7\", \"0\"", 304), ("W/\"0\"", 304), ("*", 304), ("\"1\"", 200)] {
        let reply = send(api.request(Method::GET, path).header("if-none-match", tag)).await;
        assert_eq!((reply.status, reply.header("etag")), (status, Some("\"0\"")), "{tag}");
        assert_eq!(reply.text.is_empty(), status == 304, "{tag}");
    }
}

#[tokio::test]
async fn a_foreign_buyer_and_an_absent_one_cannot_be_told_apart() {
    let world = World::shared();
    let (mine, other) = (world.organisation(Draft::new()).await, world.organisation(Draft::new()).await);
    let theirs = other.upsert(&buyer_body(&fresh_vat_number())).await;
    let foreign = mine.get(&format!("{}/{}", mine.buyers(), theirs.json["uuid"].as_str().unwrap())).await;
    let absent = mine.get(&format!("{}/00000000-0000-4000-8000-000000000000", mine.buyers())).await;
    let no_id = mine.get(&format!("{}/not-an-id", mine.buyers())).await;
    for reply in [&foreign, &absent, &no_id] {
        assert_eq!((reply.status, reply.problem()), (404, "not-found"));
        assert_eq!(reply.json["detail"], foreign.json["detail"]);
    }
}
