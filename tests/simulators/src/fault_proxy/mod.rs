//! A proxy that breaks what goes through it, on order: the network, the service behind it, or whoever called.
//!
//! ```text
//! function ──HTTP/1.1──▶ proxy ──the same, to the byte──▶ emulator
//!                          │
//!                          └ the n-th call that matches: lost on the way there, lost on the way back, late,
//!                            answered by somebody else, sent twice, or the last one that the caller ever makes
//! ```
//!
//! It knows nothing of the service but how a [`Call`] is named, so it stands before anything that speaks HTTP; what a
//! certain service says when it refuses is made beside it ([`dynamodb`], [`s3`]). One proxy a caller, so that a fault meets
//! the caller it is meant for:
//!
//! ```text
//! let proxy = FaultProxy::start("http://localhost:4566").await?;
//! proxy.order(Trouble::new(Fault::Lost).at(1).of(|call| call.operation() == "PutItem").lasting());
//! // … the caller calls …
//! assert_eq!(proxy.struck(), 2);
//! proxy.calm();
//! ```

mod call;
pub mod dynamodb;
mod fault;
pub mod s3;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, EXPECT, TRANSFER_ENCODING};
use hyper::http::uri::{Authority, Scheme};
use hyper::{Request, Response, Uri, server::conn::http1, service::service_fn};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::serving::{Bound, Serving};

pub use call::Call;
pub use fault::{Fault, Hook, Trouble};

/// A running proxy; dropping it stops it and closes its connections.
pub struct FaultProxy {
    serving: Serving,
    inner: Arc<Inner>,
}

struct Inner {
    target: Authority,
    client: Client<HttpConnector, Full<Bytes>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    trouble: Option<Trouble>,
    /// Calls that the trouble was meant for, so far.
    matched: usize,
    /// Those of them that it met.
    struck: usize,
}

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer, by order or because there is none to be had")]
struct Closed;

impl FaultProxy {
    /// Listens on loopback, on a free port, for what is meant for `target` (`http://<host>:<port>`).
    ///
    /// # Errors
    /// When there is no port, or the target is no such address.
    pub async fn start(target: &str) -> io::Result<Self> {
        let uri: Uri = target.parse().map_err(io::Error::other)?;
        let target = uri.into_parts().authority.ok_or(io::ErrorKind::InvalidInput)?;
        let client = Client::builder(TokioExecutor::new()).build_http();
        let inner = Arc::new(Inner { target, client, state: Mutex::default() });
        let serving = Bound::to(0).await?.run({
            let inner = Arc::clone(&inner);
            |listener| accept(listener, inner)
        })?;
        Ok(Self { serving, inner })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        self.serving.url()
    }

    /// From now on there is this trouble, and no other. Its calls are counted from here.
    pub fn order(&self, trouble: Trouble) {
        let mut state = self.inner.state();
        (state.trouble, state.matched, state.struck) = (Some(trouble), 0, 0);
    }

    /// From now on everything goes through as it is.
    pub fn calm(&self) {
        self.inner.state().trouble = None;
    }

    /// How many calls met the last trouble that was ordered.
    #[must_use]
    pub fn struck(&self) -> usize {
        self.inner.state().struck
    }

    /// All calls since the last time this was asked, oldest first, troubled or not.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.inner.state().calls)
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the call; what is to happen to it, if it is not to go through as it is.
    fn fate(&self, call: &Call) -> Option<Fault> {
        let mut state = self.state();
        state.calls.push(call.clone());
        let trouble = state.trouble.as_ref().filter(|trouble| trouble.is_meant_for(call))?;
        let fault = trouble.strikes(state.matched).then(|| trouble.fault.clone());
        state.matched += 1;
        state.struck += usize::from(fault.is_some());
        fault
    }

    async fn serve(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Closed> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
        let call = Call::of(&head, body.clone());
        let request = Request::from_parts(head, Full::new(body));
        let Some(fault) = self.fate(&call) else { return self.forward(request).await };
        match fault {
            Fault::Refused => Err(Closed),
            Fault::Lost => {
                self.forward(request).await?;
                Err(Closed)
            }
            Fault::Slow(time) => {
                let answer = self.forward(request).await;
                tokio::time::sleep(time).await;
                answer
            }
            Fault::Twice => {
                self.clone().forward(request.clone()).await?;
                self.forward(request).await
            }
            Fault::Answered(answer) => Ok(answer(&call).into()),
            Fault::Before(hook) => {
                hook();
                Err(Closed)
            }
            Fault::After(hook) => {
                self.forward(request).await?;
                hook();
                Err(Closed)
            }
        }
    }

    /// Sends it on, and reads the answer whole. A task of its own: whoever asked may be gone before it is answered.
    async fn forward(self: Arc<Self>, mut request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Closed> {
        let path = request.uri().path_and_query().cloned().ok_or(Closed)?;
        let uri = Uri::builder().scheme(Scheme::HTTP).authority(self.target.clone()).path_and_query(path);
        *request.uri_mut() = uri.build().map_err(|_| Closed)?;
        // These are about the connection, which is another one from here on.
        for header in [CONNECTION, EXPECT, TRANSFER_ENCODING] {
            request.headers_mut().remove(header);
        }
        let answering = tokio::spawn(async move {
            let (mut head, body) = self.client.request(request).await.map_err(|_| Closed)?.into_parts();
            let body = body.collect().await.map_err(|_| Closed)?.to_bytes();
            for header in [CONNECTION, TRANSFER_ENCODING] {
                head.headers.remove(header);
            }
            Ok(Response::from_parts(head, Full::new(body)))
        });
        answering.await.map_err(|_| Closed)?
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    // They end with this task.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(stream, Arc::clone(&inner)));
    }
}

async fn connection(stream: TcpStream, inner: Arc<Inner>) {
    // Only costs time where it fails.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| Arc::clone(&inner).serve(request));
    // An error of the service closes the connection, which is what it is for.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
