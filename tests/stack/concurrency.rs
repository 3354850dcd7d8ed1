//! Many at the same moment.

use std::sync::Arc;

use blackbox::{Crew, Draft, Reply, Request, World, buyer_body, fresh_vat_number};
use domain::BuyerId;
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn of_50_concurrent_first_upserts_exactly_one_is_201_and_all_see_its_buyer() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let body = buyer_body(&fresh_vat_number());
    let mut calls = JoinSet::new();
    for number in 0..50 {
        let (api, mut body) = (api.clone(), body.clone());
        // Five bodies: one of them wins, its own kind gets 200 and the others 409.
        body["companyName"] = json!(format!("Muster {} GmbH", number % 5));
        calls.spawn(async move { api.upsert(&body).await });
    }
    let replies = calls.join_all().await;
    let winner = assert_one_winner(&replies, (1, 9, 40));
    let items = world.behind.items(&format!("BUYER#{winner}")).await;
    assert_eq!(items.len(), 2, "one buyer, one revision");
}

/// Past the gateway: the emulator would start a process for each of them, and answer the last ones too late.
#[tokio::test(flavor = "multi_thread")]
async fn of_200_upserts_of_ten_bodies_by_40_functions_at_once_exactly_one_is_201_and_all_see_its_buyer() {
    let crew = Crew::of(World::shared());
    let api = crew.world().organisation(Draft::new()).await;
    let body = buyer_body(&fresh_vat_number());
    let ready = Arc::new(Barrier::new(40));
    let mut functions = JoinSet::new();
    for number in 0..40 {
        let (crew, api, mut body, ready) = (crew.clone(), api.clone(), body.clone(), Arc::clone(&ready));
        functions.spawn(async move {
            let mut function = crew.lend("upsert-buyer").await;
            ready.wait().await;
            let mut replies = Vec::new();
            for round in 0..5 {
                body["companyName"] = json!(format!("Muster {} GmbH", (number + round) % 10));
                let request = Request::new("upsert-buyer", &api.token).of("sellerId", &api.seller).key(Uuid::new_v4());
                replies.push(function.send(&request.json(body.clone())).await.expect("nobody killed it"));
            }
            replies
        });
    }
    let replies = functions.join_all().await.concat();
    let winner = assert_one_winner(&replies, (1, 19, 180));
    let items = crew.world().behind.items(&format!("BUYER#{winner}")).await;
    assert_eq!(items.len(), 2, "one buyer, one revision");
    assert_eq!(crew.world().operator().verify_history(winner).await.unwrap(), Ok(1));
}

/// So many are 201, 200 and 409; whoever lost sees the winner.
fn assert_one_winner(replies: &[Reply], expected: (usize, usize, usize)) -> BuyerId {
    let count = |status| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((count(201), count(200), count(409)), expected);
    let winner = &replies.iter().find(|reply| reply.status == 201).unwrap().json;
    for reply in replies {
        let seen = if reply.status == 409 { &reply.json["currentResource"] } else { &reply.json };
        assert_eq!(seen, winner, "every loser sees the winner");
    }
    winner["uuid"].as_str().unwrap().parse().unwrap()
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

/// At most one document of a type is active at every instant, and none is lost.
#[tokio::test(flavor = "multi_thread")]
async fn of_50_parallel_uploads_to_one_type_one_is_active_and_all_can_be_downloaded() {
    let api = World::shared().organisation(Draft::new()).await;
    let documents = crate::documents::buyer(&api).await;
    let uploads: Vec<_> = (0..50)
        .map(|n| {
            let (api, documents) = (api.clone(), documents.clone());
            tokio::spawn(async move {
                let file = blackbox::pdf(&format!("parallel {n}"));
                let key = format!("upload {n}");
                // What cannot be done in time is 503 and leaves nothing: the same again then.
                for _ in 0..20 {
                    let uploaded =
                        crate::documents::upload_with_key(&api, &key, &documents, "COC_EXTRACT", &file).await;
                    if uploaded.status == 201 {
                        return crate::documents::id(&uploaded);
                    }
                    assert_eq!((uploaded.status, uploaded.problem()), (503, "service-unavailable"), "{uploaded:?}");
                    assert!(uploaded.header("retry-after").is_some(), "{uploaded:?}");
                }
                panic!("upload {n} never succeeded")
            })
        })
        .collect();
    let watch = {
        let (api, documents) = (api.clone(), documents.clone());
        tokio::spawn(async move {
            loop {
                let active = api.get(&format!("{documents}?status=ACTIVE&size=100")).await;
                assert!(active.json["data"].as_array().unwrap().len() <= 1, "two at one instant: {active:?}");
            }
        })
    };
    let mut ids = Vec::new();
    for upload in uploads {
        ids.push(upload.await.unwrap());
    }
    watch.abort();
    assert!(watch.await.unwrap_err().is_cancelled(), "the watcher saw two");

    let listed = api.get(&format!("{documents}?size=100")).await;
    let listed = listed.json["data"].as_array().unwrap();
    assert_eq!(listed.len(), 50);
    assert_eq!(listed[0]["status"], "ACTIVE", "the newest");
    assert!(listed[1..].iter().all(|document| document["status"] == "SUPERSEDED"));
    let buyer = documents.strip_suffix("/kyc/documents").unwrap();
    let history = api.get(&format!("{buyer}/history?size=100")).await;
    let added: Vec<_> = history.json["data"].as_array().unwrap()[1..]
        .iter()
        .map(|revision| revision["changes"][2]["after"].clone())
        .collect();
    let newest_first: Vec<_> = listed.iter().rev().map(|document| document["uuid"].clone()).collect();
    assert_eq!(added, newest_first, "the order of the list is that of the history");
    for (n, id) in ids.iter().enumerate() {
        let (bytes, _) = crate::documents::download(&api, &format!("{documents}/{id}")).await;
        assert_eq!(bytes, blackbox::pdf(&format!("parallel {n}")));
    }
}
