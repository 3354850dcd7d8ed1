use super::*;

/// Every block's first, last and a telling address, and the neighbours on both sides.
const ADDRESSES: [(&str, bool, &str); 108] = [
    ("0.0.0.0", false, "the own machine, on Linux"),
    ("0.0.0.1", false, "this network"),
    ("0.255.255.255", false, "this network, last"),
    ("1.0.0.0", true, "first after this network"),
    ("1.1.1.1", true, "a public resolver"),
    ("8.8.8.8", true, "a public resolver"),
    ("9.255.255.255", true, "last before RFC 1918"),
    ("10.0.0.0", false, "RFC 1918, first"),
    ("10.255.255.255", false, "RFC 1918, last"),
    ("11.0.0.0", true, "first after RFC 1918"),
    ("100.63.255.255", true, "last before CGNAT"),
    ("100.64.0.0", false, "CGNAT, first"),
    ("100.100.100.200", false, "Alibaba's metadata, in CGNAT"),
    ("100.127.255.255", false, "CGNAT, last"),
    ("100.128.0.0", true, "first after CGNAT"),
    ("126.255.255.255", true, "last before loopback"),
    ("127.0.0.1", false, "loopback"),
    ("127.0.0.53", false, "a local resolver"),
    ("127.255.255.255", false, "loopback, last"),
    ("128.0.0.0", true, "first after loopback"),
    ("168.63.129.15", true, "before Azure's host agent"),
    ("168.63.129.16", false, "Azure's host agent"),
    ("168.63.129.17", true, "after Azure's host agent"),
    ("169.253.255.255", true, "last before link-local"),
    ("169.254.0.0", false, "link-local, first"),
    ("169.254.76.1", false, "Lambda's own network"),
    ("169.254.169.254", false, "metadata of EC2, Google, Azure"),
    ("169.254.170.2", false, "credentials of ECS tasks"),
    ("169.254.255.255", false, "link-local, last"),
    ("169.255.0.0", true, "first after link-local"),
    ("172.15.255.255", true, "last before RFC 1918"),
    ("172.16.0.0", false, "RFC 1918, first"),
    ("172.17.0.1", false, "Docker's bridge"),
    ("172.31.255.255", false, "RFC 1918, last"),
    ("172.32.0.0", true, "first after RFC 1918"),
    ("191.255.255.255", true, "last before IETF protocols"),
    ("192.0.0.0", false, "IETF protocols, first"),
    ("192.0.0.9", false, "PCP anycast, though globally reachable"),
    ("192.0.0.170", false, "NAT64 discovery"),
    ("192.0.0.192", false, "Oracle's metadata"),
    ("192.0.1.0", true, "between two special blocks"),
    ("192.0.2.1", false, "documentation"),
    ("192.0.3.0", true, "first after documentation"),
    ("192.31.196.1", false, "AS112"),
    ("192.31.197.0", true, "first after AS112"),
    ("192.52.193.1", false, "AMT relay"),
    ("192.52.194.0", true, "first after AMT"),
    ("192.88.98.255", true, "last before 6to4 relays"),
    ("192.88.99.1", false, "6to4 relay"),
    ("192.167.255.255", true, "last before RFC 1918"),
    ("192.168.0.0", false, "RFC 1918, first"),
    ("192.168.255.255", false, "RFC 1918, last"),
    ("192.169.0.0", true, "first after RFC 1918"),
    ("192.175.48.1", false, "AS112"),
    ("198.17.255.255", true, "last before benchmarking"),
    ("198.18.0.0", false, "benchmarking, first"),
    ("198.19.255.255", false, "benchmarking, last"),
    ("198.20.0.0", true, "first after benchmarking"),
    ("198.51.100.7", false, "documentation"),
    ("203.0.113.7", false, "documentation"),
    ("203.0.114.0", true, "first after documentation"),
    ("223.255.255.255", true, "last unicast"),
    ("224.0.0.1", false, "multicast, first"),
    ("239.255.255.250", false, "multicast, SSDP"),
    ("240.0.0.0", false, "reserved, first"),
    ("255.255.255.254", false, "reserved, last"),
    ("255.255.255.255", false, "broadcast"),
    ("::", false, "unspecified"),
    ("::1", false, "loopback"),
    ("::127.0.0.1", false, "IPv4-compatible loopback"),
    ("::8.8.8.8", false, "IPv4-compatible, whatever it carries"),
    ("::ffff:127.0.0.1", false, "IPv4-mapped loopback"),
    ("::ffff:169.254.169.254", false, "IPv4-mapped metadata"),
    ("::ffff:10.0.0.1", false, "IPv4-mapped private"),
    ("::ffff:8.8.8.8", false, "IPv4-mapped, whatever it carries"),
    ("::ffff:0:127.0.0.1", false, "IPv4-translated, RFC 2765"),
    ("64:ff9b::7f00:1", false, "NAT64 of loopback"),
    ("64:ff9b::a9fe:a9fe", false, "NAT64 of metadata"),
    ("64:ff9b::808:808", false, "NAT64, whatever it carries"),
    ("64:ff9b:1::a00:1", false, "local NAT64 of a private address"),
    ("64:ff9b:1:ffff::1", false, "local NAT64, last network"),
    ("100::1", false, "discard-only"),
    ("100:0:0:1::1", false, "dummy prefix, RFC 9780"),
    ("1fff:ffff::1", false, "not assigned, before global unicast"),
    ("2000::1", true, "first of global unicast"),
    ("2001::1", false, "Teredo"),
    ("2001:0:7f00:1::", false, "Teredo with a server on loopback"),
    ("2001:2::1", false, "benchmarking"),
    ("2001:3::1", false, "AMT"),
    ("2001:4:112::1", false, "AS112"),
    ("2001:10::1", false, "ORCHID"),
    ("2001:20::1", false, "ORCHIDv2"),
    ("2001:30::1", false, "drone ids"),
    ("2001:1ff:ffff::1", false, "IETF protocols, last"),
    ("2001:200::1", true, "first after IETF protocols"),
    ("2001:4860:4860::8888", true, "a public resolver"),
    ("2001:db8::1", false, "documentation"),
    ("2002:7f00:1::1", false, "6to4 of loopback"),
    ("2002:808:808::1", false, "6to4, whatever it carries"),
    ("2606:4700:4700::1111", true, "a public resolver"),
    ("2620:4f:8000::1", false, "AS112"),
    ("3ffe::1", false, "6bone"),
    ("3fff::1", false, "documentation, RFC 9637"),
    ("5f00::1", false, "segment routing"),
    ("fd00:ec2::254", false, "EC2's metadata over IPv6, unique local"),
    ("fe80::1", false, "link-local"),
    ("fec0::1", false, "site-local, deprecated"),
    ("ff02::1", false, "multicast"),
];

