//! Documents: bytes in a bucket and records in the table, and whatever goes wrong between the two.

use std::sync::Arc;

use blackbox::{Crew, Reply, World};
use simulators::fault_proxy::Call;

use crate::answers::{Right, send_amid};
use crate::document_endpoints::{Row, rows};
use crate::document_rules::Buckets;
use crate::ground::{Ground, Stored};
use crate::struck::{Struck, all_of};
use crate::together;

/// One fault, with one call of one kind of request.
struct Case {
    row: Arc<Row>,
    /// All calls that the request makes when nothing goes wrong.
    calls: Arc<Vec<Call>>,
    struck: Struck,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_whichever_call_no_document_lacks_bytes_and_a_write_has_one_effect() {
    let crew = Crew::of(World::shared());
    let buckets = Arc::new(Buckets::of(crew.world()));
    let mut cases = Vec::new();
    for row in rows() {
        let calls = Arc::new(calls_of(&crew, &row).await);
        let row = Arc::new(row);
        // Who calls, and how often, is asked as by every endpoint: that is broken in `write_endpoints.rs`.
        let counting = calls.iter().position(|call| call.operation() == "UpdateItem").expect("requests are counted");
        let of_row = all_of(&calls, counting + 1, row.in_all_words).into_iter();
        cases.extend(of_row.map(|struck| Case { row: row.clone(), calls: calls.clone(), struck }));
    }
    assert!(cases.len() > 250, "{} cases", cases.len());
    cases.sort_by_key(|case| case.struck.patience());
    let cases = cases.into_iter().map(|case| {
        let (crew, buckets) = (crew.clone(), buckets.clone());
        (case.name(), async move { case.run(&crew, &buckets).await })
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
        prepare(crew, row, &ground).await;
        let request = (row.request)(&ground, &ground.stored(crew.world()).await);
        let _ = function.proxy.take_calls();
        let reply = function.send(&request).await.expect("nobody killed it");
        assert_eq!(reply.status, row.outcome.status, "{} {}: {reply:?}", row.function, row.case);
        calls = function.proxy.take_calls();
    }
    calls
}

/// Does what comes before; what the request itself was answered, if it was.
async fn prepare(crew: &Crew, row: &Row, ground: &Ground) -> Option<Reply> {
    let before = row.before.iter().chain(row.answered.then_some(&row.request));
    let mut last = None;
    for request in before {
        let reply = crew.send(&request(ground, &ground.stored(crew.world()).await)).await;
        assert!(reply.status < 300, "{} {}, before: {reply:?}", row.function, row.case);
        last = Some(reply);
    }
    last.filter(|_| row.answered)
}

impl Case {
    fn name(&self) -> String {
        let again = if self.row.answered { " again" } else { "" };
        format!("{}, {}{again}: {}", self.row.function, self.row.case, self.struck.name(&self.calls))
    }

    async fn run(&self, crew: &Crew, buckets: &Buckets) {
        let (row, world, name) = (&self.row, crew.world(), self.name());
        let right = Right { status: row.outcome.status, answered: row.answered };
        let ground = Ground::new(world).await;
        let mut function = crew.lend(row.function).await;
        let earlier = prepare(crew, row, &ground).await;
        let before = buckets.check(world, &ground, &name).await;
        // What is to be repeated stands as it was when it was asked for first.
        let request = (row.request)(&ground, &before);

        let first = send_amid(&mut function, &request, (self.struck, &self.calls), &name).await;
        if let Some(reply) = &first {
            right.or_later(reply, &name);
        }
        buckets.check(world, &ground, &name).await;
        if first.is_none() {
            function.restart().await;
        }

        let retried = right.repeat(&mut function, &request, &name).await;
        for right in earlier.iter().chain(&first).filter(|reply| reply.status == row.outcome.status) {
            self.assert_same(right, &retried, "the right answer before, and the one to its repeat");
        }
        let after = buckets.check(world, &ground, &name).await;
        self.judge_effect(&before, &after);

        let again = right.repeat(&mut function, &request, &name).await;
        self.assert_same(&retried, &again, "two repeats");
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{name}: {again:?}");
        assert_eq!(ground.stored(world).await, after, "{name}: the last repeat had an effect");
    }

    fn judge_effect(&self, before: &Stored, after: &Stored) {
        let (name, outcome) = (self.name(), &self.row.outcome);
        for (kind, added) in [("DOC#", outcome.documents), ("REV#", outcome.revisions), ("UPLOAD#", outcome.uploads)] {
            assert_eq!(after.count(kind), before.count(kind) + added, "{name}: {kind}");
        }
        assert_eq!(after.count("NOW#ACTIVE#"), outcome.active, "{name}: active");
        assert_eq!(after.receipts.len(), before.receipts.len() + usize::from(!self.row.answered), "{name}: receipts");
        let (was, is) = (before.buyer().expect("created"), after.buyer().expect("created"));
        assert_eq!(was["version"], is["version"], "{name}: documents do not move a buyer's version");
        assert_eq!(is["seq"]["N"], (after.count("REV#") - 1).to_string(), "{name}: seq");
        if outcome.revisions + outcome.uploads == 0 {
            assert_eq!(after.of_buyer, before.of_buyer, "{name}: nothing was to change");
        }
    }

    /// The same to a client: status, body and headers of its own. Of an announcement's addresses each is signed anew.
    fn assert_same(&self, one: &Reply, other: &Reply, what: &str) {
        let seen = |reply: &Reply| {
            let mut body = reply.json.clone();
            for member in ["traceId", "url", "expiresAt"] {
                body.as_object_mut().and_then(|body| body.remove(member));
            }
            (reply.status, body, reply.header("etag").map(str::to_owned), reply.header("location").map(str::to_owned))
        };
        assert_eq!(seen(one), seen(other), "{}: {what} differ", self.name());
        let is_signed = self.row.function == "start-upload";
        assert!(is_signed || one.text == other.text, "{}: {what} differ in their bytes", self.name());
    }
}
