//! What the bus did not confirm counts as unsent: sent twice is harmless, not sent at all is not.

use std::time::{Duration, Instant};

use domain::{BuyerId, Event, EventId, EventType, SellerId, Source};
use messaging::{Bus, Unsent};
use serde_json::{Value, json};
use simulators::scripted::{Answer, Step};
use uuid::Uuid;

use crate::support::{aws, lost, scripted};

/// As often as the SDK sends a request; we do not repeat it, for `run-due` will.
const ALL_ATTEMPTS: usize = 3;

fn events(count: u64) -> Vec<Event> {
    let buyer = BuyerId(Uuid::from_u128(1));
    let event = |seq| Event {
        id: EventId::of(buyer, seq, EventType::ViesCheckFailed.name()),
        kind: EventType::ViesCheckFailed,
        schema_version: 1,
        source: Source::System,
        created_at: storage::now(),
        partner_uuid: SellerId(Uuid::from_u128(2)),
        data: json!({ "seq": seq }),
    };
    (0..count).map(event).collect()
}

/// Taken, or refused for the time being.
fn entry(taken: bool) -> Value {
    if taken {
        json!({ "EventId": Uuid::new_v4() })
    } else {
        json!({ "ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded" })
    }
}

/// An answer about `count` entries of which these were refused.
fn answer(count: usize, refused: &[usize]) -> Step {
    let entries: Vec<_> = (0..count).map(|index| entry(!refused.contains(&index))).collect();
    Answer::json(200, &json!({ "FailedEntryCount": refused.len(), "Entries": entries })).into()
}

/// What is unsent of twelve events, after so many calls.
async fn unsent_of_twelve(script: impl IntoIterator<Item = Step>, calls: usize) -> Vec<usize> {
    let server = scripted(script).await;
    let events = events(12);
    let Unsent(unsent) = Bus::new(&aws(&server), "bus").publish(&events.iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(server.played().len(), calls);
    unsent
}

#[tokio::test]
async fn twelve_events_are_a_call_of_ten_and_a_call_of_two() {
    let server = scripted([answer(10, &[]), answer(2, &[])]).await;
    let events = events(12);
    let unsent = Bus::new(&aws(&server), "bus").publish(&events.iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(unsent, Unsent::default());

    let requests = server.played();
    assert!(requests.iter().all(|request| request.target == "AWSEvents.PutEvents"), "{requests:?}");
    let calls: Vec<_> = requests.iter().map(|request| request.json()["Entries"].as_array().unwrap().clone()).collect();
    assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [10, 2]);
    for (entry, event) in calls.concat().iter().zip(&events) {
        assert_eq!((&entry["EventBusName"], &entry["DetailType"]), (&json!("bus"), &json!(event.kind)));
        let detail: Event = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        assert_eq!(&detail, event, "in order");
    }
}

#[tokio::test]
async fn an_entry_with_an_error_in_place_of_an_id_is_unsent() {
    assert_eq!(unsent_of_twelve([answer(10, &[]), answer(2, &[1])], 2).await, [11]);
    assert_eq!(unsent_of_twelve([answer(10, &[3]), answer(2, &[])], 2).await, [3]);
    assert_eq!(unsent_of_twelve([answer(10, &[0, 9]), answer(2, &[0])], 2).await, [0, 9, 10]);
}

#[tokio::test]
async fn a_lost_call_leaves_all_of_its_events_unsent_and_the_next_is_made() {
    let first = lost(ALL_ATTEMPTS).chain([answer(2, &[])]);
    assert_eq!(unsent_of_twelve(first, ALL_ATTEMPTS + 1).await, (0..10).collect::<Vec<_>>());
    let second = [answer(10, &[])].into_iter().chain(lost(ALL_ATTEMPTS));
    assert_eq!(unsent_of_twelve(second, 1 + ALL_ATTEMPTS).await, [10, 11]);
}

#[tokio::test]
async fn a_refused_call_leaves_all_of_its_events_unsent_and_the_next_is_made() {
    let refusal = Answer::json(400, &json!({ "__type": "AccessDeniedException", "message": "no" }));
    assert_eq!(unsent_of_twelve([refusal.into(), answer(2, &[])], 2).await, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_the_answer_does_not_mention_is_unsent() {
    assert_eq!(unsent_of_twelve([answer(8, &[1]), answer(2, &[])], 2).await, [1, 8, 9]);
    let nothing = Answer::json(200, &json!({}));
    assert_eq!(unsent_of_twelve([answer(10, &[]), nothing.into()], 2).await, [10, 11]);
}

#[tokio::test]
async fn a_bus_that_hangs_leaves_time_for_what_else_is_to_be_sent() {
    // Fifty events are five calls, and each by itself could take six seconds.
    let server = scripted(std::iter::repeat_with(|| Step::Hang(Duration::from_mins(1))).take(5 * ALL_ATTEMPTS)).await;
    let (events, begun) = (events(50), Instant::now());
    let unsent = Bus::new(&aws(&server), "bus").publish(&events.iter().collect::<Vec<_>>()).await.unwrap();
    assert_eq!(unsent, Unsent((0..50).collect()));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
