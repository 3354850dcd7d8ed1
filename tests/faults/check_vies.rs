//! A check that was requested ends once, with its verdict, whatever goes wrong with the worker and however often it is told.

use blackbox::{Api, Crew, Direct, Draft, Request, World, buyer_body, event_file};
use domain::{BuyerId, SellerId, VatNumber};
use serde_json::{Value, json};
use simulators::fault_proxy::Call;
use simulators::vies::magic_number;

use crate::struck::{Struck, all_of};
use crate::together;
use crate::vies_endpoints;

const FUNCTION: &str = "check-vies";
/// The check and its buyer; who acts for the seller; what is to change, and the change.
const CALLS: [&str; 5] = ["BatchGetItem", "Query", "BatchGetItem", "BatchGetItem", "TransactWriteItems"];

/// How VIES answers, by magic number, and what comes of it.
const ENDS: [(&str, &str, &str); 3] = [
    ("100", "COMPLETED", "VIES_CHECKED"),
    ("200", "COMPLETED", "VIES_CHECKED"),
    ("400", "GIVEN_UP", "VIES_CHECK_GIVEN_UP"),
];

/// A check that was requested, and the message that orders it.
struct Requested {
    name: String,
    token: String,
    seller: SellerId,
    buyer: BuyerId,
    check: String,
    event: Value,
}

impl Requested {
    async fn of(crew: &Crew, name: String, code: &str) -> Self {
        let draft = Draft::new();
        let seller = draft.sellers[0];
        let Api { token, .. } = crew.world().organisation(draft).await;
        let number = magic_number("SE", code);
        let buyer = BuyerId::of(seller, &VatNumber::parse(&number).expect("a number"));
        let request = |function: &str| Request::new(function, &token).of("sellerId", seller).key("the key");
        let created = crew.send(&request("upsert-buyer").json(buyer_body(&number))).await;
        assert_eq!(created.status, 201, "{name}, before: {created:?}");
        let requested = crew.send(&request("request-vies-check").of("buyerId", buyer).key("another")).await;
        assert_eq!(requested.status, 202, "{name}, before: {requested:?}");
        let check = requested.json["checkId"].as_str().expect("an id").to_owned();
        let event = event_file(FUNCTION, &[("BUYER", &buyer.to_string()), ("CHECK", &check)]);
        Self { name, token, seller, buyer, check, event }
    }

    /// All that is stored of the buyer.
    async fn stored(&self, world: &World) -> Vec<Value> {
        world.behind.items(&format!("BUYER#{}", self.buyer)).await
    }

    /// The check as a client sees it.
    async fn shown(&self, crew: &Crew) -> Value {
        let get = Request::new("get-vies-check", &self.token).of("sellerId", self.seller).of("buyerId", self.buyer);
        crew.send(&get.of("checkId", &self.check)).await.json
    }

