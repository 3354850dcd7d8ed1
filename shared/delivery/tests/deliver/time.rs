//! Nobody makes a delivery last. The limits are shorter here than the published ones.

use std::time::Duration;

use delivery::{Attempt, LIMITS, Limits, Outcome, Reason};

use crate::network::{Net, PUBLIC, Route, SHORT, deliver, reason, target};
use crate::receiver::{Authority, Receiver, Script, Tls, answer, ok};

/// A delivery that ran into this limit, and ended there: the two limits are a second apart.
fn assert_ended_at(attempt: &Attempt, limit: Duration) {
    assert!(attempt.duration >= limit && attempt.duration < limit + Duration::from_secs(1), "{attempt:?}");
}

#[test]
fn the_limits_are_the_published_ones() {
    let Limits { connect, total } = LIMITS;
    assert_eq!((connect, total), (Duration::from_secs(3), Duration::from_secs(10)));
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_ends_at_its_own_limit() {
    let authority = Authority::new();
    let public = format!("{PUBLIC}:443");
    let silent = Receiver::with(&authority, "hooks.example.com", Tls::Silent, ok()).await;
    let others = ["93.184.215.15", "93.184.215.16", "93.184.215.17"];
    let everywhere = others
        .iter()
        .fold(Net::answering(&others), |net, address| net.route(&format!("{address}:443"), Route::Nowhere));
    for (what, net) in [
        ("the resolver", Net::hanging()),
        ("the address", Net::answering(&[PUBLIC]).route(&public, Route::Nowhere)),
        ("all addresses together", everywhere),
        ("the handshake", Net::to(&silent)),
    ] {
        let attempt = deliver(&net.sender(&authority, SHORT), &target()).await;
        assert_eq!(reason(&attempt), Some(Reason::Timeout), "{what}");
        assert_ended_at(&attempt, SHORT.connect);
    }
}

#[tokio::test]
async fn an_address_that_swallows_packets_does_not_hide_the_next() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, ok()).await;
    let net = Net::answering(&["2606:2800:21f::1", "93.184.215.15", PUBLIC])
        .route("[2606:2800:21f::1]:443", Route::Refused)
        .route("93.184.215.15:443", Route::Nowhere)
        .route(&format!("{PUBLIC}:443"), Route::To(receiver.address));
    let attempt = deliver(&net.sender(&authority, LIMITS), &target()).await;
    assert_eq!(attempt.outcome.status(), Some(200));
    assert_eq!(net.dialled(), ["[2606:2800:21f::1]:443", "93.184.215.15:443", "93.184.215.14:443"]);
}

#[tokio::test]
async fn an_answer_that_does_not_come_or_drips_ends_at_the_limit_for_everything() {
    let authority = Authority::new();
    for (what, script) in [
        ("nothing", Script::AnswerAndHang(Vec::new())),
        ("half a head", Script::AnswerAndHang(b"HTTP/1.1 200 OK\r\n".to_vec())),
        ("byte by byte", Script::Drip(answer("200 OK", &"x: y\r\n".repeat(1000), ""))),
    ] {
        let receiver = Receiver::start(&authority, script).await;
        let attempt = deliver(&Net::to(&receiver).sender(&authority, SHORT), &target()).await;
        assert_eq!(reason(&attempt), Some(Reason::Timeout), "{what}");
        assert_ended_at(&attempt, SHORT.total);
    }
}

/// The receiver has said what it wanted to say: it is not sent the same again because it forgot to end.
#[tokio::test]
async fn a_body_that_hangs_ends_at_that_limit_too_but_the_status_counts() {
    let authority = Authority::new();
    for script in [
        Script::AnswerAndHang(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
        Script::AnswerAndHang(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_vec()),
    ] {
        let receiver = Receiver::start(&authority, script).await;
        let attempt = deliver(&Net::to(&receiver).sender(&authority, SHORT), &target()).await;
        assert!(matches!(&attempt.outcome, Outcome::Delivered(answer) if answer.excerpt == "half"), "{attempt:?}");
        assert_ended_at(&attempt, SHORT.total);
    }
}
