//! The life of a check.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const AT: Instant = Instant::from_millis(1_795_000_000_000);

fn check() -> ViesCheck {
    ViesCheck::open(
        CheckId(Uuid::from_u128(1)),
        (BuyerId(Uuid::from_u128(2)), VatNumber::parse("AT U13585627").unwrap()),
        CheckOrigin::Monitored,
        (Actor::System { function: "run-due".to_owned() }, OrganisationId(Uuid::from_u128(3))),
        AT,
    )
}

fn answer(result: ViesVerdict) -> ViesAnswer {
    ViesAnswer {
        result,
        consultation_number: Some("WAPIAAAAZ1234567".to_owned()),
        name: Some("Erika Muster".to_owned()),
        address: Some("Am Hafen 1\n20457 Hamburg".to_owned()),
        trader_matches: TraderMatches { name: TraderMatch::Valid, ..TraderMatches::default() },
        request_date: Some(AT),
    }
}

fn failed(reason: NoAnswerReason) -> Result<ViesAnswer, NoAnswer> {
    Err(NoAnswer::because(reason, "MS_UNAVAILABLE"))
}

#[test]
fn a_check_is_due_at_once_and_says_so() {
    let check = check();
    assert!(check.is_open());
    assert_eq!(check.result(), None);
    assert_eq!(
        serde_json::to_value(&check).unwrap(),
        json!({
            "checkId": "00000000-0000-0000-0000-000000000001",
            "buyer": "00000000-0000-0000-0000-000000000002",
            "vatNumber": "ATU13585627",
            "origin": "MONITORED",
            "requestedBy": {"type": "SYSTEM", "function": "run-due"},
            "organisation": "00000000-0000-0000-0000-000000000003",
            "requestedAt": AT,
            "attempts": 0,
            "state": "OPEN",
            "nextAttemptAt": AT,
        })
    );
}

#[test]
fn a_verdict_ends_a_check_and_the_failures_before_it_stay_known() {
    let later = AT.plus_seconds(600);
    let check = check().attempted(None, failed(NoAnswerReason::StateUnavailable), AT, Jitter(0)).attempted(
        None,
        Ok(answer(ViesVerdict::Invalid)),
        later,
        Jitter(0),
    );
    assert_eq!((check.result(), check.attempts), (Some(ViesVerdict::Invalid), 2));
    let shown = serde_json::to_value(&check).unwrap();
    let state = json!({"state": "CONCLUSIVE", "result": "INVALID", "checkedAt": later, "requestDate": AT});
    for (field, expected) in state.as_object().unwrap() {
        assert_eq!(&shown[field], expected);
    }
    assert_eq!(shown["consultationNumber"], "WAPIAAAAZ1234567");
    assert_eq!(shown["traderMatches"]["name"], "VALID");
    assert_eq!(shown["traderMatches"]["postCode"], "NOT_PROCESSED");
    assert_eq!(shown["lastFailure"], json!({"reason": "STATE_UNAVAILABLE", "cause": "MS_UNAVAILABLE", "at": AT}));
    assert_eq!(shown["nextAttemptAt"], Value::Null);
}

#[test]
fn a_check_without_an_answer_stays_open_and_then_is_given_up_but_never_invalid() {
    let once = check().attempted(None, failed(NoAnswerReason::StateUnavailable), AT, Jitter(0));
    assert_eq!(once.state, CheckState::Open { next_attempt_at: AT.plus_seconds(120) });
    let end = AT.plus_seconds(LONGEST_CHECK_SECONDS);
    let over = once.attempted(None, failed(NoAnswerReason::Throttled), end, Jitter(0));
    assert_eq!(over.state, CheckState::GivenUp { given_up_at: end });
    assert_eq!((over.result(), over.attempts), (None, 2));
    assert_eq!(over.last_failure.as_ref().map(|last| (last.reason, last.at)), Some((NoAnswerReason::Throttled, end)));
}

#[test]
fn what_people_must_sort_out_is_given_up_at_once_with_its_reason() {
    for reason in NoAnswerReason::ALL.into_iter().filter(|reason| !reason.passes()) {
        let check = check().attempted(None, failed(reason), AT, Jitter(0));
        assert_eq!(check.state, CheckState::GivenUp { given_up_at: AT }, "{reason:?}");
        assert_eq!(check.last_failure.map(|last| last.reason), Some(reason));
        assert_eq!(reason.is_ours_to_fix(), reason != NoAnswerReason::InputRefused);
    }
}

#[test]
fn a_check_that_is_over_is_not_changed_by_a_late_attempt() {
    let valid = check().attempted(None, Ok(answer(ViesVerdict::Valid)), AT, Jitter(0));
    let given_up = check().attempted(None, failed(NoAnswerReason::AddressBlocked), AT, Jitter(0));
    for over in [valid, given_up] {
        for outcome in [Ok(answer(ViesVerdict::Invalid)), failed(NoAnswerReason::Throttled)] {
            assert!(over.clone().attempted(None, outcome, AT.plus_seconds(9), Jitter(0)) == over);
        }
    }
}

#[test]
fn every_state_is_read_as_it_was_written() {
    let states = [
        check(),
        check().attempted(None, failed(NoAnswerReason::Throttled), AT, Jitter(7)),
        check().attempted(None, failed(NoAnswerReason::InputRefused), AT, Jitter(7)),
        check().attempted(None, Ok(answer(ViesVerdict::Valid)), AT, Jitter(7)),
    ];
    for check in states {
        let text = serde_json::to_string(&check).unwrap();
        assert!(serde_json::from_str::<ViesCheck>(&text).unwrap() == check, "{text}");
    }
}

#[test]
fn names_and_addresses_are_not_printed() {
    let check = check().attempted(None, Ok(answer(ViesVerdict::Valid)), AT, Jitter(0));
    let printed = format!("{check:?} {:?} {:?}", check.state, answer(ViesVerdict::Valid));
    assert!(!printed.contains("Erika") && !printed.contains("Hafen"), "{printed}");
    assert!(printed.contains("Valid at") && printed.contains("WAPIAAAAZ1234567"), "{printed}");
}

#[test]
fn a_refused_requester_is_not_asked_in_again_and_the_next_one_is_tried_at_once() {
    let [sellers, ours] = ["DE136695976", "ATU13585627"].map(|number| VatNumber::parse(number).unwrap());
    let refused = || failed(NoAnswerReason::RequesterRefused);
    let check = check();
    assert_eq!(check.requester([&sellers, &ours]), Some(&sellers));
    let check = check.attempted(Some(&sellers), refused(), AT, Jitter(0));
    assert_eq!((check.state.clone(), check.attempts), (CheckState::Open { next_attempt_at: AT }, 1));
    assert_eq!(check.requester([&sellers, &ours]), Some(&ours));
    let check = check.attempted(Some(&ours), refused(), AT, Jitter(0));
    assert_eq!(check.requester([&sellers, &ours]), None, "in nobody's name");
    let check = check.attempted(None, Ok(answer(ViesVerdict::Valid)), AT, Jitter(0));
    assert_eq!((check.result(), check.attempts), (Some(ViesVerdict::Valid), 3));
    assert_eq!(check.requesters_refused, [sellers, ours]);
}
