//! The client against the simulator, over real connections: everything in its table, and what no HTTP server does.

use std::time::{Duration, Instant};

use domain::{Address, NoAnswer, NoAnswerReason, TraderMatch, VatNumber, ViesAnswer, ViesVerdict};
use simulators::scripted::{Answer, Scripted, Step};
use simulators::vies::{CODES, magic_number};
use vies::{Question, Trader, Vies};

const SHORT: Duration = Duration::from_millis(500);

fn number(text: &str) -> VatNumber {
    VatNumber::parse(text).unwrap()
}

async fn ask(vies: &Vies, text: &str) -> Result<ViesAnswer, NoAnswer> {
    let (number, requester) = (number(text), number("DE136695976"));
    vies.check(&Question { number: &number, requester: Some(&requester), trader: None }).await
}

/// Asks a server that does only this.
async fn ask_script(step: Step) -> Result<ViesAnswer, NoAnswer> {
    let server = Scripted::start([step]).await.unwrap();
    let outcome = ask(&Vies::new(&server.url()).within(SHORT), "FR40303265045").await;
    assert_eq!(server.played().len(), 1);
    outcome
}

fn is_an_outage(outcome: Result<ViesAnswer, NoAnswer>, cause: &str) {
    let no_answer = outcome.unwrap_err();
    assert_eq!((no_answer.reason, no_answer.cause.as_str()), (NoAnswerReason::ServiceUnavailable, cause));
    assert!(no_answer.detail.is_some(), "an operator wants to know more");
}

#[tokio::test]
async fn every_code_of_the_simulator_is_sorted_by_what_to_do_about_it() {
    use NoAnswerReason::{
        AddressBlocked, InputRefused, NumberBlocked, RequesterRefused, ServiceUnavailable, StateUnavailable, Throttled,
    };
    let simulator = simulators::Vies::start(0).await.unwrap();
    let vies = Vies::new(&simulator.url()).within(SHORT);
    for code in CODES {
        let expected = match code {
            "100" => Ok(ViesVerdict::Valid),
            "200" => Ok(ViesVerdict::Invalid),
            "201" => Err((InputRefused, "INVALID_INPUT")),
            "202" => Err((RequesterRefused, "INVALID_REQUESTER_INFO")),
            "300" => Err((ServiceUnavailable, "SERVICE_UNAVAILABLE")),
            "301" | "708" | "709" => Err((StateUnavailable, "MS_UNAVAILABLE")),
            "302" => Err((ServiceUnavailable, "TIMEOUT")),
            "400" => Err((NumberBlocked, "VAT_BLOCKED")),
            "401" => Err((AddressBlocked, "IP_BLOCKED")),
            "500" => Err((Throttled, "GLOBAL_MAX_CONCURRENT_REQ")),
            "501" => Err((Throttled, "GLOBAL_MAX_CONCURRENT_REQ_TIME")),
            "600" | "705" => Err((Throttled, "MS_MAX_CONCURRENT_REQ")),
            "601" => Err((Throttled, "MS_MAX_CONCURRENT_REQ_TIME")),
            "700" => Err((ServiceUnavailable, "no answer in time")),
            "701" => Err((ServiceUnavailable, "status 502")),
            "702" => Err((ServiceUnavailable, "a verdict on another number")),
            "703" => Err((ServiceUnavailable, "VOW-ERR-1")),
            "704" => Err((Throttled, "status 429")),
            "706" | "711" => Err((ServiceUnavailable, "an answer that is none of VIES's")),
            "707" => Err((ServiceUnavailable, "the connection failed")),
            "710" => Err((ServiceUnavailable, "NEVER_HEARD_OF")),
            "712" => Err((ServiceUnavailable, "an answer that is too large")),
            "713" => Err((ServiceUnavailable, "status 307")),
            other => panic!("what is {other} to lead to?"),
        };
        match (ask(&vies, &magic_number("FR", code)).await, expected) {
            (Ok(answer), Ok(result)) => assert_eq!(answer.result, result, "{code}"),
            (Err(no_answer), Err((reason, cause))) => {
                assert_eq!((no_answer.reason, no_answer.cause.as_str()), (reason, cause), "{code}");
                assert_eq!(no_answer.retry_after, (code == "704").then_some(2), "{code}");
            }
            (outcome, _) => panic!("{code} led to {outcome:?}"),
        }
    }
    assert_eq!(simulator.checks().len(), CODES.len(), "each was asked once, and no redirect was followed");
}

#[tokio::test]
async fn a_busy_member_state_answers_the_third_time() {
    let simulator = simulators::Vies::start(0).await.unwrap();
    let vies = Vies::new(&simulator.url());
    let busy = magic_number("EL", "705");
    for _ in 0..2 {
        assert_eq!(ask(&vies, &busy).await.unwrap_err().reason, NoAnswerReason::Throttled);
    }
    assert_eq!(ask(&vies, &busy).await.unwrap().result, ViesVerdict::Valid);
}

