//! What must be true in the end, read off the table, the queues and the bus.

use std::collections::{BTreeMap, BTreeSet};

use domain::{BuyerId, EventId};
use serde_json::{Value, json};

use crate::crash::Subject;
use crate::ground::{Ground, Promised};

const EVENT: &str = "kyc.vies_check_failed";

/// Every dead letter says which check it is about and was tried as often as the template says, and goes back as the
/// guide has it.
pub(crate) async fn redrive(ground: &Ground, promised: &[Promised]) {
    let behind = &ground.world().behind;
    let (dead, queue) = (behind.queue_of("CheckViesDlq"), behind.queue_of("CheckViesQueue"));
    let (waiting, most) = (dead.messages().await, queue.most_receives().await);
    let moved = dead.move_to(&queue).await;
    assert_eq!((moved.len(), dead.messages().await), (waiting, 0));
    for letter in &moved {
        let command: Value = serde_json::from_str(letter.body()).expect("a dead letter is a command");
        let is_about = |promise: &&Promised| {
            command["buyer"] == json!(promise.buyer) && command["checkId"] == json!(promise.check)
        };
        assert!(promised.iter().any(|promise| is_about(&promise)), "{command}");
        assert!(letter.receives() > most, "it was given up after fewer than {most} times: {letter:?}");
    }
    println!("{waiting} dead letters went back");
}

/// What a buyer's partition says about its checks.
struct Read {
    buyer: BuyerId,
    items: Vec<Value>,
}

impl Read {
    fn of_kind(&self, prefix: &str) -> impl Iterator<Item = &Value> {
        self.items.iter().filter(move |item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with(prefix)))
    }

    fn revisions(&self) -> Vec<Value> {
        let content = |item: &Value| serde_json::from_str(item["content"]["S"].as_str().expect("hashed bytes"));
        self.of_kind("REV#").map(|item| content(item).expect("they are JSON")).collect()
    }

    /// The revisions about a check, oldest first.
    fn about(&self, check: &str) -> Vec<Value> {
        let field = json!(format!("viesChecks[{check}]"));
        let revisions = self.revisions().into_iter();
        revisions.filter(|revision| revision["changes"][0]["field"] == field).collect()
    }
}

/// All of it.
pub(crate) async fn of(ground: &Ground, subjects: &[Subject], promised: &[Promised], at_least: usize) {
    let codes: BTreeMap<_, _> = subjects.iter().map(|subject| (subject.buyer, subject.code)).collect();
    let checks: BTreeSet<_> = promised.iter().map(|promise| (promise.buyer, promise.check.to_string())).collect();
    assert!(checks.len() >= at_least, "{} checks", checks.len());
    let (mut caused, mut ended) = (BTreeMap::new(), BTreeMap::<_, usize>::new());
    for buyer in checks.iter().map(|(buyer, _)| *buyer).collect::<BTreeSet<_>>() {
        let read = Read { buyer, items: ground.world().behind.items(&format!("BUYER#{buyer}")).await };
        let of_buyer: BTreeSet<_> = checks.iter().filter(|(of, _)| *of == buyer).map(|(_, check)| check).collect();
        for check in &of_buyer {
            *ended.entry(is_over_once(&read, check, codes[&buyer])).or_default() += 1;
        }
        assert_eq!(read.of_kind("VIES#").count(), of_buyer.len(), "{buyer} has checks that nobody was promised");
        let standing: Vec<_> = read.of_kind("NOW#VIES").collect();
        assert_eq!(standing.len(), 1, "{standing:?}");
        assert!(standing[0].get("open").is_none(), "a check is open still: {}", standing[0]);
        caused.extend(caused_by(&read));
        let revisions = read.of_kind("REV#").count() as u64;
        let verified = ground.world().operator().verify_history(buyer).await.expect("a history");
        assert_eq!(verified, Ok(revisions), "{buyer}");
    }
    println!("{} checks: {ended:?}", checks.len());
    assert!(ended.len() == 4, "{ended:?}");
    published_as_caused(ground, &caused).await;
    let left = crate::time::due(ground).await;
    assert!(left.is_empty(), "nobody has done it: {left:?}");
    for queue in ["CheckViesQueue", "CheckViesDlq", "SendMailQueue", "UnmatchedEventsQueue", "UnmatchedEventsDlq"] {
        assert_eq!(ground.world().behind.queue_of(queue).messages().await, 0, "{queue}");
    }
}

