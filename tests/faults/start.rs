//! What goes wrong while a function starts must not show in its answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use blackbox::{Crew, Direct, World};
use simulators::fault_proxy::{Call, Trouble};
use tokio::task::JoinSet;

use crate::faults::{FAULTS, Victim};
use crate::ground::Ground;

/// Lambda gives a start so much time, and then starts it again.
const TIME_TO_START: Duration = Duration::from_secs(10);

fn asks_for_the_issuers_keys(call: &Call) -> bool {
    call.operation() == "GetItem" && String::from_utf8_lossy(&call.body).contains("ISSUER#")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_whose_start_meets_trouble_answers_its_first_request_all_the_same() {
    let crew = Crew::of(World::shared());
    let idle = Arc::new(crew.lend("upsert-buyer").await);
    let mut starts = JoinSet::new();
    for fault in FAULTS.iter().filter(|fault| fault.of == Victim::Call) {
        let (crew, idle) = (crew.clone(), idle.clone());
        starts.spawn(async move {
            let trouble: Trouble = fault.at(0, &[], &idle).of(asks_for_the_issuers_keys).lasting();
            let begun = Instant::now();
            let mut function = Direct::start_amid(crew.world(), "upsert-buyer", Some(trouble)).await;
            assert!(function.proxy.struck() > 0, "{}: nothing went wrong", fault.name);
            assert!(begun.elapsed() < TIME_TO_START, "{}: started after {:?}", fault.name, begun.elapsed());
            let ground = Ground::new(crew.world()).await;
            let request = ground.request("upsert-buyer", "key").json(ground.body());
            let reply = function.send(&request).await.expect("nobody killed it");
            assert_eq!(reply.status, 201, "{}: {reply:?}", fault.name);
        });
    }
    starts.join_all().await;
}
