//! Nobody makes a delivery go elsewhere.

use std::env;
use std::process::Command;

use delivery::{Internet, LIMITS, Reason, Sender};
use domain::webhook::{Plain, Target};
use tokio::net::TcpListener;

use crate::network::{Net, PUBLIC, Route, deliver, reason, target};
use crate::receiver::{Authority, Receiver, Tls, ok};

#[tokio::test]
async fn a_name_that_is_bound_anew_after_the_check_changes_nothing() {
    let authority = Authority::new();
    let (receiver, inner) = (Receiver::start(&authority, ok()).await, Receiver::start(&authority, ok()).await);
    let public = format!("{PUBLIC}:443");
    for (public_is, ended) in [(Route::To(receiver.address), None), (Route::Refused, Some(Reason::Connect))] {
        // Public when it is checked, loopback ever after, where somebody listens.
        let net = Net::answering(&[PUBLIC])
            .then(&["127.0.0.1"])
            .route(&public, public_is)
            .route("127.0.0.1:443", Route::To(inner.address));
        let sender = net.sender(&authority, LIMITS);
        assert_eq!(reason(&deliver(&sender, &target()).await), ended);
        assert_eq!((net.lookups(), net.dialled()), (1, vec![public.clone()]), "one lookup, and its answer is used");
        // The next attempt checks anew.
        assert_eq!(reason(&deliver(&sender, &target()).await), Some(Reason::ForbiddenAddress));
        assert_eq!((net.lookups(), net.dialled().len()), (2, 1));
    }
    assert_eq!((receiver.connections(), inner.connections()), (1, 0));
}

#[tokio::test]
async fn of_mixed_answers_only_the_public_ones_are_tried_even_if_none_of_them_works() {
    let authority = Authority::new();
    let inner = Receiver::start(&authority, ok()).await;
    let net = Net::answering(&["127.0.0.1", PUBLIC, "169.254.169.254", "::ffff:127.0.0.1", "2606:2800:21f::1", "::1"])
        .route("127.0.0.1:443", Route::To(inner.address))
        .route("[::1]:443", Route::To(inner.address))
        .route("[::ffff:127.0.0.1]:443", Route::To(inner.address));
    assert_eq!(reason(&deliver(&net.sender(&authority, LIMITS), &target()).await), Some(Reason::Connect));
    assert_eq!(net.dialled(), ["93.184.215.14:443", "[2606:2800:21f::1]:443"]);
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_inwards_is_never_connected_to() {
    let authority = Authority::new();
    for address in [
        "127.0.0.1",
        "10.1.2.3",
        "172.20.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "198.18.0.1",
        "::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "fd00:ec2::254",
        "fe80::1",
    ] {
        let net = Net::answering(&[address]);
        let attempt = deliver(&net.sender(&authority, LIMITS), &target()).await;
        assert_eq!(reason(&attempt), Some(Reason::ForbiddenAddress), "{address}");
        assert!(net.dialled().is_empty(), "{address}");
        assert!(!format!("{attempt:?}").contains(address), "an outcome tells nothing about networks: {attempt:?}");
    }
    let net = Net::default();
    assert_eq!(reason(&deliver(&net.sender(&authority, LIMITS), &target()).await), Some(Reason::Resolution));
}

#[tokio::test]
async fn a_certificate_that_is_not_good_gets_no_webhook() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for (what, signer, name, tls) in [
        ("of another name", &authority, "hooks.example.org", Tls::Good),
        ("of the name's parent", &authority, "example.com", Tls::Good),
        ("of an unknown authority", &stranger, "hooks.example.com", Tls::Good),
        ("out of date", &authority, "hooks.example.com", Tls::Expired),
        ("no TLS at all", &authority, "hooks.example.com", Tls::Rude),
    ] {
        let receiver = Receiver::with(signer, name, tls, ok()).await;
        let attempt = deliver(&Net::to(&receiver).sender(&authority, LIMITS), &target()).await;
        assert_eq!(reason(&attempt), Some(Reason::Tls), "{what}: {attempt:?}");
        assert!(receiver.requests().is_empty(), "{what}");
    }
}

/// The child's half of the next test; by itself it says nothing.
#[tokio::test]
async fn child_delivers_past_the_proxies_of_its_environment() {
    let Ok(proxy) = env::var("HTTPS_PROXY") else { return };
    let authority = Authority::new();
    let receiver = Receiver::start(&authority, ok()).await;
    let net = Net::to(&receiver);
    assert_eq!(deliver(&net.sender(&authority, LIMITS), &target()).await.outcome.status(), Some(200));
    assert_eq!(net.dialled(), [format!("{PUBLIC}:443")], "not {proxy}");

    // Over the network itself, with the store of certificates that the environment names.
    let plain = Receiver::with(&authority, "localhost", Tls::Plain, ok()).await;
    let url = format!("http://127.0.0.1:{}/x", plain.address.port());
    let sender = Sender::new(Plain::ToLoopback).expect("a store with one certificate");
    let attempt = deliver(&sender, &Target::parse(&url, Plain::ToLoopback).unwrap()).await;
    assert_eq!((attempt.outcome.status(), plain.connections()), (Some(200), 1));
}

#[tokio::test]
async fn proxies_of_the_environment_are_ignored() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let store = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(store.path(), Authority::new().pem).unwrap();
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "safety::child_delivers_past_the_proxies_of_its_environment"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        child.env(name, &url).env(name.to_ascii_lowercase(), &url);
    }
    let output = child.env("SSL_CERT_FILE", store.path()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
    let waited = tokio::time::timeout(std::time::Duration::from_millis(100), proxy.accept()).await;
    assert!(waited.is_err(), "somebody came to the proxy");
}

/// The child's half of the next test.
#[test]
fn child_has_no_authority_to_trust() {
    if env::var("SSL_CERT_FILE").is_ok_and(|path| path.ends_with("/none")) {
        assert!(Sender::<Internet>::new(Plain::Refused).is_err());
    }
}

#[test]
fn without_an_authority_to_trust_there_is_no_sender() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("none"), "").unwrap();
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "safety::child_has_no_authority_to_trust"]);
    let output = child.env("SSL_CERT_FILE", folder.path().join("none")).env_remove("SSL_CERT_DIR").output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
}
