use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A resolver that has one answer, and counts.
struct Answers(&'static [&'static str], AtomicUsize);

impl Network for Answers {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(self.0.iter().map(|address| address.parse().expect("an address")).collect())
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        panic!("{address} is not to be connected to")
    }
}

async fn of(answer: &'static [&'static str]) -> Result<Vec<String>, Reason> {
    let target = Target::parse("https://hooks.example.com:8443/x", Plain::Refused).unwrap();
    match addresses(&Answers(answer, AtomicUsize::new(0)), &target, Plain::Refused).await {
        Ok(found) => Ok(found.iter().map(ToString::to_string).collect()),
        Err(failure) => Err(failure.reason),
    }
}

#[tokio::test]
async fn a_name_leads_to_its_public_addresses_in_their_order_and_to_nothing_else() {
    for private in [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "198.18.0.1",
        "::1",
        "::ffff:93.184.215.14",
        "64:ff9b::5db8:d70e",
        "2002:5db8:d70e::1",
        "fd00:ec2::254",
        "fe80::1",
    ] {
        let private: &'static [&'static str] = vec![private].leak();
        assert_eq!(of(private).await, Err(Reason::ForbiddenAddress), "{private:?}");
        let mixed = vec![private[0], "93.184.215.14", private[0], "2606:2800:21f::1", private[0]].leak();
        let expected = vec!["93.184.215.14:8443".to_owned(), "[2606:2800:21f::1]:8443".to_owned()];
        assert_eq!(of(mixed).await, Ok(expected), "{private:?}");
    }
    assert_eq!(of(&[]).await, Err(Reason::Resolution));
    assert_eq!(of(&["1.0.0.1", "1.0.0.2", "1.0.0.3", "1.0.0.4", "1.0.0.5"]).await.unwrap().len(), 4);
}

/// Should anything but [`Target::parse`] ever make a target.
#[tokio::test]
async fn a_literal_does_not_get_as_far_as_the_resolver_even_past_the_target() {
    for host in [
        "8.8.8.8",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0",
        "127.0.0.1.",
        "[::1]",
        "::1",
        "[::ffff:127.0.0.1]",
        "fe80::1%eth0",
        "localhost",
        "a.localhost",
        "metadata.google.internal",
        "",
    ] {
        let network = Answers(&["8.8.8.8"], AtomicUsize::new(0));
        let found = of_name(&network, host).await.map_err(|failure| failure.reason);
        assert_eq!(found, Err(Reason::ForbiddenAddress), "{host}");
        assert_eq!(network.1.load(Ordering::Relaxed), 0, "{host} was looked up");
    }
}

/// Should that rule fall too: whatever the system's resolver makes of a literal is no public address.
#[tokio::test]
async fn what_the_resolver_of_the_system_makes_of_a_private_literal_is_not_public() {
    for host in ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0", "10.1", "localhost"] {
        let found = tokio::net::lookup_host((host, 0)).await.map(Iterator::collect::<Vec<_>>).unwrap_or_default();
        assert!(found.iter().all(|found| !is_public(found.ip())), "{host}: {found:?}");
    }
    let found = tokio::net::lookup_host(("127.1", 0)).await.unwrap().next();
    assert_eq!(found.map(|found| found.ip()), Some(Ipv4Addr::LOCALHOST.into()), "or this test shows nothing");
}

#[tokio::test]
async fn http_leads_to_the_own_machine_without_a_resolver_and_only_where_the_sender_allows_it() {
    let network = Answers(&["8.8.8.8"], AtomicUsize::new(0));
    for (url, expected) in [
        ("http://127.0.0.1:4605/x", &["127.0.0.1:4605"][..]),
        ("http://[::1]:4605/x", &["[::1]:4605"]),
        ("http://localhost:4605/x", &["127.0.0.1:4605", "[::1]:4605"]),
    ] {
        let target = Target::parse(url, Plain::ToLoopback).unwrap();
        let found = addresses(&network, &target, Plain::ToLoopback).await.unwrap();
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        let refused = addresses(&network, &target, Plain::Refused).await.unwrap_err();
        assert_eq!(refused.reason, Reason::ForbiddenAddress);
    }
    assert_eq!(network.1.load(Ordering::Relaxed), 0);
}
