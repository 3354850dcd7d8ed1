use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::WebhookSink;

/// A sink shows what arrived, so it is a good target.
async fn sink_and_proxy() -> (WebhookSink, FaultProxy) {
    let sink = WebhookSink::start(0).await.unwrap();
    let proxy = FaultProxy::start(&sink.url()).await.unwrap();
    (sink, proxy)
}

async fn post(proxy: &FaultProxy, target: &str) -> Option<u16> {
    let http = reqwest::Client::builder().timeout(Duration::from_millis(300)).build().unwrap();
    let request = http.post(proxy.url() + "/hooks/a?b=c").header("x-amz-target", target).body("{\"TableName\":\"t\"}");
    request.send().await.ok().map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn without_trouble_everything_goes_through_as_it_is_and_is_recorded() {
    let (sink, proxy) = sink_and_proxy().await;
    assert_eq!(post(&proxy, "DynamoDB_20120810.PutItem").await, Some(200));
    let [arrived] = &sink.received()[..] else { panic!("one request") };
    assert_eq!((&*arrived.method, &*arrived.path, &*arrived.body), ("POST", "/hooks/a?b=c", "{\"TableName\":\"t\"}"));
    assert_eq!(arrived.headers["x-amz-target"], "DynamoDB_20120810.PutItem");
    let proxied = proxy.url();
    assert_eq!(arrived.headers["host"], proxied.trim_start_matches("http://"), "a signature may be over the host");
    let [call] = &proxy.take_calls()[..] else { panic!("one call") };
    assert_eq!((call.operation(), call.tables()), ("PutItem".to_owned(), ["t".to_owned()].into()));
    assert_eq!(proxy.take_calls(), []);
}

#[tokio::test]
async fn each_fault_is_seen_by_the_caller_and_behind_as_described() {
    let counter = Arc::new(AtomicUsize::new(0));
    let hook: Hook = {
        let counter = Arc::clone(&counter);
        Arc::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        })
    };
    for (fault, answer, arrivals, hooks) in [
        (Fault::Refused, None, 0, 0),
        (Fault::Lost, None, 1, 0),
        (Fault::Slow(Duration::from_secs(2)), None, 1, 0),
        (Fault::Twice, Some(200), 2, 0),
        (Fault::page(502), Some(502), 0, 0),
        (Fault::Before(hook.clone()), None, 0, 1),
        (Fault::After(hook.clone()), None, 1, 1),
    ] {
        let (sink, proxy) = sink_and_proxy().await;
        counter.store(0, Ordering::Relaxed);
        proxy.order(Trouble::new(fault.clone()));
        assert_eq!(post(&proxy, "").await, answer, "{fault:?}");
        let seen = (sink.received().len(), counter.load(Ordering::Relaxed), proxy.struck());
        assert_eq!(seen, (arrivals, hooks, 1), "{fault:?}");
        assert_eq!(post(&proxy, "").await, Some(200), "{fault:?} happens once");
    }
}

#[tokio::test]
async fn trouble_meets_the_call_it_is_meant_for() {
    let (_sink, proxy) = sink_and_proxy().await;
    let trouble = |lasting: bool| {
        let trouble = Trouble::new(Fault::page(500)).at(1).of(|call| call.operation() == "Put");
        if lasting { trouble.lasting() } else { trouble }
    };
    for (lasting, last) in [(false, 200), (true, 500)] {
        proxy.order(trouble(lasting));
        for (target, expected) in
            [("s.Put", 200), ("s.Get", 200), ("s.Put", 500), ("s.Get", 200), ("s.Put", last), ("", 200)]
        {
            assert_eq!(post(&proxy, target).await, Some(expected), "{target}, lasting: {lasting}");
        }
        assert_eq!(proxy.struck(), if lasting { 2 } else { 1 });
    }
    proxy.order(trouble(true).at(0));
    proxy.calm();
    assert_eq!(post(&proxy, "s.Put").await, Some(200));
}

#[tokio::test]
async fn what_is_behind_and_does_not_answer_is_a_closed_connection() {
    let (sink, proxy) = sink_and_proxy().await;
    drop(sink);
    tokio::task::yield_now().await;
    assert_eq!(post(&proxy, "").await, None);
}

#[tokio::test]
async fn a_cancelled_transaction_has_a_reason_for_each_of_its_actions() {
    let (_sink, proxy) = sink_and_proxy().await;
    let put = |table: &str| json!({ "Put": { "TableName": table } });
    let transaction = json!({ "TransactItems": [put("a"), put("b"), put("a")] });
    for (fault, codes) in [
        (dynamodb::conflict(), ["None", "None", "TransactionConflict"]),
        (dynamodb::conflict_beside_condition(), ["ConditionalCheckFailed", "None", "TransactionConflict"]),
    ] {
        proxy.order(Trouble::new(fault));
        let request = reqwest::Client::new().post(proxy.url()).body(transaction.to_string());
        let answer = request.header("x-amz-target", "DynamoDB_20120810.TransactWriteItems").send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["__type"], "com.amazonaws.dynamodb.v20120810#TransactionCanceledException");
        let found: Vec<_> = body["CancellationReasons"].as_array().unwrap().iter().map(|r| &r["Code"]).collect();
        assert_eq!(found, codes);
        let [call] = &proxy.take_calls()[..] else { panic!("one call") };
        assert!(dynamodb::is_transaction(call));
        assert_eq!(call.tables(), ["a".to_owned(), "b".to_owned()].into());
    }
}
