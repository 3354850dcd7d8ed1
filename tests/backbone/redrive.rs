//! What `docs/OPERATIONS.md` says about dead letters of checks, done as it says.

use std::time::{Duration, Instant as Stopwatch};

use blackbox::{Direct, Message, Queue, event_file};
use serde_json::json;
use simulators::fault_proxy::Trouble;
use simulators::vies::magic_variant;

use crate::ground::{Ground, Promised};
use crate::time;

/// Longest time for what takes some visibility timeouts of a second.
const PATIENCE: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_goes_back_once_repaired_and_one_that_is_purged_costs_no_check() {
    let _alone = crate::alone().await;
    let ground = Ground::new("redrive", &[]).await;
    let behind = &ground.world().behind;
    behind.change_queue("CheckViesQueue", ("VisibilityTimeout", "1")).await;
    let (queue, dead) = (behind.queue_of("CheckViesQueue"), behind.queue_of("CheckViesDlq"));
    let numbers: Vec<_> = ["AT", "BE", "LU"].map(|state| magic_variant(state, "100", 1)).into();
    let checks = ground.check(&ground.buyers(&numbers).await).await;
    let records = behind.stream().await.next().await;
    let mut relay = Direct::start(ground.world(), "relay-outbox").await;
    relay.invoke(&json!({ "Records": records })).await.expect("nobody killed it");
    queue.send_to_group("LU-0", "poison", "{").await;

    // Whoever takes a check dies of it, and one message is none.
    let mut worker = Direct::start(ground.world(), "check-vies").await;
    work_and_die(&mut worker, &queue, &dead, 4).await;
    assert_eq!(open(&ground, &checks).await, 3);

    // Repaired: what was right goes on, what was not comes back.
    let (moved, most) = (dead.move_to(&queue).await, queue.most_receives().await);
    assert!(moved.iter().all(|letter| letter.receives() > most), "{moved:?}");
    work(&mut worker, &queue, &dead, 1).await;
    assert_eq!(open(&ground, &checks).await, 0);
    let left: Vec<_> = dead.receive_most(10).await.iter().map(Message::body).map(str::to_owned).collect();
    assert_eq!(left, ["{"]);
    dead.purge().await;

    // Purged instead: the index brings the check again.
    let more = ground.check(&[checks[0].buyer]).await;
    let records = behind.stream().await.next().await;
    relay.invoke(&json!({ "Records": records })).await.expect("nobody killed it");
    // Those of before that came from the stream once more are dropped by the queue, under the same turn.
    work_and_die(&mut worker, &queue, &dead, 1).await;
    dead.purge().await;
    time::pass(&ground, time::due(&ground).await).await;
    let mut run_due = Direct::start(ground.world(), "run-due").await;
    let sent = run_due.invoke(&event_file("run-due", &[])).await.expect("nobody killed it");
    assert_eq!(sent, json!({ "sent": 1, "unsent": 0, "checks": 0 }));
    assert_eq!(open(&ground, &more).await, 1);
    work(&mut worker, &queue, &dead, 0).await;
    assert_eq!(open(&ground, &more).await, 0);
    assert!(time::due(&ground).await.is_empty());
}

/// Has the queue worked until it is empty; so many messages are dead then.
async fn work(worker: &mut Direct, queue: &Queue, dead: &Queue, letters: usize) {
    work_until_empty(worker, queue, false).await;
    assert_eq!(dead.messages().await, letters, "{}", worker.last_words());
}

/// The same, but the worker is killed at its first call each time.
async fn work_and_die(worker: &mut Direct, queue: &Queue, dead: &Queue, letters: usize) {
    work_until_empty(worker, queue, true).await;
    assert_eq!(dead.messages().await, letters, "{}", worker.last_words());
}

async fn work_until_empty(worker: &mut Direct, queue: &Queue, dies: bool) {
    let begun = Stopwatch::now();
    while queue.messages().await > 0 {
        assert!(begun.elapsed() < PATIENCE, "it is never empty");
        let Some(message) = queue.receive().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        if dies {
            worker.proxy.order(Trouble::new(worker.killed_before()));
        }
        let answer = worker.invoke(&message.event("check-vies")).await;
        worker.proxy.calm();
        match answer {
            Some(answer) if answer["batchItemFailures"] == json!([]) => assert!(queue.delete(&message).await),
            Some(_) => {}
            None => worker.restart().await,
        }
    }
}

/// How many of these checks are open.
async fn open(ground: &Ground, checks: &[Promised]) -> usize {
    ground.stored(checks).await.iter().filter(|item| item["state"]["S"] == "OPEN").count()
}
