use super::*;

async fn ask(vies: &Vies, path: &str, body: Value) -> (u16, Value) {
    let answer = reqwest::Client::new().post(vies.url() + path).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[test]
fn every_shape_of_number_has_magic_values() {
    let cases = [
        ("136695976", Outcome::Valid),
        ("123499200", Outcome::NotRegistered),
        ("004499301B01", Outcome::Refused("MS_UNAVAILABLE")),
        ("U12399302", Outcome::Refused("TIMEOUT")),
        ("1299600L", Outcome::Refused("MS_MAX_CONCURRENT_REQ")),
        ("123499999", Outcome::Valid),
        ("é9200", Outcome::Valid),
        ("", Outcome::Valid),
    ];
    for (number, outcome) in cases {
        assert_eq!(Outcome::by_magic(number), outcome, "{number}");
    }
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
