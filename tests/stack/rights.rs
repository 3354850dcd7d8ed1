//! Roles hold no statement for nothing: without it, its function does not do its work, and with it, it does again.
//!
//! On a copy of the deployment, a statement is taken from a function's role, the function is called, and the
//! statement is put back. Tried are the statements of a function's own about items and events: `CreateBuyer`,
//! `ReadOrganisation`, `FindDue`, `ClaimDue`, `MarkSent` and `SendEvents` of the relay (of `run-due`: in `outbox.rs`).
//!
//! Not tried, because the emulator would not miss them: `ReadBuyer` (it does not tell kinds of items apart, and
//! `ReadCaller` allows the same action), the shared policy `Caller`, and the relay's rights on stream, key and bucket,
//! which the emulator itself does not ask for. Those are compared with a list in `template.rs`.
//!
//! Not tried here either: `CountRequests` of `Caller`. Without it every request is let through, and `rate_limits.rs` fails.

use blackbox::{Draft, World, buyer_body, event_file, fresh_vat_number};
use serde_json::{Value, json};

use crate::outbox::{due, new_buyer, report, report_long_ago, stream_record};

/// Runs the check without that statement.
async fn without<F: Future<Output = ()>>(world: &World, function: &str, sid: &str, check: impl FnOnce() -> F) {
    let taken = world.behind.without_statement(function, sid).await;
    check().await;
    world.behind.put_back(taken).await;
}

#[tokio::test]
async fn a_buyers_function_without_its_statement_fails_and_says_nothing_of_roles() {
    let world = World::beside("rights-buyers", &[]).await;
    let api = world.organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    assert_eq!(created.status, 201, "{created:?}");

    without(&world, "upsert-buyer", "CreateBuyer", || async {
        let reply = api.upsert(&buyer_body(&fresh_vat_number())).await;
        assert_eq!((reply.status, reply.problem()), (500, "internal-error"));
        assert!(!reply.text.contains("AccessDenied") && !reply.text.contains("arn:"), "{reply:?}");
    })
    .await;
    assert_eq!(api.upsert(&buyer_body(&fresh_vat_number())).await.status, 201, "and with it, it works again");
}

#[tokio::test]
async fn an_account_function_without_its_statement_fails() {
    let world = World::beside("rights-account", &[]).await;
    let api = world.organisation(Draft::new()).await;
    without(&world, "get-me", "ReadOrganisation", || async {
        assert_eq!(api.get("/v1/me").await.status, 500);
    })
    .await;
    assert_eq!(api.get("/v1/me").await.status, 200);
}

#[tokio::test]
async fn run_due_without_a_statement_fails_or_leaves_what_it_found_due() {
    let world = World::beside("rights-due", &[]).await;
    let run_due = || async { world.behind.invoke("run-due", &event_file("run-due", &[])).await };
    // Else the relay would be faster.
    world.behind.without_statement("relay-outbox", "SendEvents").await;
    let buyer = new_buyer(&world).await;
    report_long_ago(&world, &buyer).await;
    let waiting = due(&world, &buyer).await;
    assert_eq!(waiting.len(), 1);

    without(&world, "run-due", "FindDue", || async {
        let answer = run_due().await;
        assert!(answer.function_error.is_some(), "{}", answer.payload);
    })
    .await;
    without(&world, "run-due", "ClaimDue", || async {
        // Logged for the alarm; it holds up no other.
        let answer = run_due().await;
        assert_eq!(answer.payload, json!({"sent": 0, "unsent": 0, "checks": 0}), "{}", answer.log_tail);
        let stuck = answer.lines().find(|line| line["alarm"] == "stuck").expect("a line that the alarm counts");
        assert_eq!(stuck["sk"], waiting[0]["sk"]["S"], "{stuck}");
        assert_eq!(due(&world, &buyer).await, waiting, "found, and not claimed");
    })
    .await;
    let answer = run_due().await;
    assert_eq!(answer.payload, json!({"sent": 1, "unsent": 0, "checks": 0}), "{}", answer.log_tail);
    assert_eq!(due(&world, &buyer).await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_relay_without_a_statement_fails_or_leaves_what_it_sent_due() {
    let world = World::beside("rights-relay", &[]).await;
    let buyer = new_buyer(&world).await;
    let mark_sent = world.behind.without_statement("relay-outbox", "MarkSent").await;
    report(&world, &buyer).await;
    let waiting = due(&world, &buyer).await;
    assert_eq!(waiting.len(), 1);
    let event = json!({"Records": [stream_record("1", &waiting[0])]});
    let relay = || async { world.behind.invoke("relay-outbox", &event).await };

    let sent = relay().await;
    assert_eq!(sent.payload, json!({"batchItemFailures": []}), "{}", sent.log_tail);
    assert_eq!(due(&world, &buyer).await, waiting, "sent, and nobody noted it");
    world.behind.put_back(mark_sent).await;

    without(&world, "relay-outbox", "SendEvents", || async {
        let unsent = relay().await;
        assert_eq!(unsent.payload, json!({"batchItemFailures": [{"itemIdentifier": "1"}]}), "{}", unsent.log_tail);
    })
    .await;
    let sent = relay().await;
    assert_eq!(sent.payload, json!({"batchItemFailures": []}), "{}", sent.log_tail);
    assert_eq!(due(&world, &buyer).await, Vec::<Value>::new());
}
