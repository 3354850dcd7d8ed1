//! Webhook endpoints and their secrets: whatever goes wrong with the table or the key, a write has one effect, one answer
//! and one secret.

use std::sync::Arc;

use blackbox::{Crew, Reply, World};
use serde_json::Value;
use simulators::fault_proxy::Call;

use crate::answers::{Right, send_amid};
use crate::ground::Ground;
use crate::struck::{Struck, all_of};
use crate::together;
use crate::webhook_endpoints::{OWN, Row, TESTED, register, rows, test};

/// One fault, with one call of one kind of request.
struct Case {
    row: Arc<Row>,
    /// All calls that the request makes when nothing goes wrong.
    calls: Arc<Vec<Call>>,
    struck: Struck,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_whichever_call_a_write_has_one_effect_and_one_secret() {
    let crew = Crew::of(World::shared());
    let mut cases = Vec::new();
    for row in rows() {
        let calls = Arc::new(calls_of(&crew, &row).await);
        let row = Arc::new(row);
        // Who calls, and how often, is asked as by every endpoint: that is broken in `write_endpoints.rs`.
        let counting = calls.iter().position(|call| call.operation() == "UpdateItem").expect("requests are counted");
        let of_row = all_of(&calls, counting + 1, row.in_all_words).into_iter();
        cases.extend(of_row.map(|struck| Case { row: row.clone(), calls: calls.clone(), struck }));
    }
    assert!(cases.len() > 300, "{} cases", cases.len());
    cases.sort_by_key(|case| case.struck.patience());
    let cases = cases.into_iter().map(|case| {
        let crew = crew.clone();
        (case.name(), async move { case.run(&crew).await })
    });
    together::run(cases).await;
}

/// What a request asks of AWS when nothing goes wrong. Asked twice: the first one may find that the issuer's keys are
/// not in the table yet.
async fn calls_of(crew: &Crew, row: &Row) -> Vec<Call> {
    let mut calls = Vec::new();
    for _ in 0..2 {
        let ground = Ground::new(crew.world()).await;
        // Before others prepare the ground: this one is to know nothing of who calls.
        let mut function = crew.lend(row.function).await;
        let Prepared { webhook, .. } = prepare(crew, row, &ground).await;
        let _ = function.proxy.take_calls();
        let reply = function.send(&(row.request)(&ground, &webhook)).await.expect("nobody killed it");
        assert_eq!(reply.status, row.outcome.status, "{} {}: {reply:?}", row.function, row.case);
        calls = function.proxy.take_calls();
    }
    let seals = calls.iter().any(|call| call.operation() == "Encrypt");
    let opens = calls.iter().any(|call| call.operation() == "Decrypt");
    let expected = (row.outcome.secret, row.outcome.secret && row.answered);
    assert_eq!((seals, opens), expected, "{} {}: seals, opens", row.function, row.case);
    calls
}

/// What came before.
struct Prepared {
    /// The endpoint that was registered, if one was.
    webhook: String,
    /// What the request itself was answered, if it was.
    earlier: Option<Reply>,
}

async fn prepare(crew: &Crew, row: &Row, ground: &Ground) -> Prepared {
    let webhook = if row.registered {
        let reply = crew.send(&register(ground, "before", None)).await;
        reply.json["id"].as_str().unwrap_or_else(|| panic!("before: {reply:?}")).to_owned()
    } else {
        String::new()
    };
    if row.function == "replay-delivery" {
        let reply = crew.send(&test(ground, &webhook, TESTED)).await;
        assert_eq!(reply.status, 202, "before: {reply:?}");
    }
    let mut earlier = None;
    if row.answered {
        let reply = crew.send(&(row.request)(ground, &webhook)).await;
        assert_eq!(reply.status, row.outcome.status, "{} {}, before: {reply:?}", row.function, row.case);
        earlier = Some(reply);
    }
    Prepared { webhook, earlier }
}

/// All that the table holds of an organisation's endpoints and receipts.
#[derive(Debug, PartialEq)]
struct Stored {
    items: Vec<Value>,
    receipts: Vec<Value>,
}

impl Stored {
    /// As it is now, which is whole: as many endpoints as are counted, and the entries of each without a gap.
    async fn now(world: &World, ground: &Ground, name: &str) -> Self {
        let (items, receipts) = ground.webhooks(world).await;
        let stored = Self { items, receipts };
        let endpoints = stored.of("WEBHOOK#");
        let counted = stored.of("COUNT").first().map_or("0", |item| item["endpoints"]["N"].as_str().unwrap());
        assert_eq!(endpoints.len().to_string(), counted, "{name}: endpoints, and how many are counted");
        for endpoint in endpoints {
            let log = stored.of(&format!("LOG#{}#", endpoint["id"]["S"].as_str().unwrap())).len() - 1;
            assert_eq!(endpoint["revision"]["N"], log.to_string(), "{name}: its number, and that of its last entry");
        }
        stored
    }

