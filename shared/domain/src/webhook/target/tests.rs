use super::*;

fn error(text: &str) -> Option<TargetError> {
    Target::parse(text, Plain::Refused).err()
}

#[test]
fn the_parts_that_were_judged_are_the_parts_that_are_used() {
    for (text, authority, port, path) in [
        ("https://hooks.example.com", "hooks.example.com", 443, "/"),
        ("HTTPS://Hooks.Example.COM/", "hooks.example.com", 443, "/"),
        ("https://hooks.example.com:443/a", "hooks.example.com", 443, "/a"),
        ("https://hooks.example.com:8443/a/B?c=D&e=%2F", "hooks.example.com:8443", 8443, "/a/B?c=D&e=%2F"),
        ("https://hooks.example.com?a=b", "hooks.example.com", 443, "/?a=b"),
        ("https://xn--bcher-kva.example/x", "xn--bcher-kva.example", 443, "/x"),
        ("https://123.example.com/", "123.example.com", 443, "/"),
        ("https://1.2.3.4.example.com/", "1.2.3.4.example.com", 443, "/"),
        ("https://0x7f.1.example/", "0x7f.1.example", 443, "/"),
        ("https://localhost.example.com/", "localhost.example.com", 443, "/"),
        ("https://shop.xn--p1ai/", "shop.xn--p1ai", 443, "/"),
        ("https://hooks.example.com/@user:pass", "hooks.example.com", 443, "/@user:pass"),
        ("https://hooks.example.com?@evil.example", "hooks.example.com", 443, "/?@evil.example"),
    ] {
        let target = Target::parse(text, Plain::Refused).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((&*target.authority(), target.port(), &*target.path_and_query()), (authority, port, path), "{text}");
        assert_eq!(target.as_str(), text);
        assert!(!target.is_plain());
    }
}

#[test]
fn an_address_is_refused_in_every_spelling_that_a_resolver_would_take() {
    for host in [
        "127.0.0.1",
        "8.8.8.8",            // a public one has no certificate to check either
        "169.254.169.254",    // metadata
        "2130706433",         // decimal
        "017700000001",       // octal
        "0177.0.0.1",         // octal first part
        "0x7f000001",         // hex
        "0X7F.0.0.1",         // hex first part
        "127.1",              // short
        "127.0.1",            // short
        "0",                  // 0.0.0.0
        "1.1.1.1.",           // trailing dot
        "2130706433.",        // decimal with trailing dot
        "127.0.0.0x1",        // hex last part
        "example.com.08",     // no octal, and no top-level domain
        "999.999.999.999",    // no address, and no name
        "[::1]",              // IPv6
        "[::ffff:127.0.0.1]", // IPv4-mapped
        "[fd00:ec2::254]",    // metadata over IPv6
        "[fe80::1%25eth0]",   // with a zone
        "[v1.fe80]",          // a future kind
        "::1",                // without brackets
        "fe80::1",
    ] {
        assert_eq!(error(&format!("https://{host}/x")), Some(TargetError::Address), "{host}");
    }
}

#[test]
fn names_that_are_not_in_the_public_dns_are_refused() {
    for host in [
        "localhost",
        "LOCALHOST",
        "a.localhost",
        "intranet",
        "metadata",
        "printer.local",
        "metadata.google.internal",
        "ip-10-0-0-1.eu-central-1.compute.internal",
        "router.home.arpa",
        "1.0.0.127.in-addr.arpa",
        "1.ip6.arpa",
        "wiki.corp",
        "nas.lan",
        "nas.home",
        "db.localdomain",
        "db.private",
        "x.invalid",
        "x.alt",
        "abc.onion",
    ] {
        assert_eq!(error(&format!("https://{host}/x")), Some(TargetError::NotPublic), "{host}");
    }
}

