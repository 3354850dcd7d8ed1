//! Answers as they were seen or might come, judged without a network.

use domain::{Address, Instant};
use serde_json::{Value, json};

use super::*;

fn asked() -> VatNumber {
    VatNumber::parse("FR40303265045").unwrap()
}

fn judge(status: u16, body: &str) -> Result<ViesAnswer, NoAnswer> {
    read(&asked(), &Fetched { status, retry_after: Some(7), body: body.as_bytes().to_vec() })
}

/// An answer with these members put over an ordinary one.
fn with(members: Value) -> Result<ViesAnswer, NoAnswer> {
    let mut body = json!({
        "countryCode": "FR",
        "vatNumber": "40303265045",
        "requestDate": "2026-11-22T09:30:00.123Z",
        "valid": true,
        "requestIdentifier": "WAPIAAAAZ1234567",
        "name": "SA SODIMAS",
        "address": "RUE DES FLEURS\n26800 PORTES LES VALENCE",
        "traderNameMatch": "VALID",
        "traderStreetMatch": "INVALID",
        "traderPostalCodeMatch": "NOT_PROCESSED",
        "traderCityMatch": "SOMETHING_NEW",
    });
    let Value::Object(members) = members else { panic!("members expected") };
    body.as_object_mut().unwrap().extend(members);
    judge(200, &body.to_string())
}

fn reason(outcome: Result<ViesAnswer, NoAnswer>) -> NoAnswerReason {
    outcome.expect_err("no answer expected").reason
}

#[test]
fn a_verdict_comes_with_all_that_was_said() {
    use TraderMatch::{Invalid, NotProcessed, Valid};
    let answer = with(json!({})).unwrap();
    assert_eq!(answer.result, ViesVerdict::Valid);
    assert_eq!(answer.consultation_number.as_deref(), Some("WAPIAAAAZ1234567"));
    assert_eq!(answer.name.as_deref(), Some("SA SODIMAS"));
    assert_eq!(answer.address.as_deref(), Some("RUE DES FLEURS\n26800 PORTES LES VALENCE"));
    assert_eq!(answer.request_date, Some(Instant::from_millis(1_795_339_800_123)));
    let TraderMatches { name, street, post_code, city } = answer.trader_matches;
    assert_eq!([name, street, post_code, city], [Valid, Invalid, NotProcessed, NotProcessed]);
}

#[test]
fn what_is_not_disclosed_is_absent_and_an_unreadable_date_costs_no_verdict() {
    for nothing in [json!("---"), json!(""), json!(null), json!(" --- ")] {
        let answer = with(json!({
            "name": nothing, "address": nothing, "requestIdentifier": nothing, "requestDate": "22.11.2026",
            "errorWrappers": null,
        }));
        let answer = answer.unwrap();
        assert!(answer.name.is_none() && answer.address.is_none() && answer.consultation_number.is_none());
        assert_eq!((answer.result, answer.request_date), (ViesVerdict::Valid, None));
    }
}

#[test]
fn only_false_without_a_named_error_is_a_negative_verdict() {
    assert_eq!(with(json!({"valid": false, "name": "---", "address": "---"})).unwrap().result, ViesVerdict::Invalid);
    let named = with(json!({"valid": false, "actionSucceed": false, "errorWrappers": [{"error": "INVALID"}]}));
    assert_eq!(named.unwrap().result, ViesVerdict::Invalid);
    for members in [
        json!({"valid": false, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]}),
        json!({"valid": false, "userError": "MS_UNAVAILABLE"}),
        json!({"valid": false, "errorWrappers": [{"error": "INVALID"}, {"error": "MS_UNAVAILABLE"}]}),
    ] {
        assert_eq!(reason(with(members)), NoAnswerReason::StateUnavailable);
    }
    for members in [
        json!({"valid": false, "actionSucceed": false}),
        json!({"valid": true, "actionSucceed": false}),
        json!({"valid": true, "errorWrappers": [{"error": "INVALID"}]}),
        json!({"valid": null}),
        json!({"valid": null, "isValid": false}),
        json!({"valid": 0}),
        json!({"valid": "false"}),
        json!({"valid": false, "errorWrappers": [{"error": null}]}),
        json!({"valid": false, "errorWrappers": {"error": "TIMEOUT"}}),
        json!({"valid": false, "name": 4711}),
    ] {
        assert_eq!(reason(with(members.clone())), NoAnswerReason::ServiceUnavailable, "{members}");
    }
}

#[test]
fn a_verdict_on_another_number_is_none() {
    for members in [
        json!({"valid": false, "vatNumber": "40303265046"}),
        json!({"valid": false, "countryCode": "BE"}),
        json!({"valid": false, "vatNumber": "FR40303265045"}),
        json!({"vatNumber": null}),
        json!({"countryCode": null}),
    ] {
        assert_eq!(reason(with(members.clone())), NoAnswerReason::ServiceUnavailable, "{members}");
    }
}