#[tokio::test]
async fn a_verdict_tells_what_the_member_state_discloses_and_a_consultation_number_to_whoever_asks_in_a_name() {
    let simulator = simulators::Vies::start(0).await.unwrap();
    let vies = Vies::new(&(simulator.url() + "/"));
    let french = ask(&vies, "FR40303265045").await.unwrap();
    assert_eq!(french.name.as_deref(), Some("Company FR40303265045"));
    assert_eq!(french.address.as_deref(), Some("1 Main Street\n1000 Capital"));
    assert!(french.consultation_number.is_some_and(|number| number.starts_with("WAPIAAAA")));
    assert!(french.request_date.is_some());
    let german = number("DE136695976");
    let in_nobodys_name = Question { number: &german, requester: None, trader: None };
    let german = vies.check(&in_nobodys_name).await.unwrap();
    assert!(german.name.is_none() && german.address.is_none() && german.consultation_number.is_none());
}

#[tokio::test]
async fn details_are_compared_where_the_member_state_does_so() {
    let simulator = simulators::Vies::start(0).await.unwrap();
    let vies = Vies::new(&simulator.url());
    let address = Address {
        street: "Plaza Mayor 1".to_owned(),
        post_code: "28001".to_owned(),
        city: "Madrid".to_owned(),
        country: "ES".to_owned(),
    };
    for (number, name, expected) in [
        ("ESB58378431", "Company ESB58378431", [TraderMatch::Valid, TraderMatch::Invalid]),
        ("ESB58378431", "Somebody Else", [TraderMatch::Invalid, TraderMatch::Invalid]),
        ("IT00743110157", "Company IT00743110157", [TraderMatch::NotProcessed, TraderMatch::NotProcessed]),
    ] {
        let (number, trader) = (self::number(number), Trader { name, address: &address });
        let answer = vies.check(&Question { number: &number, requester: None, trader: Some(trader) }).await.unwrap();
        assert_eq!([answer.trader_matches.name, answer.trader_matches.city], expected);
    }
    let sent = &simulator.checks()[0];
    let flat = [&sent.trader_name, &sent.trader_street, &sent.trader_postal_code, &sent.trader_city];
    assert_eq!(flat, ["Company ESB58378431", "Plaza Mayor 1", "28001", "Madrid"]);
}

#[tokio::test]
async fn the_commissions_test_service_answers_by_its_table() {
    use NoAnswerReason::{
        AddressBlocked, InputRefused, NumberBlocked, RequesterRefused, ServiceUnavailable, StateUnavailable, Throttled,
    };
    let simulator = simulators::Vies::start(0).await.unwrap();
    let vies = Vies::test_service(&simulator.url());
    for (code, expected) in [
        ("100", Ok(ViesVerdict::Valid)),
        ("200", Ok(ViesVerdict::Invalid)),
        ("201", Err(InputRefused)),
        ("202", Err(RequesterRefused)),
        ("300", Err(ServiceUnavailable)),
        ("301", Err(StateUnavailable)),
        ("302", Err(ServiceUnavailable)),
        ("400", Err(NumberBlocked)),
        ("401", Err(AddressBlocked)),
        ("500", Err(Throttled)),
        ("501", Err(Throttled)),
        ("600", Err(Throttled)),
        ("601", Err(Throttled)),
        ("999", Err(ServiceUnavailable)),
    ] {
        // Romania alone has numbers of three digits.
        let outcome = ask(&vies, &format!("RO{code}")).await;
        assert_eq!(outcome.map(|answer| answer.result).map_err(|no| no.reason), expected, "{code}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_an_outage() {
    is_an_outage(ask_script(Step::Swallow).await, "the connection failed");
}

#[tokio::test]
async fn an_answer_that_breaks_the_protocol_is_an_outage() {
    let broken = Answer::new(200, "{\"valid\":false}").with("transfer-encoding", "chunked");
    is_an_outage(ask_script(broken.into()).await, "the connection failed");
}

#[tokio::test]
async fn nobody_listening_is_an_outage() {
    let address = Scripted::start([]).await.unwrap().url();
    is_an_outage(ask(&Vies::new(&address), "FR40303265045").await, "the connection failed");
    is_an_outage(ask(&Vies::new("no address"), "FR40303265045").await, "the connection failed");
}

#[tokio::test]
async fn a_hanging_server_is_left_in_time() {
    let started = Instant::now();
    is_an_outage(ask_script(Step::Hang(Duration::from_secs(5))).await, "no answer in time");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_failure_never_tells_what_was_asked() {
    for step in [Step::Swallow, Answer::new(200, "FR40303265045 DE136695976").into()] {
        let told = format!("{:?}", ask_script(step).await.unwrap_err());
        assert!(!told.contains("40303265045") && !told.contains("136695976"), "{told}");
    }
}