#[test]
fn each_rule_is_named_when_it_is_broken() {
    let long = format!("https://hooks.example.com/{}", "a".repeat(LONGEST_TARGET));
    let long_host = format!("https://{}example.com/", "abcdefg.".repeat(32));
    let long_label = format!("https://{}.example.com/", "a".repeat(64));
    for (text, rule) in [
        ("", TargetError::Length),
        (&*long, TargetError::Length),
        (" https://hooks.example.com", TargetError::Blank),
        ("https://hooks.example.com/a b", TargetError::Blank),
        ("https://hooks.example.com/\r\nHost: evil", TargetError::Blank),
        ("ht\ttps://hooks.example.com/", TargetError::Blank),
        ("https://hooks\u{3000}.example.com/", TargetError::Blank),
        ("https://hooks.example.com/\u{7f}", TargetError::Blank),
        ("http://hooks.example.com/", TargetError::Scheme),
        ("http://localhost/", TargetError::Scheme),
        ("ftp://hooks.example.com/", TargetError::Scheme),
        ("file:///etc/passwd", TargetError::Scheme),
        ("//hooks.example.com/", TargetError::Scheme),
        ("https:/hooks.example.com/", TargetError::Scheme),
        ("https:\\\\hooks.example.com/", TargetError::Scheme),
        ("hooks.example.com", TargetError::Scheme),
        ("https://user@hooks.example.com/", TargetError::UserInfo),
        ("https://user:secret@hooks.example.com/", TargetError::UserInfo),
        ("https://hooks.example.com@127.0.0.1/", TargetError::UserInfo),
        ("https://hooks.example.com\\@127.0.0.1/", TargetError::UserInfo),
        ("https://@hooks.example.com/", TargetError::UserInfo),
        ("https://hooks.example.com/#", TargetError::Fragment),
        ("https://hooks.example.com#x", TargetError::Fragment),
        ("https://bücher.example/", TargetError::International),
        ("https://１２７.0.0.1/", TargetError::International),
        ("https://hooks。example。com/", TargetError::International),
        ("https:///x", TargetError::Host),
        ("https://:443/x", TargetError::Host),
        ("https://.example.com/", TargetError::Host),
        ("https://hooks..example.com/", TargetError::Host),
        ("https://hooks_a.example.com/", TargetError::Host),
        ("https://-hooks.example.com/", TargetError::Host),
        ("https://hooks-.example.com/", TargetError::Host),
        ("https://hooks.%65xample.com/", TargetError::Host),
        ("https://hooks.example.com\\.evil.example/", TargetError::Host),
        ("https://*.example.com/", TargetError::Host),
        (&*long_host, TargetError::Host),
        (&*long_label, TargetError::Host),
        ("https://hooks.example.com./", TargetError::TrailingDot),
        ("https://hooks.example.com:80/", TargetError::Port),
        ("https://hooks.example.com:22/", TargetError::Port),
        ("https://hooks.example.com:0/", TargetError::Port),
        ("https://hooks.example.com:/", TargetError::Port),
        ("https://hooks.example.com:+443/", TargetError::Port),
        ("https://hooks.example.com:65979/", TargetError::Port), // 443 once 16 bits are full
        ("https://hooks.example.com:000443/", TargetError::Port),
        ("https://hooks.example.com/ä", TargetError::Path),
        ("https://hooks.example.com/{id}", TargetError::Path),
        ("https://hooks.example.com/\\evil", TargetError::Path),
        ("https://hooks.example.com/%", TargetError::Path),
        ("https://hooks.example.com/%4", TargetError::Path),
        ("https://hooks.example.com/%zz", TargetError::Path),
        ("https://hooks.example.com/?a=\"", TargetError::Path),
    ] {
        assert_eq!(error(text), Some(rule), "{text:?}");
    }
    let longest = format!("https://hooks.example.com/{}", "a".repeat(LONGEST_TARGET - 26));
    assert_eq!((longest.len(), error(&longest)), (LONGEST_TARGET, None));
}

#[test]
fn http_goes_to_the_own_machine_where_that_is_allowed_and_nowhere_else() {
    for (text, authority, port) in [
        ("http://localhost/hooks", "localhost", 80),
        ("http://localhost:4605/hooks", "localhost:4605", 4605),
        ("http://127.0.0.1:4605/hooks", "127.0.0.1:4605", 4605),
        ("http://[::1]:4605/hooks", "[::1]:4605", 4605),
    ] {
        let target = Target::parse(text, Plain::ToLoopback).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((&*target.authority(), target.port(), target.is_plain()), (authority, port, true));
        assert_eq!(error(text), Some(TargetError::Scheme));
    }
    for (text, rule) in [
        ("http://hooks.example.com/", TargetError::Scheme),
        ("http://127.0.0.2/", TargetError::Scheme),
        ("http://127.1/", TargetError::Scheme),
        ("http://a.localhost/", TargetError::Scheme),
        ("http://169.254.169.254/", TargetError::Scheme),
        ("http://localhost:0/", TargetError::Port),
        ("http://localhost:70000/", TargetError::Port),
        ("http://user@localhost/", TargetError::UserInfo),
        ("https://localhost/", TargetError::NotPublic),
        ("https://127.0.0.1/", TargetError::Address),
        ("https://hooks.example.com:4605/", TargetError::Port),
    ] {
        assert_eq!(Target::parse(text, Plain::ToLoopback).err(), Some(rule), "{text}");
    }
}

#[test]
fn a_target_is_written_as_it_came_and_its_debug_form_shows_no_path() {
    let target = Target::parse("https://Hooks.example.com/T0/secret?key=1", Plain::Refused).unwrap();
    assert_eq!(serde_json::to_string(&target).unwrap(), "\"https://Hooks.example.com/T0/secret?key=1\"");
    assert_eq!(format!("{target:?}"), "https://hooks.example.com/…");
}
