//! A list of a thousand is walked whole, in order, and once, while others are at work on it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use blackbox::{Api, Crew, Draft, Request, World, buyer_body, fresh_vat_number, send};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

const BUYERS: usize = 1_000;
/// At the same time, each by a process of its own.
const WRITERS: usize = 8;

fn upsert(api: &Api) -> Request {
    let request = Request::new("upsert-buyer", &api.token).of("sellerId", &api.seller).key(Uuid::new_v4());
    request.json(buyer_body(&fresh_vat_number()))
}

fn rename(api: &Api, buyer: &Value, version: u64) -> Request {
    let request = Request::new("update-buyer", &api.token).of("sellerId", &api.seller).key(Uuid::new_v4());
    let request = request.of("buyerId", buyer["uuid"].as_str().unwrap()).header("if-match", format!("\"{version}\""));
    request.json(json!({"companyName": format!("Version {version} GmbH")}))
}

/// Past the gateway: there it would take minutes.
async fn create_many(crew: &Crew, api: &Api) -> Vec<Value> {
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (crew, api) = (crew.clone(), api.clone());
        writers.spawn(async move {
            let mut created = Vec::new();
            for _ in 0..BUYERS / WRITERS {
                let reply = crew.insist(&upsert(&api)).await;
                assert_eq!(reply.status, 201, "{reply:?}");
                created.push(reply.json);
            }
            created
        });
    }
    writers.join_all().await.concat()
}

/// Creates and changes buyers until it is told to stop; how many of both.
fn write_on(crew: &Crew, api: &Api, buyers: &[Value], stop: &Arc<AtomicBool>) -> JoinHandle<usize> {
    let (crew, api, buyers, stop) = (crew.clone(), api.clone(), buyers.to_vec(), Arc::clone(stop));
    tokio::spawn(async move {
        let mut versions = vec![0; buyers.len()];
        let mut written = 0;
        while !stop.load(Ordering::Relaxed) {
            // Strides through all of the list, coming back to each with its next version.
            let place = written * 37 % buyers.len();
            assert_eq!(crew.insist(&rename(&api, &buyers[place], versions[place])).await.status, 200);
            versions[place] += 1;
            assert_eq!(crew.insist(&upsert(&api)).await.status, 201);
            written += 1;
        }
        written
    })
}

/// Every page over HTTP, from the first to the last.
async fn walk(api: &Api, size: usize) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let request = api.request(Method::GET, &api.buyers()).query(&[("size", size)]);
        let reply = send(request.query(&[("cursor", cursor.as_deref())])).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let page = reply.json["data"].as_array().unwrap();
        assert!(page.len() <= size, "{} on a page of {size}", page.len());
        found.extend(page.iter().cloned());
        match reply.json["pagination"]["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return found,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_buyers_are_walked_completely_and_in_order_while_others_are_written() {
    let crew = Crew::of(World::shared());
    let api = crew.world().organisation(Draft::new()).await;
    let buyers = create_many(&crew, &api).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writing = write_on(&crew, &api, &buyers, &stop);
    let walks = tokio::join!(walk(&api, 100), walk(&api, 17));
    stop.store(true, Ordering::Relaxed);
    let written = writing.await.unwrap();
    assert!(written > 10, "only {written} written meanwhile");

    for (size, walked) in [(100, walks.0), (17, walks.1)] {
        let created_at = |buyer: &Value| buyer["createdAt"].as_str().unwrap().to_owned();
        assert!(walked.is_sorted_by_key(|buyer| std::cmp::Reverse(created_at(buyer))), "by {size}: newest first");
        let mut times = BTreeMap::<&str, usize>::new();
        for buyer in &walked {
            *times.entry(buyer["uuid"].as_str().unwrap()).or_default() += 1;
        }
        assert!(times.values().all(|times| *times == 1), "by {size}: no buyer twice");
        assert!(buyers.iter().all(|buyer| times.contains_key(buyer["uuid"].as_str().unwrap())), "by {size}: each once");
    }
}
