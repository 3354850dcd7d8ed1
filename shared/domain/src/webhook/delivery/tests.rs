use super::super::{Health, NewEndpoint, Plain, TestFire, Verdict};
use super::*;
use crate::{Event, SellerId, Source};
use serde_json::json;
use uuid::Uuid;

const AT: Instant = Instant::from_millis(1_795_391_999_999);
const NONE: Jitter = Jitter(0);

fn endpoint(status: Status) -> Endpoint {
    let organisation = OrganisationId(Uuid::from_u128(7));
    let body = json!({"url": "https://hooks.example.com/x", "events": ["kyc.*"]});
    let mut settings = NewEndpoint::parse(&body, Plain::Refused).unwrap().settings;
    settings.status = status;
    Endpoint::new(WebhookId::of(organisation, "key", AT), organisation, settings, AT)
}

fn envelope(kind: EventType) -> Envelope {
    let event = Event {
        id: EventId::of(crate::BuyerId(Uuid::from_u128(1)), 4, kind.name()),
        kind,
        schema_version: 1,
        source: Source::System,
        created_at: AT.plus_seconds(-5),
        partner_uuid: SellerId(Uuid::from_u128(2)),
        data: json!({"seq": 4}),
    };
    Envelope::of(&event, endpoint(Status::Active).organisation)
}

fn delivery() -> Delivery {
    Delivery::of_event(&envelope(EventType::ViesCheckFailed), &endpoint(Status::Active), AT)
}

fn answer(at: Instant, status: u16) -> Attempt {
    Attempt { at, duration_ms: 200, status: Some(status), excerpt: String::new(), failure: None }
}

fn silence(at: Instant) -> Attempt {
    Attempt { at, duration_ms: 10_000, status: None, excerpt: String::new(), failure: Some("timeout".to_owned()) }
}

#[test]
fn an_event_at_an_endpoint_is_one_delivery_whoever_records_it_and_when() {
    let again =
        Delivery::of_event(&envelope(EventType::ViesCheckFailed), &endpoint(Status::Active), AT.plus_seconds(9));
    assert_eq!((again.id.clone(), &again.payload), (delivery().id, &delivery().payload));
    let other = Delivery::of_event(&envelope(EventType::VerificationCompleted), &endpoint(Status::Active), AT);
    assert_ne!(other.id, again.id);
    assert_eq!(again.id.to_string().parse(), Ok(again.id));
}

#[test]
fn the_payload_is_the_published_envelope_for_the_organisation_that_receives_it() {
    let sent: serde_json::Value = serde_json::from_str(&delivery().payload).unwrap();
    let expected = json!({
        "id": delivery().event_id, "type": "kyc.vies_check_failed", "schemaVersion": 1, "source": "SYSTEM",
        "createdAt": AT.plus_seconds(-5), "organizationUuid": delivery().organisation,
        "partnerUuid": "00000000-0000-0000-0000-000000000002", "data": {"seq": 4}
    });
    assert_eq!(sent, expected);
}

#[test]
fn a_receiver_that_never_answers_is_tried_eleven_times_in_48_hours_and_then_the_delivery_failed() {
    let (mut delivery, mut now) = (delivery(), AT);
    loop {
        assert_eq!(delivery.step(Some(Status::Active), now), Step::Try);
        delivery = delivery.attempted(silence(now), None, NONE);
        assert_eq!(delivery.step(Some(Status::Active), now.plus_seconds(11)), Step::Leave, "not due, or over");
        let Some(next) = delivery.next_attempt_at() else { break };
        now = next;
    }
    assert_eq!((delivery.attempts, delivery.log.len(), delivery.seq), (11, 11, 11));
    assert_eq!(delivery.status(), DeliveryStatus::Failed);
    assert_eq!((now.millis() - AT.millis()) / 3_600_000, 48);
    let told = delivery.failed_for_good().unwrap();
    assert_eq!((told.kind, told.partner_uuid), (EventType::DeliveryFailedTerminal, None));
    assert_eq!((&told.data["attempts"], &told.data["reason"]), (&json!(11), &json!("EXHAUSTED")));
    let guide = include_str!("../../../../../docs/webhooks/README.md");
    let row = guide.lines().find(|line| line.starts_with("| `webhook.delivery_failed_terminal` |")).unwrap();
    for member in told.data.as_object().unwrap().keys() {
        assert!(row.contains(&format!("`{member}`")), "{member} is not documented");
    }
}