    /// The message in peace: it is done with, and the check has ended as it had to.
    async fn deliver(&self, crew: &Crew, worker: &mut Direct, (code, status, kind): (&str, &str, &str)) {
        let (name, world) = (&self.name, crew.world());
        let answer = worker.invoke(&self.event).await.expect("nobody killed it");
        assert_eq!(answer, json!({"batchItemFailures": []}), "{name}: {}", worker.last_words());
        let check = self.shown(crew).await;
        assert_eq!(check["status"], status, "{name}: {check}\n{}", worker.last_words());
        let items = self.stored(world).await;
        let find = |prefix: &str| {
            let is = |item: &&Value| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with(prefix));
            items.iter().filter(is).collect::<Vec<_>>()
        };
        let revisions = find("REV#");
        let contents: Vec<Value> = revisions
            .iter()
            .map(|item| serde_json::from_str(item["content"]["S"].as_str().expect("a text")).expect("a revision"))
            .collect();
        let kinds: Vec<_> = contents.iter().map(|revision| revision["kind"].clone()).collect();
        assert_eq!(kinds, ["CREATED", "VIES_CHECK_REQUESTED", kind], "{name}: it ends once");
        let event = contents[2]["effect"]["event"]["type"].as_str();
        assert_eq!(event, (code == "200").then_some("kyc.vies_check_failed"), "{name}");
        assert!(find("VIES#")[0].get("dueAt").is_none(), "{name}: nobody asks again");
        assert!(find("NOW#VIES")[0].get("open").is_none(), "{name}: none is open");
        let verified = world.operator().verify_history(self.buyer).await.expect("it has a history");
        assert_eq!(verified, Ok(3), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_whichever_call_a_check_ends_once_with_its_verdict() {
    let crew = Crew::of(vies_endpoints::quiet().await);
    let mut cases = Vec::new();
    for end in ENDS {
        let calls = calls_of(&crew, end).await;
        assert_eq!(calls.iter().map(Call::operation).collect::<Vec<_>>(), CALLS);
        for struck in all_of(&calls, 0, end == ENDS[0]) {
            let name = format!("{}: {}", end.0, struck.name(&calls));
            let (crew, calls, case) = (crew.clone(), calls.clone(), name.clone());
            cases.push((struck, (name, async move { troubled(&crew, case, end, struck, &calls).await })));
        }
    }
    assert!(cases.len() > 200, "{} cases", cases.len());
    cases.sort_by_key(|(struck, _)| struck.patience());
    together::run(cases.into_iter().map(|(_, case)| case)).await;
}

/// What a check asks of AWS when nothing goes wrong.
async fn calls_of(crew: &Crew, end: (&str, &str, &str)) -> Vec<Call> {
    let requested = Requested::of(crew, "in peace".to_owned(), end.0).await;
    let mut worker = crew.lend(FUNCTION).await;
    let _ = worker.proxy.take_calls();
    requested.deliver(crew, &mut worker, end).await;
    worker.proxy.take_calls()
}

async fn troubled(crew: &Crew, name: String, end: (&str, &str, &str), struck: Struck, calls: &[Call]) {
    let requested = Requested::of(crew, name, end.0).await;
    let (name, mut worker) = (&requested.name, crew.lend(FUNCTION).await);
    struck.order(calls, &worker);
    let first = worker.invoke(&requested.event).await;
    assert!(worker.proxy.struck() > 0, "{name}: nothing went wrong");
    worker.proxy.calm();
    assert_eq!(first.is_none(), struck.fault.kills(), "{name}: {first:?}\n{}", worker.last_words());
    // A message that fails would keep its lane waiting; the index brings the check back.
    assert!(first.is_none_or(|answer| answer == json!({"batchItemFailures": []})), "{name}");
    if struck.fault.kills() {
        worker.restart().await;
    }
    let check = requested.shown(crew).await;
    let over = check["status"] != "IN_PROGRESS";
    let items = requested.stored(crew.world()).await;
    let due = items.iter().any(|item| {
        item["sk"]["S"].as_str() == Some(&format!("VIES#{}", requested.check)) && item.get("dueAt").is_some()
    });
    assert!(over != due, "{name}: over, or due again: {check}");
    requested.deliver(crew, &mut worker, end).await;
    let stored = requested.stored(crew.world()).await;
    requested.deliver(crew, &mut worker, end).await;
    assert_eq!(requested.stored(crew.world()).await, stored, "{name}: the message once more had an effect");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_check_at_the_same_instant_ends_once() {
    let crew = Crew::of(vies_endpoints::quiet().await);
    let cases = (0..12).map(|round| {
        let (name, crew) = (format!("round {round}"), crew.clone());
        let case = name.clone();
        (name, async move {
            let requested = Requested::of(&crew, case, "200").await;
            let (mut one, mut other) = (crew.lend(FUNCTION).await, crew.lend(FUNCTION).await);
            let (first, second) = tokio::join!(one.invoke(&requested.event), other.invoke(&requested.event));
            for answer in [first, second] {
                assert_eq!(answer, Some(json!({"batchItemFailures": []})), "{}", requested.name);
            }
            requested.deliver(&crew, &mut one, ENDS[1]).await;
        })
    });
    together::run(cases.collect::<Vec<_>>()).await;
}
