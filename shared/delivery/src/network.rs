//! Names, addresses and connections.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use domain::webhook::{Plain, Target, public_name};
use tokio::net::TcpStream;

use crate::address::is_public;
use crate::answer::{Failure, Reason};

/// Most addresses of one name that are tried.
const MOST_TRIED: usize = 4;

/// The two things that a delivery wants of a network. A test stands in for it; what is done with the answers, the filter
/// above all, is the same for both.
pub trait Network: Send + Sync {
    /// The addresses of a DNS name.
    fn resolve(&self, host: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;

    /// A connection to exactly this address.
    fn connect(&self, address: SocketAddr) -> impl Future<Output = io::Result<TcpStream>> + Send;
}

/// The network itself, with the system's resolver. No environment variable changes the way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Internet;

impl Network for Internet {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        // The dot at the end keeps the resolver from trying the name within the machine's own search domains.
        let found = tokio::net::lookup_host((format!("{host}."), 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}

/// Where a delivery may connect to, in the order of the resolver; never empty.
///
/// The name is looked up once, and what is answered here is what is connected to: between check and use no second
/// lookup can lead elsewhere (DNS rebinding). Addresses that are not public are dropped, and none left is a failure.
pub(crate) async fn addresses(
    network: &impl Network,
    target: &Target,
    plain: Plain,
) -> Result<Vec<SocketAddr>, Failure> {
    let found = if target.is_plain() { loopback(target.host(), plain) } else { of_name(network, target.host()).await }?;
    Ok(found.into_iter().map(|address| SocketAddr::new(address, target.port())).collect())
}

/// The own machine, for a local stack.
fn loopback(host: &str, plain: Plain) -> Result<Vec<IpAddr>, Failure> {
    match (plain, host) {
        (Plain::ToLoopback, "localhost") => Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
        (Plain::ToLoopback, "127.0.0.1") => Ok(vec![Ipv4Addr::LOCALHOST.into()]),
        (Plain::ToLoopback, "[::1]") => Ok(vec![Ipv6Addr::LOCALHOST.into()]),
        _ => Err(Failure::new(Reason::ForbiddenAddress, "http is not allowed")),
    }
}

/// The public ones of a name's addresses. A literal never gets as far as the resolver, which would take it for a name
/// that leads to itself.
async fn of_name(network: &impl Network, host: &str) -> Result<Vec<IpAddr>, Failure> {
    public_name(host).map_err(|rule| Failure::new(Reason::ForbiddenAddress, format!("the URL {rule}")))?;
    let found = network.resolve(host).await.unwrap_or_default();
    if found.is_empty() {
        return Err(Failure::new(Reason::Resolution, "the name of the host has no address"));
    }
    let public: Vec<_> = found.into_iter().filter(|address| is_public(*address)).take(MOST_TRIED).collect();
    if public.is_empty() {
        // Without the addresses: what names mean inside a network is nobody's business outside.
        return Err(Failure::new(Reason::ForbiddenAddress, "the name of the host has no public address"));
    }
    Ok(public)
}

#[cfg(test)]
mod tests;