#[test]
fn any_2xx_ends_it_and_nothing_else_but_410_does_at_once() {
    for status in [200, 201, 204, 299] {
        assert_eq!(delivery().attempted(answer(AT, status), None, NONE).status(), DeliveryStatus::Delivered);
    }
    for status in [199, 301, 302, 400, 404, 429, 500, 503] {
        let after = delivery().attempted(answer(AT, status), None, NONE);
        assert_eq!(after.next_attempt_at(), Some(AT.plus_seconds(60)), "{status}");
    }
    let gone = delivery().attempted(answer(AT, 410), None, NONE);
    assert_eq!(gone.failed_for_good().unwrap().data["reason"], "GONE");
    let asked = delivery().attempted(answer(AT, 503), Some(120), NONE);
    assert_eq!(asked.next_attempt_at(), Some(answer(AT, 503).ended().plus_seconds(120)));
}

#[test]
fn what_is_for_a_paused_endpoint_is_held_and_begins_again_when_it_is_resumed() {
    let held = Delivery::of_event(&envelope(EventType::ViesCheckFailed), &endpoint(Status::Paused), AT);
    assert_eq!(
        (held.state, held.status(), held.next_attempt_at()),
        (DeliveryState::Held, DeliveryStatus::Pending, None)
    );
    assert_eq!(held.step(Some(Status::Active), AT.plus_seconds(99)), Step::Leave, "until somebody resumes");
    let failed = delivery().attempted(answer(AT, 500), None, NONE);
    assert_eq!(failed.step(Some(Status::Paused), AT), Step::Hold);
    let late = AT.plus_seconds(60 * 3_600);
    let resumed = failed.held().begun_again(late);
    assert_eq!(resumed.step(Some(Status::Active), late), Step::Try);
    let again = resumed.attempted(answer(late, 500), None, NONE);
    assert_eq!(again.next_attempt_at(), Some(late.plus_seconds(60)), "with all its retries");
    assert_eq!((again.attempts, again.payload == delivery().payload), (2, true));
}

#[test]
fn an_attempt_that_fails_after_the_delivery_was_held_or_taken_leaves_it_so() {
    let taken = delivery().attempted(answer(AT, 200), None, NONE);
    for state in [taken, delivery().held(), delivery().given_up(AT)] {
        let after = state.attempted(answer(AT, 500), None, NONE);
        assert_eq!((after.state, after.attempts), (state.state, state.attempts + 1));
    }
}

#[test]
fn a_disabled_or_deleted_endpoint_is_sent_nothing_and_nobody_is_told() {
    for endpoint in [None, Some(Status::Disabled)] {
        assert_eq!(delivery().step(endpoint, AT), Step::GiveUp);
    }
    let given_up = delivery().given_up(AT);
    assert_eq!((given_up.status(), given_up.failed_for_good()), (DeliveryStatus::Failed, None));
}

#[test]
fn a_replay_is_one_attempt_while_paused_too_and_a_failed_one_changes_nothing() {
    let over = delivery().attempted(answer(AT, 410), None, NONE);
    let later = AT.plus_seconds(3_600);
    let replayed = over.replayed(later);
    for status in [Status::Paused, Status::Disabled] {
        assert_eq!(replayed.step(Some(status), later), Step::Try);
    }
    assert!(!replayed.counts());
    let failed = replayed.attempted(answer(later, 500), None, NONE);
    assert_eq!((failed.state, failed.attempts, failed.next_attempt_at()), (over.state, 2, None));
    assert_eq!(replayed.attempted(answer(later, 200), None, NONE).status(), DeliveryStatus::Delivered);
    let waiting = delivery().attempted(answer(AT, 500), None, NONE);
    let planned = waiting.next_attempt_at();
    let between = waiting.replayed(AT.plus_seconds(5));
    assert_eq!(between.next_attempt_at(), Some(AT.plus_seconds(5)));
    assert_eq!(between.attempted(answer(AT.plus_seconds(5), 500), None, NONE).next_attempt_at(), planned);
}

#[test]
fn a_replay_that_is_ordered_while_an_attempt_is_on_its_way_is_yet_to_be_made() {
    let (sent, ordered) = (AT.plus_seconds(70), AT.plus_seconds(72));
    let waiting = delivery().attempted(answer(AT, 500), None, NONE);
    // The planned attempt stays planned.
    let after = waiting.replayed(ordered).after(waiting.turn(), answer(sent, 500), None, NONE);
    assert_eq!((after.replay_at, after.next_attempt_at()), (Some(ordered), Some(ordered)));
    assert_ne!(after.state, waiting.state, "its next turn is the next offset");
    // A replay stays one, if another is ordered or the clocks differ, and the plan is not touched.
    for first in [sent.plus_seconds(-1), sent.plus_seconds(1)] {
        let replayed = waiting.replayed(first);
        let after = replayed.replayed(ordered).after(replayed.turn(), answer(sent, 410), None, NONE);
        assert_eq!((after.replay_at, after.state), (Some(ordered), waiting.state));
        assert_eq!(replayed.after(replayed.turn(), answer(sent, 410), None, NONE).replay_at, None);
    }
}