/// The check has the end that VIES makes of the number, and it came to it once. What kind of end.
fn is_over_once(read: &Read, check: &str, code: &str) -> &'static str {
    let item = read.of_kind("VIES#").find(|item| item["sk"]["S"] == json!(format!("VIES#{check}")));
    let item = item.unwrap_or_else(|| panic!("{check} was promised, and is not there"));
    let (state, kind, end) = match code {
        "100" | "705" => ("CONCLUSIVE", "VIES_CHECKED", "VALID"),
        "200" => ("CONCLUSIVE", "VIES_CHECKED", "INVALID"),
        "201" => ("GIVEN_UP", "VIES_CHECK_GIVEN_UP", "INPUT_REFUSED"),
        "400" => ("GIVEN_UP", "VIES_CHECK_GIVEN_UP", "NUMBER_BLOCKED"),
        other => panic!("no check ends by {other}"),
    };
    let revisions = read.about(check);
    let kinds: Vec<_> = revisions.iter().map(|revision| revision["kind"].clone()).collect();
    assert_eq!(kinds, ["VIES_CHECK_REQUESTED", kind], "{check} of {}: {item}", read.buyer);
    let after = &revisions[1]["changes"][0]["after"];
    let (stored, told) = match state {
        "CONCLUSIVE" => (&item["result"]["S"], &after["result"]),
        _ => (&item["lastFailure"]["M"]["reason"]["S"], &after["lastFailure"]["reason"]),
    };
    assert_eq!((&item["state"]["S"], stored, told), (&json!(state), &json!(end), &json!(end)), "{item}");
    assert!(item.get("dueAt").is_none(), "{item}");
    let event = &revisions[1]["effect"]["event"];
    assert_eq!(event.is_object(), end == "INVALID", "{check}: {event}");
    end
}

/// The events of the buyer's revisions, by their ids, which are derived.
fn caused_by(read: &Read) -> BTreeMap<String, Value> {
    let caused = read.revisions().into_iter().filter_map(|revision| {
        let event = revision["effect"]["event"].clone();
        let seq = revision["seq"].as_u64().expect("a revision has a number");
        event.is_object().then(|| (EventId::of(read.buyer, seq, EVENT).to_string(), event))
    });
    caused.collect()
}

/// Whatever was caused came out of the bus, at least once and always the same; and nothing else did.
async fn published_as_caused(ground: &Ground, caused: &BTreeMap<String, Value>) {
    let bus = ground.world().behind.queue_of("FanOutEventQueue");
    let (mut published, mut count) = (BTreeMap::<String, Vec<Value>>::new(), 0);
    loop {
        let messages = bus.receive_most(10).await;
        if messages.is_empty() {
            break;
        }
        for message in messages {
            let envelope: Value = serde_json::from_str(message.body()).expect("an event is JSON");
            assert_eq!(envelope["detail-type"], EVENT);
            let id = envelope["detail"]["id"].as_str().expect("an event has an id").to_owned();
            let contents = published.entry(id).or_default();
            if !contents.contains(&envelope["detail"]) {
                contents.push(envelope["detail"].clone());
            }
            bus.delete(&message).await;
            count += 1;
        }
    }
    let caused: BTreeMap<_, _> = caused.iter().map(|(id, event)| (id.clone(), vec![event.clone()])).collect();
    let missing: Vec<_> = caused.keys().filter(|id| !published.contains_key(*id)).collect();
    assert!(missing.is_empty(), "{} of {} events were never published: {missing:?}", missing.len(), caused.len());
    let made_up: Vec<_> = published.keys().filter(|id| !caused.contains_key(*id)).collect();
    assert!(made_up.is_empty(), "events that nothing caused: {made_up:?}");
    for (id, contents) in &published {
        assert_eq!(contents, &caused[id], "{id}");
    }
    println!("{} events, published {count} times", caused.len());
}