#[test]
fn a_named_error_means_the_same_under_every_status() {
    use NoAnswerReason::{
        AddressBlocked, InputRefused, NumberBlocked, RequesterRefused, ServiceUnavailable, StateUnavailable, Throttled,
    };
    for (error, expected) in [
        ("GLOBAL_MAX_CONCURRENT_REQ", Throttled),
        ("GLOBAL_MAX_CONCURRENT_REQ_TIME", Throttled),
        ("MS_MAX_CONCURRENT_REQ", Throttled),
        ("MS_MAX_CONCURRENT_REQ_TIME", Throttled),
        ("MS_UNAVAILABLE", StateUnavailable),
        ("SERVICE_UNAVAILABLE", ServiceUnavailable),
        ("TIMEOUT", ServiceUnavailable),
        ("INVALID_INPUT", InputRefused),
        ("INVALID_REQUESTER_INFO", RequesterRefused),
        ("VAT_BLOCKED", NumberBlocked),
        ("IP_BLOCKED", AddressBlocked),
        ("IO_ERROR", ServiceUnavailable),
        ("TECHNICAL_ERROR", ServiceUnavailable),
        ("VOW-ERR-1", ServiceUnavailable),
        ("ms_unavailable", ServiceUnavailable),
        ("", ServiceUnavailable),
    ] {
        let body = json!({"actionSucceed": false, "errorWrappers": [{"error": error, "message": "whatever"}]});
        for status in [200, 400, 429, 500] {
            let no_answer = judge(status, &body.to_string()).unwrap_err();
            assert_eq!((no_answer.reason, no_answer.cause.as_str()), (expected, error), "with status {status}");
            assert_eq!(no_answer.retry_after, Some(7));
        }
    }
}

#[test]
fn an_error_that_is_no_code_is_not_repeated() {
    for error in ["Erika Muster is unknown", "<b>", "ä", &"X".repeat(65)] {
        let body = json!({"errorWrappers": [{"error": error}]}).to_string();
        let no_answer = judge(200, &body).unwrap_err();
        assert_eq!(no_answer, NoAnswer { retry_after: Some(7), ..unavailable("an error that is no code") });
    }
}

#[test]
fn a_status_without_a_named_error_decides_alone() {
    let verdict = json!({"countryCode": "FR", "vatNumber": "40303265045", "valid": false}).to_string();
    for (status, expected) in [
        (429, NoAnswerReason::Throttled),
        (201, NoAnswerReason::ServiceUnavailable),
        (307, NoAnswerReason::ServiceUnavailable),
        (403, NoAnswerReason::ServiceUnavailable),
        (500, NoAnswerReason::ServiceUnavailable),
        (503, NoAnswerReason::ServiceUnavailable),
    ] {
        for body in ["", "<html></html>", &verdict] {
            let no_answer = judge(status, body).unwrap_err();
            assert_eq!((no_answer.reason, no_answer.retry_after), (expected, Some(7)), "{status} {body}");
            assert_eq!(no_answer.cause, format!("status {status}"));
        }
    }
}

#[test]
fn who_is_turned_away_without_a_named_error_is_told_so() {
    for (status, expected) in
        [(200, false), (301, true), (307, true), (401, true), (403, true), (404, true), (405, true)]
    {
        assert_eq!(judge(status, "<html></html>").unwrap_err().is_turned_away, expected, "{status}");
    }
    for status in [408, 429, 500, 502, 503] {
        assert!(!judge(status, "<html></html>").unwrap_err().is_turned_away, "{status}");
    }
    let named = json!({"errorWrappers": [{"error": "MS_UNAVAILABLE"}]}).to_string();
    assert!(!judge(403, &named).unwrap_err().is_turned_away, "VIES has spoken");
}

#[test]
fn whatever_is_no_answer_of_vies_is_an_outage() {
    for body in ["", "{}", "[]", "null", "false", "{\"valid\":false", "<html>We will be back soon</html>", "\u{feff}{}"]
    {
        assert_eq!(reason(judge(200, body)), NoAnswerReason::ServiceUnavailable, "{body}");
    }
}

#[test]
fn an_answer_broken_off_anywhere_is_no_verdict() {
    let whole = json!({"countryCode": "FR", "vatNumber": "40303265045", "valid": false, "name": "---"}).to_string();
    assert_eq!(judge(200, &whole).unwrap().result, ViesVerdict::Invalid);
    for length in 0..whole.len() {
        assert!(judge(200, &whole[..length]).is_err(), "{}", &whole[..length]);
    }
}

#[test]
fn a_question_is_flat_and_names_greece_and_northern_ireland_as_vies_does() {
    let (greek, northern) = (VatNumber::parse("GR 094259216").unwrap(), VatNumber::parse("XI980780684").unwrap());
    let address = Address {
        street: "Am Hafen 1".to_owned(),
        post_code: "20457".to_owned(),
        city: "Hamburg".to_owned(),
        country: "DE".to_owned(),
    };
    let trader = Some(crate::Trader { name: "Muster GmbH", address: &address });
    let sent = |question| serde_json::from_slice::<Value>(&request(&question)).unwrap();
    assert_eq!(
        sent(Question { number: &greek, requester: Some(&northern), trader }),
        json!({
            "countryCode": "EL",
            "vatNumber": "094259216",
            "requesterMemberStateCode": "XI",
            "requesterNumber": "980780684",
            "traderName": "Muster GmbH",
            "traderStreet": "Am Hafen 1",
            "traderPostalCode": "20457",
            "traderCity": "Hamburg",
        })
    );
    let bare = Question { number: &greek, requester: None, trader: None };
    assert_eq!(sent(bare), json!({"countryCode": "EL", "vatNumber": "094259216"}));
}
