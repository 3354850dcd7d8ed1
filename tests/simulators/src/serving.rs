//! What every simulator needs: to listen on loopback for as long as its handle lives, and a clock.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use domain::Instant;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// This moment, to the millisecond.
pub(crate) fn now() -> Instant {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A port that is taken but not yet served, so that a server can put its own
/// address into what it serves.
pub(crate) struct Bound(TcpListener);

/// A running server. Dropping it stops the server.
pub(crate) struct Serving {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Bound {
    /// Takes `port` on 127.0.0.1, or a free one for 0.
    pub(crate) async fn to(port: u16) -> io::Result<Self> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map(Self)
    }

    /// `http://localhost:<port>`
    pub(crate) fn url(&self) -> io::Result<String> {
        Ok(format!("http://localhost:{}", self.0.local_addr()?.port()))
    }

    pub(crate) fn serve(self, routes: Router) -> io::Result<Serving> {
        self.run(|listener| async move {
            // axum::serve only ever ends with its task.
            let _ = axum::serve(listener, routes).await;
        })
    }

    /// Serves by what is no axum router.
    pub(crate) fn run<F>(self, server: impl FnOnce(TcpListener) -> F) -> io::Result<Serving>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let address = self.0.local_addr()?;
        let task = tokio::spawn(server(self.0));
        Ok(Serving { address, task })
    }
}

impl Serving {
    pub(crate) fn url(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}
