//! What receivers get.

use delivery::{Internet, LIMITS, Outcome, Sender};
use domain::webhook::{Plain, Secret, Target};

use crate::network::{Net, PUBLIC, Route, SECRET, deliver, deliver_with, reason, target};
use crate::receiver::{Authority, Receiver, Tls, ok};

#[tokio::test]
async fn a_webhook_comes_as_one_signed_post_with_its_headers() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, ok()).await;
    let net = Net::to(&receiver);
    let attempt = deliver(&net.sender(&authority, LIMITS), &target()).await;
    assert!(
        matches!(&attempt.outcome, Outcome::Delivered(answer) if answer.status == 200 && answer.excerpt == "thanks")
    );
    assert!(!attempt.duration.is_zero() && attempt.duration < LIMITS.total);

    let requests = receiver.requests();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /novatrade?shop=7 HTTP/1.1");
    lines.sort_unstable();
    // The codes were computed by `openssl dgst -sha256 -mac HMAC -macopt hexkey:…`.
    assert_eq!(
        lines,
        [
            "accept: */*",
            "connection: close",
            "content-length: 40",
            "content-type: application/json",
            "host: hooks.example.com",
            concat!("user-agent: buyer-onboarding/", env!("CARGO_PKG_VERSION")),
            "webhook-id: evt_1",
            "webhook-signature: v1,r/fJSo3N3ksOxNXrNjaGW7YQqPLdWMSqo2EVgwT9J6w=",
            "webhook-timestamp: 1795340000",
            "x-novatrade-attempt: 3",
            "x-novatrade-delivery-id: del_1",
            "x-novatrade-event-id: evt_1",
            "x-novatrade-event-type: kyc.verification_completed",
            "x-novatrade-signature: t=1795340000,v1=92047dff080199b088dd447d707f13931afed839c797db11ad2ffa1f529a33d3",
        ]
    );
    assert_eq!(body, "{\"id\":\"evt_1\",\"data\":{\"city\":\"Łódź\"}}");
    assert_eq!((net.lookups(), net.dialled()), (1, vec![format!("{PUBLIC}:443")]));
}

/// The value of a header of the first request.
fn header(receiver: &Receiver, name: &str) -> Option<String> {
    let requests = receiver.requests();
    requests[0].lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned()))
}

#[tokio::test]
async fn during_a_rotation_the_new_signature_stands_first_in_both_schemes() {
    let authority = Authority::new();
    let (new, old) = (Secret::fresh(), Secret::parse(SECRET).unwrap());
    let mut values = Vec::new();
    for secrets in [&[new.clone(), old.clone()][..], &[new], &[old]] {
        let receiver = Receiver::start(&authority, ok()).await;
        deliver_with(&Net::to(&receiver).sender(&authority, LIMITS), &target(), secrets).await;
        let value = |name| header(&receiver, name).unwrap();
        values.push((value("x-novatrade-signature"), value("webhook-signature")));
    }
    let [both, new, old] = values.try_into().unwrap();
    assert_eq!(both.0, format!("{},{}", new.0, old.0.split_once(',').unwrap().1));
    assert_eq!(both.1, format!("{} {}", new.1, old.1));
}

#[tokio::test]
async fn a_secret_of_another_form_leaves_the_standard_headers_out() {
    let authority = Authority::new();
    let supplied = || Secret::parse("correct-horse-battery-staple").unwrap();
    let receiver = Receiver::start(&authority, ok()).await;
    deliver_with(&Net::to(&receiver).sender(&authority, LIMITS), &target(), &[supplied()]).await;
    assert!(header(&receiver, "x-novatrade-signature").is_some());
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        assert_eq!(header(&receiver, name), None);
    }
    // While it is rotated out, the other one signs alone.
    let receiver = Receiver::start(&authority, ok()).await;
    let secrets = [Secret::parse(SECRET).unwrap(), supplied()];
    deliver_with(&Net::to(&receiver).sender(&authority, LIMITS), &target(), &secrets).await;
    assert_eq!(header(&receiver, "x-novatrade-signature").unwrap().matches("v1=").count(), 2);
    assert_eq!(header(&receiver, "webhook-signature").unwrap().matches("v1,").count(), 1);
}

#[tokio::test]
async fn each_delivery_has_a_connection_of_its_own() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, ok()).await;
    let sender = Net::to(&receiver).sender(&authority, LIMITS);
    for _ in 0..3 {
        deliver(&sender, &target()).await;
    }
    assert_eq!((receiver.connections(), receiver.requests().len()), (3, 3));
}

#[tokio::test]
async fn another_port_is_connected_to_and_said_in_the_host_header() {
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, ok()).await;
    let net = Net::answering(&[PUBLIC]).route(&format!("{PUBLIC}:8443"), Route::To(receiver.address));
    let target = Target::parse("https://HOOKS.example.com:8443", Plain::Refused).unwrap();
    assert_eq!(deliver(&net.sender(&authority, LIMITS), &target).await.outcome.status(), Some(200));
    assert_eq!(header(&receiver, "host").unwrap(), "hooks.example.com:8443");
    assert!(receiver.requests()[0].starts_with("POST / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn whatever_a_target_may_have_in_its_path_is_sent_as_it_is() {
    let authority = Authority::new();
    let allowed = |c: &char| Target::parse(&format!("https://hooks.example.com/{c}?{c}"), Plain::Refused).is_ok();
    let letters: String = (0..=127_u8).map(char::from).filter(allowed).collect();
    assert_eq!(letters, "!$&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~");
    let path = format!("//{letters}%2F?{letters}%00");
    let receiver = Receiver::start(&authority, ok()).await;
    let target = Target::parse(&format!("https://hooks.example.com{path}"), Plain::Refused).unwrap();
    let attempt = deliver(&Net::to(&receiver).sender(&authority, LIMITS), &target).await;
    assert_eq!(attempt.outcome.status(), Some(200), "{attempt:?}");
    assert!(receiver.requests()[0].starts_with(&format!("POST {path} HTTP/1.1\r\n")));
}

#[tokio::test]
async fn receivers_that_speak_only_tls_1_2_are_reached() {
    let authority = Authority::new();
    let receiver = Receiver::with(&authority, "hooks.example.com", Tls::Old, ok()).await;
    assert_eq!(deliver(&Net::to(&receiver).sender(&authority, LIMITS), &target()).await.outcome.status(), Some(200));
}

#[tokio::test]
async fn http_reaches_the_own_machine_where_the_sender_allows_it() {
    let authority = Authority::new();
    let receiver = Receiver::with(&authority, "localhost", Tls::Plain, ok()).await;
    let url = format!("http://localhost:{}/hooks/a", receiver.address.port());
    let target = Target::parse(&url, Plain::ToLoopback).unwrap();
    let allowed = Sender::with(Internet, authority.roots(), Plain::ToLoopback, LIMITS);
    assert_eq!(deliver(&allowed, &target).await.outcome.status(), Some(200));
    let refusing = Sender::with(Internet, authority.roots(), Plain::Refused, LIMITS);
    assert_eq!(reason(&deliver(&refusing, &target).await), Some(delivery::Reason::ForbiddenAddress));
    assert_eq!(receiver.connections(), 1);
}
