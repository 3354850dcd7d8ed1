use super::*;

async fn ask(vies: &Vies, path: &str, body: Value) -> (u16, Value) {
    let request = reqwest::Client::new().post(vies.url() + path).header("user-agent", "test");
    let answer = request.json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[test]
fn every_shape_of_number_has_magic_values() {
    let cases = [
        ("DE", "136695976", Outcome::Valid),
        ("DE", "123499200", Outcome::NotRegistered),
        ("NL", "004499301B01", Outcome::Refused("MS_UNAVAILABLE")),
        ("AT", "U12399302", Outcome::Refused("TIMEOUT")),
        ("SE", "556129930101", Outcome::Refused("MS_UNAVAILABLE")),
        ("CY", "1299600L", Outcome::Refused("MS_MAX_CONCURRENT_REQ")),
        ("DE", "123499999", Outcome::Valid),
        ("", "é9200", Outcome::Valid),
        ("", "", Outcome::Valid),
    ];
    for (state, number, outcome) in cases {
        assert_eq!(Outcome::by_magic(state, number), outcome, "{number}");
    }
}

#[test]
fn every_state_and_code_has_a_vat_number_of_its_shape() {
    let ordinary = Outcome::by_magic("DE", "136695976");
    for state in COUNTRIES {
        let outcomes: Vec<_> = CODES
            .map(|code| {
                let number = magic_number(state, code);
                let vat_number = domain::VatNumber::parse(&number).unwrap_or_else(|error| panic!("{number} {error}"));
                assert_eq!(vat_number.as_str(), number);
                Outcome::by_magic(vat_number.state(), vat_number.national())
            })
            .into();
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == ordinary).count(), 1, "{state}: only 100 is ordinary");
        assert!(outcomes.iter().enumerate().all(|(at, outcome)| !outcomes[..at].contains(outcome)), "{state}");
    }
}

#[test]
fn every_state_and_code_has_a_hundred_such_numbers() {
    for state in COUNTRIES {
        let numbers: std::collections::BTreeSet<_> = (0..100).map(|n| magic_variant(state, "200", n)).collect();
        assert_eq!(numbers.len(), 100, "{state}");
        for number in numbers {
            let number = domain::VatNumber::parse(&number).unwrap_or_else(|error| panic!("{number} {error}"));
            assert_eq!(Outcome::by_magic(number.state(), number.national()), Outcome::NotRegistered, "{number}");
        }
    }
}

#[test]
fn the_guide_lists_every_code_and_true_examples() {
    let guide = include_str!("../../../../docs/API-GUIDE.md");
    let section = guide.split("## VIES in the sandbox").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let listed: Vec<_> = section.lines().filter_map(|row| row.strip_prefix("| ")?.get(..3)).collect();
    let codes: Vec<_> = listed.into_iter().filter(|code| code.parse::<u16>().is_ok()).collect();
    assert_eq!(codes, CODES);
    for state in ["AT", "DE", "EL", "FR", "NL", "XI"] {
        for code in ["200", "301"] {
            assert!(section.contains(&format!("| `{}` |", magic_number(state, code))), "{state} {code}");
        }
    }
}

#[tokio::test]
async fn whoever_does_not_say_who_he_is_is_turned_away() {
    let vies = Vies::start(0).await.unwrap();
    let request = reqwest::Client::new().post(vies.url() + "/check-vat-number").json(&json!({}));
    assert_eq!(request.send().await.unwrap().status(), 403);
    assert!(vies.checks().is_empty());
}

#[tokio::test]
async fn a_requester_with_a_magic_number_is_refused_whatever_it_asks() {
    let vies = Vies::start(0).await.unwrap();
    let body = json!({
        "countryCode": "FR",
        "vatNumber": "40303265045",
        "requesterMemberStateCode": "DE",
        "requesterNumber": "123499202",
    });
    let (_, answer) = ask(&vies, "/check-vat-number", body).await;
    assert_eq!(answer["errorWrappers"][0]["error"], "INVALID_REQUESTER_INFO");
}

#[tokio::test]
async fn consultation_number_only_when_the_requester_is_complete() {
    let vies = Vies::start(0).await.unwrap();
    let mut body = json!({"countryCode": "FR", "vatNumber": "40303265045", "requesterMemberStateCode": "DE"});
    let (status, answer) = ask(&vies, "/check-vat-number", body.clone()).await;
    assert_eq!((status, &answer["valid"], &answer["requestIdentifier"]), (200, &json!(true), &json!("")));
    body["requesterNumber"] = json!("136695976");
    let (_, answer) = ask(&vies, "/check-vat-number", body).await;
    assert_eq!(answer["requestIdentifier"].as_str().unwrap().len(), 16);
    assert_eq!(vies.checks().len(), 2);
}

#[tokio::test]
async fn errors_come_with_status_200_and_without_a_verdict() {
    let vies = Vies::start(0).await.unwrap();
    let (status, answer) =
        ask(&vies, "/check-vat-number", json!({"countryCode": "DE", "vatNumber": "123499301"})).await;
    assert_eq!(status, 200);
    assert_eq!(answer, json!({"actionSucceed": false, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]}));
    let (status, _) = ask(&vies, "/check-vat-number", json!({"countryCode": "GB", "vatNumber": "1"})).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn busy_member_state_recovers_after_two_refusals() {
    let vies = Vies::start(0).await.unwrap();
    let mut verdicts = Vec::new();
    for _ in 0..3 {
        let body = json!({"countryCode": "IT", "vatNumber": "00743199705"});
        verdicts.push(ask(&vies, "/check-vat-number", body).await.1["valid"].clone());
    }
    assert_eq!(verdicts, [Value::Null, Value::Null, json!(true)]);
}

#[tokio::test]
async fn test_service_follows_the_commissions_table() {
    let vies = Vies::start(0).await.unwrap();
    for (number, key, expected) in [
        ("100", "/valid", json!(true)),
        ("200", "/valid", json!(false)),
        ("999", "/errorWrappers/0/error", json!("SERVICE_UNAVAILABLE")),
    ] {
        let (_, answer) =
            ask(&vies, "/check-vat-test-service", json!({"countryCode": "AT", "vatNumber": number})).await;
        assert_eq!(answer.pointer(key), Some(&expected), "{number}");
    }
}

#[tokio::test]
async fn a_state_that_hangs_holds_up_nobody_else_and_what_waits_at_once_is_counted() {
    let vies = Vies::start(0).await.unwrap();
    vies.hang("FR");
    vies.take(std::time::Duration::from_millis(50));
    let number = |state: &str| json!({"countryCode": state, "vatNumber": magic_number(state, "100")[2..]});
    let hanging = ask(&vies, "/check-vat-number", number("FR"));
    let answered = async {
        let path = "/check-vat-number";
        let (one, other) = tokio::join!(ask(&vies, path, number("DE")), ask(&vies, path, number("DE")));
        assert_eq!((&one.1["valid"], &other.1["valid"]), (&json!(true), &json!(true)));
        ask(&vies, path, number("IT")).await
    };
    tokio::select! {
        answer = hanging => panic!("it answers: {answer:?}"),
        (status, _) = answered => assert_eq!(status, 200),
    }
    let most = vies.take_most_at_once();
    assert_eq!(most, [("DE", 2), ("FR", 1), ("IT", 1)].map(|(state, most)| (state.to_owned(), most)).into());
    assert!(vies.take_most_at_once().is_empty());
}
