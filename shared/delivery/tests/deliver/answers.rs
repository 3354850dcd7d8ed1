//! What becomes of answers.

use delivery::{LIMITS, Outcome, Reason};
use domain::webhook::Secret;

use crate::network::{Net, SECRET, deliver, deliver_with, reason, target};
use crate::receiver::{Authority, Receiver, Script, answer};

async fn outcome(script: Script) -> Outcome {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, script).await;
    deliver(&Net::to(&receiver).sender(&authority, LIMITS), &target()).await.outcome
}

#[tokio::test]
async fn any_2xx_delivers_and_anything_else_refuses() {
    for status in [200, 201, 202, 204, 299] {
        let outcome = outcome(Script::Answer(format!("HTTP/1.1 {status} x\r\n\r\n").into_bytes())).await;
        assert!(matches!(&outcome, Outcome::Delivered(answer) if answer.status == status), "{outcome:?}");
    }
    for status in [300, 304, 400, 401, 404, 409, 410, 429, 500, 502, 503, 599] {
        let outcome = outcome(Script::Answer(answer(&format!("{status} x"), "", "no"))).await;
        assert!(matches!(&outcome, Outcome::Refused { answer, .. } if answer.status == status), "{outcome:?}");
        assert_eq!(outcome.is_gone(), status == 410);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_be_it_outwards_or_inwards() {
    let authority = Authority::new();
    let inner = Receiver::with(&authority, "localhost", crate::receiver::Tls::Plain, crate::receiver::ok()).await;
    for status in [301, 302, 303, 307, 308] {
        for location in [
            "https://hooks.example.com/other".to_owned(),
            format!("http://{}/admin", inner.address),
            "//10.0.0.1".into(),
        ] {
            let script = Script::Answer(answer(&format!("{status} x"), &format!("location: {location}\r\n"), ""));
            let receiver = Receiver::start(&authority, script).await;
            let net = Net::to(&receiver);
            let attempt = deliver(&net.sender(&authority, LIMITS), &target()).await;
            assert!(matches!(&attempt.outcome, Outcome::Refused { answer, .. } if answer.status == status));
            assert_eq!((receiver.connections(), net.lookups(), net.dialled().len()), (1, 1, 1), "{location}");
        }
    }
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn retry_after_is_read_as_seconds_and_as_a_date() {
    // The webhooks of these tests are sent at 09:33:20 and whatever they take; a date is that much nearer then.
    for (value, least, most) in [
        ("120", Some(120), Some(120)),
        ("Sun, 22 Nov 2026 09:34:20 GMT", Some(50), Some(60)),
        ("Sun, 01 Jan 2017 00:00:00 GMT", Some(0), Some(0)),
        ("later", None, None),
    ] {
        let script = Script::Answer(answer("503 x", &format!("retry-after: {value}\r\n"), ""));
        let Outcome::Refused { retry_after, .. } = outcome(script).await else { panic!("503 refuses") };
        assert!(least <= retry_after && retry_after <= most, "{value}: {retry_after:?}");
    }
}

#[tokio::test]
async fn a_longer_answer_counts_by_its_status_and_is_read_no_further_than_its_limit() {
    // Without end: only a sender that stops reading comes back before its time is up.
    for head in ["content-length: 1000000000\r\n", "transfer-encoding: chunked\r\n", ""] {
        let first = format!("HTTP/1.1 200 OK\r\n{head}\r\n").into_bytes();
        let chunk =
            if head.starts_with('t') { "1000\r\n".to_owned() + &"x".repeat(4096) + "\r\n" } else { "x".repeat(4096) };
        let authority = Authority::new();
        let receiver = Receiver::start(&authority, Script::Repeat(first, chunk.into_bytes())).await;
        let attempt = deliver(&Net::to(&receiver).sender(&authority, LIMITS), &target()).await;
        let Outcome::Delivered(answer) = attempt.outcome else { panic!("{head}: 200 delivers") };
        assert_eq!(answer.excerpt, "x".repeat(1024), "{head}");
        assert!(attempt.duration < LIMITS.total / 2, "{head}: {:?}", attempt.duration);
    }
}

#[tokio::test]
async fn secrets_in_an_answer_are_masked() {
    let ours = Secret::parse(SECRET).unwrap();
    let theirs = Secret::parse("correct-horse-battery-staple").unwrap();
    let body = format!("{SECRET} {} whsec_other Authorization: Bearer abc", theirs.reveal());
    let authority = Authority::new();
    for status in ["200 OK", "500 Oops"] {
        let receiver = Receiver::start(&authority, Script::Answer(answer(status, "", &body))).await;
        let sender = Net::to(&receiver).sender(&authority, LIMITS);
        let attempt = deliver_with(&sender, &target(), &[ours.clone(), theirs.clone()]).await;
        let shown = format!("{attempt:?}");
        assert!(shown.contains("*** *** *** Authorization: ***"), "{shown}");
        for secret in [SECRET, "correct-horse", "whsec_", "abc"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[tokio::test]
async fn what_is_not_http_1_is_a_failure() {
    let head = "HTTP/1.1 200 OK\r\n";
    for (what, answer) in [
        ("nothing", Vec::new()),
        ("another protocol", b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec()),
        ("HTTP/2", b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80\0\x04\0\x01\0\0\0\x05\0\xff\xff\xff".to_vec()),
        ("half a head", head.as_bytes().to_vec()),
    ] {
        let outcome = outcome(Script::Answer(answer)).await;
        assert!(
            matches!(&outcome, Outcome::Failed(failure) if failure.reason == Reason::Protocol),
            "{what}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_head_without_end_is_read_no_further_than_its_limit() {
    for (first, again) in
        [("HTTP/1.1 200 OK\r\n", "x: y\r\n".repeat(500)), ("HTTP/1.1 200 OK\r\nx: ", "y".repeat(4096))]
    {
        let authority = Authority::new();
        let receiver = Receiver::start(&authority, Script::Repeat(first.into(), again.into_bytes())).await;
        let attempt = deliver(&Net::to(&receiver).sender(&authority, LIMITS), &target()).await;
        assert_eq!(reason(&attempt), Some(Reason::Protocol), "{first:?}");
        assert!(attempt.duration < LIMITS.total / 10, "{first:?}: {:?}", attempt.duration);
    }
}

#[tokio::test]
async fn an_answer_whose_body_breaks_off_counts_by_its_status() {
    let script = Script::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec());
    let outcome = outcome(script).await;
    assert!(matches!(&outcome, Outcome::Delivered(answer) if answer.excerpt == "half"), "{outcome:?}");
    let interim = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n".to_vec();
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, Script::Answer(interim)).await;
    let attempt = deliver(&Net::to(&receiver).sender(&authority, LIMITS), &target()).await;
    assert_eq!((attempt.outcome.status(), reason(&attempt)), (Some(204), None));
}
