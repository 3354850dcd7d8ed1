//! Same key, same meaning: one effect and one answer, whatever goes wrong in between (guarantee 3 of the design).

use std::collections::BTreeSet;
use std::sync::Arc;

use blackbox::{Crew, Reply, World, routes};
use serde_json::{Value, json};
use simulators::fault_proxy::{Call, dynamodb};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::answers::Right;
use crate::endpoints::{Row, rows};
use crate::ground::{Ground, Stored, is_noted, persons_in};
use crate::struck::{Struck, all_of};
use crate::{document_endpoints, vies_endpoints, webhook_endpoints};

/// Cases at the same time whose fault lasts: they hardly do anything but wait, for a pause to end or an answer to come.
const WAITING: usize = 72;
/// Cases at the same time that are at work, beside those.
const WORKING: usize = 8;

const NOBODY: [&str; 0] = [];

/// One fault, with one call of one kind of request.
struct Case {
    row: Arc<Row>,
    struck: Struck,
    /// All calls that the request makes when nothing goes wrong.
    calls: Arc<Vec<Call>>,
}

#[test]
fn every_endpoint_that_writes_is_tried() {
    let of_documents = document_endpoints::rows().into_iter().map(|row| row.function);
    let of_webhooks = webhook_endpoints::rows().into_iter().map(|row| row.function);
    let here = rows().into_iter().chain(vies_endpoints::rows()).map(|row| row.function);
    let tried: BTreeSet<_> = here.chain(of_documents).chain(of_webhooks).map(str::to_owned).collect();
    let writing = routes().iter().filter(|(_, route)| route.method != "GET").map(|(function, _)| function.clone());
    assert_eq!(writing.collect::<BTreeSet<_>>(), tried);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_whichever_call_a_write_has_one_effect_and_one_answer() {
    let crew = Crew::of(World::shared());
    let cases = cases(&crew, rows()).await;
    assert!(cases.len() > 800, "{} cases", cases.len());
    try_all(&crew, cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_a_check_is_requested_once_and_the_same_one_is_answered() {
    let crew = Crew::of(vies_endpoints::quiet().await);
    let cases = cases(&crew, vies_endpoints::rows()).await;
    assert!(cases.len() > 80, "{} cases", cases.len());
    try_all(&crew, cases).await;
}

async fn try_all(crew: &Crew, cases: Vec<Case>) {
    let [waiting, working] = [WAITING, WORKING].map(|places| Arc::new(Semaphore::new(places)));
    let mut running = JoinSet::new();
    for case in cases {
        let (crew, places) = (crew.clone(), Arc::clone(if case.struck.lasting { &waiting } else { &working }));
        running.spawn(async move {
            let _place = places.acquire_owned().await;
            let name = case.name();
            // A task of its own, so that one case that fails does not hide the others.
            tokio::spawn(async move { case.run(&crew).await }).await.err().map(|_| name)
        });
    }
    let failed: Vec<_> = running.join_all().await.into_iter().flatten().collect();
    assert!(failed.is_empty(), "{} cases failed, see above:\n{}", failed.len(), failed.join("\n"));
}

/// Every fault with every call of every row; with those before the handler, which know of the request only whose it is,
/// once a function; in all the words there are for a refusal with the first row. Those that wait first.
async fn cases(crew: &Crew, rows: Vec<Row>) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut entered = BTreeSet::new();
    for row in rows {
        let calls = Arc::new(calls_of(crew, &row).await);
        let from = if entered.insert(row.function) { 0 } else { counting(&calls) + 1 };
        let row = Arc::new(row);
        let of_row = all_of(&calls, from, cases.is_empty()).into_iter();
        cases.extend(of_row.map(|struck| Case { row: row.clone(), struck, calls: calls.clone() }));
    }
    cases.sort_by_key(|case| case.struck.patience());
    cases
}

/// Which call counts the request: the last one before the handler.
fn counting(calls: &[Call]) -> usize {
    calls.iter().position(|call| call.operation() == "UpdateItem").expect("requests are counted")
}

/// What a request asks of AWS when nothing goes wrong. Asked twice: the first one may find that the issuer's keys are
/// not in the table yet.
async fn calls_of(crew: &Crew, row: &Row) -> Vec<Call> {
    let mut calls = Vec::new();
    for _ in 0..2 {
        let mut ground = Ground::new(crew.world()).await;
        // Before others prepare the ground: this one is to know nothing of who calls.
        let mut function = crew.lend(row.function).await;
        prepare(crew, row, &mut ground).await;
        let _ = function.proxy.take_calls();
        let reply = function.send(&(row.request)(&ground)).await.expect("nobody killed it");
        assert_eq!(reply.status, row.outcome.status, "{} {}: {reply:?}", row.function, row.case);
        calls = function.proxy.take_calls();
        if !persons_in(&reply.text).is_empty() {
            assert_noted_with_the_effect(&calls, row);
        }
    }
    calls
}

/// Where there is a transaction, that somebody is shown is part of it.
fn assert_noted_with_the_effect(calls: &[Call], row: &Row) {
    let notes = |call: &&Call| String::from_utf8_lossy(&call.body).contains("PIILOG#");
    let noting: Vec<_> = calls.iter().filter(notes).map(Call::operation).collect();
    let own = if calls.iter().any(dynamodb::is_transaction) { "TransactWriteItems" } else { "PutItem" };
    assert_eq!(noting, [own], "{} {}", row.function, row.case);
}

/// Does what comes before; what the request itself was answered, if it was.
async fn prepare(crew: &Crew, row: &Row, ground: &mut Ground) -> Option<Reply> {
    let learns = routes()[row.function].path.contains("{contactId}");
    let mut last = None;
    for request in row.before.iter().chain(row.answered.then_some(&row.request)) {
        let reply = crew.send(&request(ground)).await;
        assert!(reply.status < 300, "{} {}, before: {reply:?}", row.function, row.case);
        if learns {
            ground.learn_contacts(crew.world()).await;
        }
        last = Some(reply);
    }
    last.filter(|_| row.answered)
}

impl Case {
    fn name(&self) -> String {
        let Self { row, struck, calls } = self;
        let again = if row.answered { " again" } else { "" };
        format!("{}, {}{again}: {}", row.function, row.case, struck.name(calls))
    }

    async fn run(&self, crew: &Crew) {
        let (row, world) = (&self.row, crew.world());
        let mut ground = Ground::new(world).await;
        let mut function = crew.lend(row.function).await;
        let earlier = prepare(crew, row, &mut ground).await;
        let before = ground.stored(world).await;
        let request = (row.request)(&ground);

        self.struck.order(&self.calls, &function);
        let first = function.send(&request).await;
        assert!(function.proxy.struck() > 0, "{}: nothing went wrong", self.name());
        function.proxy.calm();
        match &first {
            Some(reply) => self.judge_first(reply),
            None => assert!(self.struck.fault.kills(), "{}: it ended:\n{}", self.name(), function.last_words()),
        }
        if self.struck.fault.kills() {
            // Counting is waited for so briefly that the end may come after the answer.
            assert!(
                first.is_none() || self.struck.index == counting(&self.calls),
                "{}: it outlived that: {first:?}",
                self.name()
            );
            function.restart().await;
        }

        let retried = self.right().repeat(&mut function, &request, &self.name()).await;
        for right in earlier.iter().chain(&first).filter(|reply| reply.status == row.outcome.status) {
            self.assert_same(right, &retried, "the right answer before, and the one to its repeat");
        }
        let after = ground.stored(world).await;
        self.judge_effect(&before, &after);
        let verified = world.operator().verify_history(ground.buyer).await.expect("it has a history");
        assert_eq!(verified, Ok(after.count("REV#") as u64), "{}", self.name());

        let again = self.right().repeat(&mut function, &request, &self.name()).await;
        self.assert_same(&retried, &again, "two repeats");
        let replayed = again.header("idempotent-replayed");
        assert_eq!(replayed, (row.outcome.status < 300).then_some("true"), "{}: {again:?}", self.name());
        assert_eq!(ground.stored(world).await, after, "{}: the last repeat had an effect", self.name());
        let shown: Vec<_> = [earlier, first, Some(retried), Some(again)].into_iter().flatten().collect();
        self.judge_disclosures(&shown, &ground.disclosures(world).await);
    }

    /// The right answer, or an honest "later".
    fn judge_first(&self, reply: &Reply) {
        let (name, outcome) = (self.name(), &self.row.outcome);
        // Every call from this one on is made for somebody who is known.
        let counting =
            self.calls.iter().position(|call| call.operation() == "UpdateItem").expect("requests are counted");
        if self.struck.index >= counting {
            assert!(reply.header("x-ratelimit-remaining").is_some(), "{name}: {reply:?}");
        }
        if self.struck.index == counting && !self.struck.lasting {
            assert_eq!(reply.status, outcome.status, "{name}: what cannot be counted is let through");
        }
        self.right().or_later(reply, &name);
    }

    fn right(&self) -> Right {
        Right { status: self.row.outcome.status, answered: self.row.answered }
    }

    fn judge_effect(&self, before: &Stored, after: &Stored) {
        let (name, outcome) = (self.name(), &self.row.outcome);
        assert_eq!(after.count("NOW#BUYER"), 1, "{name}");
        assert_eq!(after.count("REV#"), before.count("REV#") + outcome.revisions, "{name}: revisions");
        let buyer = after.buyer().expect("it was counted");
        assert_eq!(buyer["seq"]["N"], (after.count("REV#") - 1).to_string(), "{name}: seq");
        let version = |buyer: &Value| buyer["version"]["N"].as_str().and_then(|version| version.parse::<u64>().ok());
        let versions = before.buyer().and_then(version).unwrap_or(0) + outcome.versions;
        assert_eq!(version(buyer), Some(versions), "{name}: version");
        let (member, value) = &outcome.shows;
        assert_eq!(&buyer[*member]["S"], value, "{name}");
        let receipts = before.receipts.len() + usize::from(outcome.status < 300 && !self.row.answered);
        assert_eq!(after.receipts.len(), receipts, "{name}: receipts");
        if outcome.revisions == 0 {
            assert_eq!(after.of_buyer, before.of_buyer, "{name}: nothing was to change");
        }
        let contacts = outcome.contacts;
        assert_eq!(
            (after.count("CONTACT#"), &buyer["contactCount"]["N"]),
            (contacts.len(), &contacts.len().to_string().into()),
            "{name}: contacts"
        );
        assert_eq!(persons_in(&json!(after.of_buyer).to_string()), contacts, "{name}: persons that the buyer knows");
        assert_eq!(persons_in(&json!(after.receipts).to_string()), NOBODY, "{name}: persons in receipts");
    }

    /// Whoever was shown a person stands in the log, which knows nobody itself. Problems show nobody.
    fn judge_disclosures(&self, replies: &[Reply], log: &[Value]) {
        assert_eq!(persons_in(&json!(log).to_string()), NOBODY, "{}: persons in the log", self.name());
        for reply in replies.iter().filter(|reply| !persons_in(&reply.text).is_empty()) {
            assert!(reply.status < 300, "{}: {reply:?}", self.name());
            assert!(is_noted(reply, log), "{}: shown, but not noted: {reply:?} {log:?}", self.name());
        }
    }

    /// The same to a client: status, body and version. Of problems what they are about, without the trace id.
    fn assert_same(&self, one: &Reply, other: &Reply, what: &str) {
        let seen = |reply: &Reply| {
            let mut body = reply.json.clone();
            if let Some(body) = body.as_object_mut() {
                body.remove("traceId");
            }
            let header = |name| reply.header(name).map(str::to_owned);
            (reply.status, body, header("etag"), header("location"))
        };
        assert_eq!(seen(one), seen(other), "{}: {what} differ", self.name());
        assert!(one.status >= 300 || one.text == other.text, "{}: {what} differ in their bytes", self.name());
    }
}
