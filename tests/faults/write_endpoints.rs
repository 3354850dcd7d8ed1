//! Same key, same meaning: one effect and one answer, whatever goes wrong in between (guarantee 3 of the design).

use std::collections::BTreeSet;
use std::sync::Arc;

use blackbox::{Crew, Direct, Reply, Request, World, routes};
use simulators::fault_proxy::Call;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::endpoints::{Row, rows};
use crate::faults::{FAULTS, NamedFault};
use crate::ground::{Ground, Stored};

/// Cases at the same time. Most of their time they wait for a pause to end.
const AT_ONCE: usize = 32;

/// One fault, with one call of one kind of request.
struct Case {
    row: Arc<Row>,
    fault: &'static NamedFault,
    /// All calls that the request makes when nothing goes wrong.
    calls: Arc<Vec<Call>>,
    index: usize,
    /// Until the end of the invocation, instead of once.
    lasting: bool,
}

#[test]
fn every_endpoint_that_writes_is_tried() {
    let tried: BTreeSet<_> = rows().iter().map(|row| row.function.to_owned()).collect();
    let writing = routes().into_iter().filter(|(_, route)| route.method != "GET").map(|(function, _)| function);
    assert_eq!(writing.collect::<BTreeSet<_>>(), tried);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_whichever_call_a_write_has_one_effect_and_one_answer() {
    let crew = Crew::of(World::shared());
    let cases = cases(&crew).await;
    assert!(cases.len() > 500, "{} cases", cases.len());
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for case in cases {
        let (crew, places) = (crew.clone(), Arc::clone(&places));
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

/// Every fault with every call of every row, the slowest first.
async fn cases(crew: &Crew) -> Vec<Case> {
    let mut cases = Vec::new();
    for row in rows() {
        let calls = Arc::new(calls_of(crew, &row).await);
        let row = Arc::new(row);
        for fault in &FAULTS {
            for index in (0..calls.len()).filter(|index| fault.of.includes(&calls[*index])) {
                for lasting in [true, false].into_iter().filter(|lasting| !(*lasting && fault.kills())) {
                    cases.push(Case { row: row.clone(), fault, calls: calls.clone(), index, lasting });
                }
            }
        }
    }
    cases.sort_by_key(|case| (!case.lasting, FAULTS.iter().position(|fault| fault.name == case.fault.name)));
    cases
}

/// What a request asks of AWS when nothing goes wrong. Asked twice: the first one may find that the issuer's keys are
/// not in the table yet.
async fn calls_of(crew: &Crew, row: &Row) -> Vec<Call> {
    let mut calls = Vec::new();
    for _ in 0..2 {
        let ground = Ground::new(crew.world()).await;
        // Before others prepare the ground: this one is to know nothing of who calls.
        let mut function = crew.lend(row.function).await;
        prepare(crew, row, &ground).await;
        let _ = function.proxy.take_calls();
        let reply = function.send(&(row.request)(&ground)).await.expect("nobody killed it");
        assert_eq!(reply.status, row.outcome.status, "{} {}: {reply:?}", row.function, row.case);
        calls = function.proxy.take_calls();
    }
    calls
}

async fn prepare(crew: &Crew, row: &Row, ground: &Ground) {
    for request in (row.before)(ground) {
        let reply = crew.send(&request).await;
        assert!(reply.status < 300, "{} {}, before: {reply:?}", row.function, row.case);
    }
}

impl Case {
    fn name(&self) -> String {
        let Self { row, fault, calls, index, lasting } = self;
        let operations: Vec<_> = calls.iter().map(Call::operation).collect();
        let length = if *lasting { "and all after it" } else { "once" };
        format!("{}, {}: {} at call {index} {length} of {operations:?}", row.function, row.case, fault.name)
    }

    async fn run(&self, crew: &Crew) {
        let (row, world) = (&self.row, crew.world());
        let ground = Ground::new(world).await;
        let mut function = crew.lend(row.function).await;
        prepare(crew, row, &ground).await;
        let before = ground.stored(world).await;
        let request = (row.request)(&ground);

        let trouble = self.fault.at(self.index, &self.calls, &function);
        function.proxy.order(if self.lasting { trouble.lasting() } else { trouble });
        let first = function.send(&request).await;
        assert!(function.proxy.struck() > 0, "{}: nothing went wrong", self.name());
        function.proxy.calm();
        match &first {
            Some(reply) => self.judge_first(reply),
            None => assert!(self.fault.kills(), "{}: it ended:\n{}", self.name(), function.last_words()),
        }
        if self.fault.kills() {
            assert!(first.is_none(), "{}: it outlived that: {first:?}", self.name());
            function.restart().await;
        }

        let retried = self.repeat(&mut function, &request).await;
        if let Some(first) = first.filter(|first| first.status == row.outcome.status) {
            self.assert_same(&first, &retried, "the answer under the fault, and the one to its repeat");
        }
        let after = ground.stored(world).await;
        self.judge_effect(&before, &after);
        let verified = world.operator().verify_history(ground.buyer).await.expect("it has a history");
        assert_eq!(verified, Ok(after.count("REV#") as u64), "{}", self.name());

        let again = self.repeat(&mut function, &request).await;
        self.assert_same(&retried, &again, "two repeats");
        let replayed = again.header("idempotent-replayed");
        assert_eq!(replayed, (row.outcome.status < 300).then_some("true"), "{}: {again:?}", self.name());
        assert_eq!(ground.stored(world).await, after, "{}: the last repeat had an effect", self.name());
    }

    /// The client does as it is told: the same again, with the same key.
    async fn repeat(&self, function: &mut Direct, request: &Request) -> Reply {
        let reply = function.send(request).await.expect("nobody killed it");
        assert_eq!(reply.status, self.row.outcome.status, "{}: {reply:?}", self.name());
        reply
    }

    /// The right answer, or an honest "later".
    fn judge_first(&self, reply: &Reply) {
        if reply.status == self.row.outcome.status {
            assert_eq!(reply.header("idempotent-replayed"), None, "{}: it was not repeated yet", self.name());
            return;
        }
        assert_eq!(reply.status, 503, "{}: {reply:?}", self.name());
        assert_eq!(reply.problem(), "service-unavailable", "{}", self.name());
        let retry_after = reply.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
        assert!(retry_after.is_some_and(|seconds| seconds > 0), "{}: {reply:?}", self.name());
    }

    fn judge_effect(&self, before: &Stored, after: &Stored) {
        let (name, outcome) = (self.name(), &self.row.outcome);
        assert_eq!(after.count("NOW#BUYER"), 1, "{name}");
        assert_eq!(after.count("REV#"), before.count("REV#") + outcome.revisions, "{name}: revisions");
        assert_eq!(after.count("CONTACT#"), outcome.contacts, "{name}: contacts");
        let buyer = &after.of_buyer.iter().find(|item| item["sk"]["S"] == "NOW#BUYER").expect("it was counted");
        let latest = (after.count("REV#") - 1).to_string();
        assert_eq!((&buyer["seq"]["N"], &buyer["version"]["N"]), (&latest.clone().into(), &latest.into()), "{name}");
        let (member, value) = &outcome.shows;
        assert_eq!(&buyer[*member]["S"], value, "{name}");
        let receipts = before.receipts.len() + usize::from(outcome.status < 300);
        assert_eq!(after.receipts.len(), receipts, "{name}: receipts");
        if outcome.revisions == 0 {
            assert_eq!(after.of_buyer, before.of_buyer, "{name}: nothing was to change");
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