#[test]
fn only_whom_the_endpoint_leads_to_can_say_that_it_is_gone_or_when_to_come_again() {
    let elsewhere = Turn { leads_there: false, ..delivery().turn() };
    for status in [410, 503] {
        let after = delivery().after(elsewhere, answer(AT, status), Some(7_200), NONE);
        assert_eq!((after.status(), after.next_attempt_at()), (DeliveryStatus::Pending, Some(AT.plus_seconds(60))));
    }
}

#[test]
fn a_test_is_one_attempt_and_neither_it_nor_what_is_about_webhooks_counts_or_is_told() {
    let test = Delivery::of_test(&envelope(EventType::ViesCheckFailed), &endpoint(Status::Paused), AT);
    assert_eq!(test.step(Some(Status::Paused), AT), Step::Try);
    let failed = test.attempted(answer(AT, 500), None, NONE);
    assert_eq!((failed.status(), failed.failed_for_good()), (DeliveryStatus::Failed, None));
    let mut meta = Delivery::of_event(&envelope(EventType::EndpointAutoPaused), &endpoint(Status::Active), AT);
    assert!(!meta.counts() && !test.counts() && delivery().counts());
    while meta.next_attempt_at().is_some() {
        meta = meta.attempted(silence(meta.next_attempt_at().unwrap()), None, NONE);
    }
    assert_eq!((meta.status(), meta.failed_for_good()), (DeliveryStatus::Failed, None));
}

#[test]
fn a_test_names_the_first_of_the_endpoints_sellers_unless_it_is_about_webhooks() {
    let (first, second) = (SellerId(Uuid::from_u128(9)), SellerId(Uuid::from_u128(3)));
    let partner = |kind, partner_ids| {
        let mut endpoint = endpoint(Status::Active);
        endpoint.settings.partner_ids = partner_ids;
        let fire = TestFire { event_type: kind, data: json!({"n": 1}) };
        let test = Delivery::of_test(&fire.envelope(endpoint.organisation, &endpoint.id, "key", AT), &endpoint, AT);
        let sent: serde_json::Value = serde_json::from_str(&test.payload).unwrap();
        assert_eq!((&sent["data"], &sent["id"]), (&json!({"n": 1}), &json!(test.event_id)));
        sent.get("partnerUuid").cloned()
    };
    for kind in EventType::ALL {
        let expected = (!kind.is_about_webhooks()).then(|| json!(first));
        assert_eq!(partner(kind, Some(vec![first, second])), expected, "{kind:?}");
        assert_eq!(partner(kind, None), None, "no seller is known: {kind:?}");
    }
}

/// A whole endpoint over 72 hours: an event an hour, none of which is ever taken, in seconds of this test.
#[test]
fn an_endpoint_that_takes_nothing_is_warned_about_and_then_paused() {
    let (mut health, mut warned, mut waiting) = (Health::default(), 0, vec![delivery()]);
    let mut now = AT;
    while now < AT.plus_seconds(72 * 3_600) {
        waiting.sort_by_key(Delivery::next_attempt_at);
        let first = waiting.remove(0);
        now = first.next_attempt_at().unwrap();
        health = health.failed(now, false);
        let after = first.attempted(silence(now), None, Jitter(u16::MAX / 3));
        waiting.extend(Some(after).filter(|after| after.next_attempt_at().is_some()));
        waiting.push(Delivery {
            state: DeliveryState::Pending { next_attempt_at: now.plus_seconds(3_600) },
            ..delivery()
        });
        match health.verdict() {
            Verdict::Warn => {
                warned += 1;
                health.warned_at = Some(now);
            }
            Verdict::Pause(reason) => {
                assert_eq!((warned, health.failures, reason), (1, 20, super::super::PauseReason::ConsecutiveFailures));
                return;
            }
            Verdict::Continue | Verdict::Disable => {}
        }
    }
    panic!("never paused");
}

#[test]
fn the_log_keeps_the_latest_attempts() {
    let mut delivery = delivery();
    for n in 0..40 {
        delivery = delivery.replayed(AT).attempted(answer(AT.plus_seconds(n), 500), None, NONE);
    }
    assert_eq!((delivery.attempts, delivery.log.len()), (40, Delivery::MOST_KEPT));
    assert_eq!(delivery.log.last().unwrap().at, AT.plus_seconds(39));
}
