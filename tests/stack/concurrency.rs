//! Many at the same moment.

use blackbox::{Draft, World, buyer_body, fresh_vat_number};
use serde_json::json;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn of_200_concurrent_first_upserts_exactly_one_is_201_and_all_see_its_buyer() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let body = buyer_body(&fresh_vat_number());
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let (api, mut body) = (api.clone(), body.clone());
        // Ten bodies: one of them wins, its own kind gets 200 and the others 409.
        body["companyName"] = json!(format!("Muster {} GmbH", number % 10));
        calls.spawn(async move { api.upsert(&body).await });
    }
    let replies = calls.join_all().await;
    let count = |status| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((count(201), count(200), count(409)), (1, 19, 180));
    let winner = &replies.iter().find(|reply| reply.status == 201).unwrap().json;
    for reply in &replies {
        let seen = if reply.status == 409 { &reply.json["currentResource"] } else { &reply.json };
        assert_eq!(seen, winner, "every loser sees the winner");
    }
    let items = world.behind.items(&format!("BUYER#{}", winner["uuid"].as_str().unwrap())).await;
    assert_eq!(items.len(), 2, "one buyer, one revision");
    let buyer = winner["uuid"].as_str().unwrap().parse().unwrap();
    assert_eq!(world.operator().verify_history(buyer).await.unwrap(), Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_20_concurrent_calls_with_one_key_one_has_an_effect_and_all_get_its_answer() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let body = buyer_body(&fresh_vat_number());
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let (api, body) = (api.clone(), body.clone());
        calls.spawn(async move { api.upsert_with_key("the only key", &body).await });
    }
    let replies = calls.join_all().await;
    assert!(replies.iter().all(|reply| reply.status == 201), "{replies:?}");
    assert!(replies.iter().all(|reply| reply.text == replies[0].text));
    let first_hand = replies.iter().filter(|reply| reply.header("idempotent-replayed").is_none()).count();
    assert_eq!(first_hand, 1);
}
