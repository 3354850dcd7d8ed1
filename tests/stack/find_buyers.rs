//! `GET …/buyers`: one by its VAT number, or all of them page by page.

use blackbox::{Api, Draft, Reply, World, buyer_body, fresh_vat_number, send};
use reqwest::Method;
use serde_json::{Value, json};

async fn find(api: &Api, query: &[(&str, &str)]) -> Reply {
    send(api.request(Method::GET, &api.buyers()).query(query)).await
}

/// Every page from the first to the last.
async fn walk(api: &Api, query: &[(&str, &str)]) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut query = query.to_vec();
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = find(api, &query).await;
        assert_eq!(page.status, 200, "{page:?}");
        found.extend(page.json["data"].as_array().unwrap().iter().cloned());
        match page.json["pagination"]["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return found,
        }
    }
}

#[tokio::test]
async fn a_vat_number_finds_the_sellers_buyer_however_it_is_written() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let vat_number = fresh_vat_number();
    let created = api.upsert(&buyer_body(&vat_number)).await;
    for written in [vat_number.clone(), format!("de {}", &vat_number[2..]), vat_number.to_lowercase()] {
        let reply = find(&api, &[("vatNumber", &written)]).await;
        assert_eq!((reply.status, reply.header("etag")), (200, Some("\"0\"")), "{written}: {reply:?}");
        assert_eq!(reply.json, created.json);
    }
    let absent = find(&api, &[("vatNumber", &fresh_vat_number())]).await;
    assert_eq!((absent.status, absent.problem()), (404, "not-found"));
    let other = world.organisation(Draft::new()).await;
    assert_eq!(find(&other, &[("vatNumber", &vat_number)]).await.status, 404, "a buyer of another seller");
}

#[tokio::test]
async fn a_wrong_parameter_is_422_and_named() {
    let api = World::shared().organisation(Draft::new()).await;
    for (name, value) in [
        ("vatNumber", ""),
        ("vatNumber", "GB123456789"),
        ("status", "OPEN"),
        ("kycMode", "BOTH"),
        ("size", "0"),
        ("size", "101"),
        ("size", "many"),
        ("cursor", "guessed"),
    ] {
        let reply = find(&api, &[(name, value)]).await;
        assert_eq!((reply.status, reply.json["errors"][0]["field"].as_str()), (422, Some(name)), "{name}={value}");
    }
}

#[tokio::test]
async fn pages_walk_all_buyers_newest_first_and_filters_pick() {
    let api = World::shared().organisation(Draft::new()).await;
    assert_eq!(find(&api, &[]).await.json, json!({"data": [], "pagination": {"size": 20}}));
    let mut created = Vec::new();
    for number in 0..7 {
        let mut body = buyer_body(&fresh_vat_number());
        body["kycMode"] = json!(if number % 2 == 0 { "NT24_LED" } else { "MARKETPLACE_LED" });
        created.push(api.upsert(&body).await.json);
    }
    let block = format!("{}/{}/block", api.buyers(), created[3]["uuid"].as_str().unwrap());
    created[3] = send(api.request(Method::POST, &block).header("idempotency-key", "block")).await.json;
    created.reverse();
    assert_eq!(walk(&api, &[("size", "3")]).await, created);
    assert_eq!(walk(&api, &[]).await, created);
    let blocked = walk(&api, &[("size", "2"), ("status", "BLOCKED")]).await;
    assert_eq!(blocked, created[3..4]);
    let mode_a: Vec<_> = created.iter().filter(|buyer| buyer["kycMode"] == "MARKETPLACE_LED").cloned().collect();
    assert_eq!(walk(&api, &[("size", "2"), ("kycMode", "MARKETPLACE_LED")]).await, mode_a);
}

#[tokio::test]
async fn a_cursor_leads_nowhere_else() {
    let world = World::shared();
    let (mine, other) = (world.organisation(Draft::new()).await, world.organisation(Draft::new()).await);
    for api in [&mine, &mine, &other] {
        assert_eq!(api.upsert(&buyer_body(&fresh_vat_number())).await.status, 201);
    }
    let page = find(&mine, &[("size", "1")]).await;
    let cursor = page.json["pagination"]["nextCursor"].as_str().unwrap();
    let reply = find(&other, &[("cursor", cursor)]).await;
    let mine_seen = reply.json["data"].as_array().unwrap().iter().any(|buyer| buyer == &page.json["data"][0]);
    assert!(reply.status == 200 && !mine_seen, "{reply:?}");
}