    fn of(&self, prefix: &str) -> Vec<&Value> {
        let is = |item: &&Value| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with(prefix));
        self.items.iter().filter(is).collect()
    }

    fn text(&self) -> String {
        format!("{:?}{:?}", self.items, self.receipts)
    }
}

impl Case {
    fn name(&self) -> String {
        let again = if self.row.answered { " again" } else { "" };
        format!("{}, {}{again}: {}", self.row.function, self.row.case, self.struck.name(&self.calls))
    }

    async fn run(&self, crew: &Crew) {
        let (row, world, name) = (&self.row, crew.world(), self.name());
        let right = Right { status: row.outcome.status, answered: row.answered };
        let ground = Ground::new(world).await;
        let mut function = crew.lend(row.function).await;
        let Prepared { webhook, earlier } = prepare(crew, row, &ground).await;
        let before = Stored::now(world, &ground, &name).await;
        let request = (row.request)(&ground, &webhook);

        let first = send_amid(&mut function, &request, (self.struck, &self.calls), &name).await;
        if let Some(reply) = &first {
            right.or_later(reply, &name);
        }
        Stored::now(world, &ground, &name).await;
        if first.is_none() {
            function.restart().await;
        }

        let retried = right.repeat(&mut function, &request, &name).await;
        for right in earlier.iter().chain(&first).filter(|reply| reply.status == row.outcome.status) {
            self.assert_same(right, &retried, "the right answer before, and the one to its repeat");
        }
        let after = Stored::now(world, &ground, &name).await;
        self.judge_effect(&before, &after);

        let again = right.repeat(&mut function, &request, &name).await;
        self.assert_same(&retried, &again, "two repeats");
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{name}: {again:?}");
        assert_eq!(Stored::now(world, &ground, &name).await, after, "{name}: the last repeat had an effect");
        let deliveries = world.behind.items(&format!("DELIVERY#{webhook}")).await;
        assert_eq!(deliveries.len(), row.outcome.deliveries, "{name}: deliveries");
        let secret = again.json["secret"].as_str();
        assert_eq!(secret.is_some(), row.outcome.secret, "{name}: {again:?}");
        for secret in secret.into_iter().chain([OWN]) {
            assert!(!after.text().contains(secret), "{name}: the table holds the secret");
        }
    }

    fn judge_effect(&self, before: &Stored, after: &Stored) {
        let (name, outcome) = (self.name(), &self.row.outcome);
        assert_eq!(after.of("WEBHOOK#").len(), outcome.endpoints, "{name}: endpoints");
        assert_eq!(after.of("LOG#").len(), before.of("LOG#").len() + outcome.changes, "{name}: changes");
        assert_eq!(after.receipts.len(), before.receipts.len() + usize::from(!self.row.answered), "{name}: receipts");
        if outcome.changes == 0 {
            assert_eq!(after.items, before.items, "{name}: nothing was to change");
        }
    }

    /// The same to a client: status, body with its secret, and headers of its own.
    fn assert_same(&self, one: &Reply, other: &Reply, what: &str) {
        let seen = |reply: &Reply| (reply.status, reply.text.clone(), reply.header("location").map(str::to_owned));
        assert_eq!(seen(one), seen(other), "{}: {what} differ", self.name());
    }
}