#[test]
fn only_public_addresses_pass() {
    for (address, public, reason) in ADDRESSES {
        let address: IpAddr = address.parse().unwrap_or_else(|_| panic!("{address} is no address"));
        assert_eq!(is_public(address), public, "{address}: {reason}");
    }
}

#[test]
fn an_ipv4_address_never_passes_in_the_clothes_of_ipv6() {
    for (address, ..) in ADDRESSES {
        let Ok(address) = address.parse::<Ipv4Addr>() else { continue };
        let bits = u128::from(address.to_bits());
        for (prefix, shift) in [
            ("::", 0),             // compatible
            ("::ffff:0:0", 0),     // mapped
            ("::ffff:0:0:0", 0),   // translated
            ("64:ff9b::", 0),      // NAT64
            ("64:ff9b:1::", 0),    // local NAT64, /96
            ("64:ff9b:1::", 48),   // local NAT64, /48 without its gap
            ("2002::", 80),        // 6to4
            ("2001::", 64),        // Teredo's server
            ("fe80::5efe:0:0", 0), // ISATAP
        ] {
            let prefix: Ipv6Addr = prefix.parse().unwrap();
            let dressed = Ipv6Addr::from_bits(prefix.to_bits() | bits << shift);
            assert!(!is_public(dressed.into()), "{dressed} carries {address}");
        }
        // Teredo hides the client's address by flipping its bits.
        let teredo = Ipv6Addr::from_bits(0x2001 << 112 | u128::from(!address.to_bits()));
        assert!(!is_public(teredo.into()), "{teredo} carries {address}");
    }
}

#[test]
fn each_block_ends_where_its_registry_says() {
    for (first, prefix) in NOT_PUBLIC_V4 {
        let last = Ipv4Addr::from_bits(first.to_bits() | u32::MAX.checked_shr(prefix).unwrap_or(0));
        assert_eq!(first.to_bits().trailing_zeros().min(32 - prefix), 32 - prefix, "{first}/{prefix} is a block");
        assert!(!is_public(first.into()) && !is_public(last.into()), "{first}/{prefix}");
        let outside = |bits: Option<u32>| {
            bits.map(Ipv4Addr::from_bits).is_none_or(|outside| {
                is_public(outside.into())
                    || NOT_PUBLIC_V4.iter().any(|other| *other != (first, prefix) && within_v4(outside, *other))
            })
        };
        assert!(outside(first.to_bits().checked_sub(1)) && outside(last.to_bits().checked_add(1)), "{first}/{prefix}");
    }
}
