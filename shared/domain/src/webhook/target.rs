//! Where a webhook may be sent: the rules of the URL, which are half of the defence against SSRF. The other half, which
//! addresses a name may lead to, is the sender's.
//!
//! The parser is ours, and stricter than a browser's. Attacks on URL filters live on what two parsers read
//! differently (`https://good.example\@evil.example`, tabs in the scheme, `0x7f.1`); here the parts that were judged
//! are the parts that are used, and whatever RFC 3986 does not allow is refused instead of mended.

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// Most bytes of a URL.
pub const LONGEST_TARGET: usize = 2048;
/// The port of https, and the one that receivers behind a proxy or without root use instead. A list, because our
/// servers shall not knock at whatever else listens; a short one, because a longer one later breaks nobody.
const PORTS: [u16; 2] = [443, 8443];
/// Names that lead nowhere or home: RFC 6761, 6762 (with its appendix G), 7686, 8375, 9476, and ICANN's `.internal`.
/// All of `.arpa` is infrastructure, addresses written as names among it.
const NOT_PUBLIC: [&str; 13] = [
    "alt",
    "arpa",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
];

/// Whether http is allowed to the own machine. Only a local stack says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// Never.
    Refused,
    /// To `localhost`, `127.0.0.1` and `[::1]`, any port.
    ToLoopback,
}

/// A URL that a webhook may be sent to; [`Target::parse`] is the only way to one, so a stored URL is judged again by
/// whoever sends.
///
/// The path often is a secret of the receiver's, so `Debug` shows none.
#[derive(Clone, PartialEq, Eq, JsonSchema)]
#[schemars(inline, with = "String", extend("format" = "uri", "maxLength" = LONGEST_TARGET))]
pub struct Target {
    text: String,
    host: String,
    port: u16,
    plain: bool,
    /// Where the path begins in the text, or its end.
    path: usize,
}

/// Why a text is no target. The texts are the rule shown to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Empty, or more bytes than [`LONGEST_TARGET`].
    #[error("must be 1 to {LONGEST_TARGET} bytes")]
    Length,
    /// White space or a control character, anywhere.
    #[error("must not contain white space or control characters")]
    Blank,
    /// Something else than `https://`.
    #[error("must be an absolute URL with the scheme https")]
    Scheme,
    /// `user:password@`.
    #[error("must not contain user information (the part before @)")]
    UserInfo,
    /// `#…`, which is never sent.
    #[error("must not contain a fragment (the part after #)")]
    Fragment,
    /// An IPv4 or IPv6 address in any spelling.
    #[error("must name its host, not give its IP address")]
    Address,
    /// A host with other letters than those of DNS.
    #[error("must write an international host in punycode (xn--)")]
    International,
    /// No DNS name.
    #[error(
        "must have a host of 1 to 253 letters, digits, hyphens and dots, each label 1 to 63 and without a hyphen at \
         either end"
    )]
    Host,
    /// A host that ends with a dot.
    #[error("must have a host without a dot at its end")]
    TrailingDot,
    /// A name that is not in the public DNS.
    #[error("must have a host in the public DNS, such as hooks.example.com")]
    NotPublic,
    /// Another port than 443 and 8443.
    #[error("must use port 443 or 8443")]
    Port,
    /// A path or query with what RFC 3986 does not allow there.
    #[error("must write characters that RFC 3986 does not allow in a path or query as %XX")]
    Path,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str, plain: Plain) -> Result<Self, TargetError> {
        if text.is_empty() || text.len() > LONGEST_TARGET {
            return Err(TargetError::Length);
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(TargetError::Blank);
        }
        let (is_plain, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (false, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") && plain == Plain::ToLoopback => (true, rest),
            _ => return Err(TargetError::Scheme),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(TargetError::UserInfo);
        }
        if path.contains('#') {
            return Err(TargetError::Fragment);
        }
        let (host, port) = split_port(authority);
        let host = host.to_ascii_lowercase();
        let port = if is_plain {
            if !matches!(&*host, "localhost" | "127.0.0.1" | "[::1]") {
                return Err(TargetError::Scheme);
            }
            port_of(port, 80)?
        } else {
            public_name(&host)?;
            port_of(port, 443).ok().filter(|port| PORTS.contains(port)).ok_or(TargetError::Port)?
        };
        if !is_path(path) {
            return Err(TargetError::Path);
        }
        Ok(Self { host, port, plain: is_plain, path: text.len() - path.len(), text: text.to_owned() })
    }

    /// The URL as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host in lower case: a DNS name, or one of the three of [`Plain::ToLoopback`].
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is http, and so to the own machine.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.plain
    }

    /// The host, and the port unless it is the scheme's own: the header `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        let own = if self.plain { 80 } else { 443 };
        if self.port == own { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// Path and query, as a request line has them: begins with `/`.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        let path = &self.text[self.path..];
        if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
    }
}

/// Whether this, in lower case, is a name that the public DNS may know: no address in any spelling, no single label, no
/// trailing dot, no name that leads nowhere or home. Senders ask once more.
///
/// # Errors
/// The first rule that it breaks.
pub fn public_name(host: &str) -> Result<(), TargetError> {
    if host.starts_with('[') || host.contains(':') {
        return Err(TargetError::Address);
    }
    if !host.is_ascii() {
        return Err(TargetError::International);
    }
    if let Some(name) = host.strip_suffix('.') {
        return Err(if ends_in_number(name) { TargetError::Address } else { TargetError::TrailingDot });
    }
    if ends_in_number(host) {
        return Err(TargetError::Address);
    }
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Err(TargetError::Host);
    }
    match host.rsplit_once('.') {
        Some((_, last)) if !NOT_PUBLIC.contains(&last) => Ok(()),
        _ => Err(TargetError::NotPublic),
    }
}

/// What a resolver would read as an IPv4 address (`127.1`, `0x7f.0.0.1`, `017700000001`, `2130706433`) ends with a
/// label that begins with a digit; no top-level domain does.
fn ends_in_number(host: &str) -> bool {
    host.rsplit('.').next().is_some_and(|label| label.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// The host, and what stands after its colon. The colons of an IPv6 address are its own.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn port_of(written: Option<&str>, otherwise: u16) -> Result<u16, TargetError> {
    let Some(port) = written else { return Ok(otherwise) };
    let digits = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    port.parse().ok().filter(|port| digits && *port > 0).ok_or(TargetError::Port)
}

/// Empty, or what RFC 3986 (3.3 and 3.4) allows in a path and a query.
fn is_path(path: &str) -> bool {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte),
        };
        if !allowed {
            return false;
        }
    }
    true
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/…", if self.plain { "http" } else { "https" }, self.authority())
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
