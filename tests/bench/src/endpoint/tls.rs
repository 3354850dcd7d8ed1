//! TLS 1.3 in front of a listener.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

use super::certificate::Chain;

/// Connections whose handshake is over. Handshakes run apart from each other: a
/// client that opens two connections and uses one must not stop the other.
pub(crate) struct Tls {
    address: SocketAddr,
    ready: mpsc::UnboundedReceiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Tls {
    /// Shows the chain to everybody who connects to `listeners`.
    pub(crate) fn over(listeners: Vec<TcpListener>, chain: Chain) -> anyhow::Result<Self> {
        let address = listeners[0].local_addr()?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_single_cert(chain.presented, chain.key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (report, ready) = mpsc::unbounded_channel();
        for listener in listeners {
            tokio::spawn(shake_hands(listener, acceptor.clone(), report.clone()));
        }
        Ok(Self { address, ready })
    }
}

async fn shake_hands(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    report: mpsc::UnboundedSender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    while let Ok((stream, peer)) = listener.accept().await {
        let (acceptor, report) = (acceptor.clone(), report.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            // The client sees why a handshake fails, and fails its call.
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = report.send((stream, peer));
            }
        });
    }
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}
