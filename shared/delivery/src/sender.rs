//! One request, over a connection of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::webhook::{Plain, Secret, Target};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::answer::{Answer, Attempt, Failure, Outcome, Reason, retry_after};
use crate::excerpt::excerpt;
use crate::network::{Internet, Network, addresses};
use crate::signature::sign;

/// Bytes of an answer that are read; a longer one counts by its status all the same.
const MOST_READ: usize = 64 * 1024;
/// Bytes of the status line and all header fields of an answer.
const MOST_HEAD: usize = 64 * 1024;
const USER_AGENT: &str = concat!("buyer-onboarding/", env!("CARGO_PKG_VERSION"));

/// What one attempt sends, and where.
#[derive(Clone, Copy)]
pub struct Webhook<'a> {
    /// The endpoint's URL, parsed again for this attempt.
    pub target: &'a Target,
    /// The secrets that hold, newest first: one, or two during a rotation.
    pub secrets: &'a [Secret],
    /// `evt_…`: what receivers know repeats by.
    pub event_id: &'a str,
    /// `kyc.verification_completed`
    pub event_type: &'a str,
    /// `del_…`
    pub delivery_id: &'a str,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The envelope as JSON, the very bytes that are signed.
    pub body: &'a Bytes,
    /// Now: each attempt is signed afresh.
    pub at: domain::Instant,
}

/// How long an attempt may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For name lookup, connections to all addresses, and TLS together.
    pub connect: Duration,
    /// For everything.
    pub total: Duration,
}

/// The published limits: 3 s and 10 s.
pub const LIMITS: Limits = Limits { connect: Duration::from_secs(3), total: Duration::from_secs(10) };

/// Sends webhooks. One for the process; nothing is kept from one delivery to the next, no connection and no TLS session.
pub struct Sender<N = Internet> {
    network: N,
    tls: TlsConnector,
    plain: Plain,
    limits: Limits,
}

/// The system's certificate store is missing or empty, so no receiver could be trusted.
#[derive(Debug, thiserror::Error)]
#[error("no certificate authority to trust: {0}")]
pub struct NoTrust(String);

impl Sender {
    /// Over the internet, trusting the system's certificate store, which is read here.
    ///
    /// # Errors
    /// When that store has no certificate.
    pub fn new(plain: Plain) -> Result<Self, NoTrust> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let errors: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
            return Err(NoTrust(errors.join(", ")));
        }
        Ok(Self::with(Internet, roots, plain, LIMITS))
    }
}

impl<N: Network> Sender<N> {
    /// Over this network, trusting these roots, within these limits; for tests. The filter of addresses is the same.
    ///
    /// # Panics
    /// Never: ring speaks both versions of TLS.
    pub fn with(network: N, roots: impl Into<Arc<RootCertStore>>, plain: Plain, limits: Limits) -> Self {
        let mut tls = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring speaks the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        tls.resumption = Resumption::disabled();
        Self { network, tls: TlsConnector::from(Arc::new(tls)), plain, limits }
    }

    /// Signs and sends, once. Never fails otherwise than in its outcome.
    pub async fn deliver(&self, webhook: Webhook<'_>) -> Attempt {
        let start = Instant::now();
        let outcome = self.outcome(webhook, start).await.unwrap_or_else(Outcome::Failed);
        Attempt { outcome, duration: start.elapsed() }
    }

    async fn outcome(&self, webhook: Webhook<'_>, start: Instant) -> Result<Outcome, Failure> {
        let request = request(&webhook)?;
        let end = start + self.limits.total;
        let connected_by = end.min(start + self.limits.connect);
        let late = |_| Failure::new(Reason::Timeout, format!("no connection within {:?}", self.limits.connect));
        let found = timeout_at(connected_by, addresses(&self.network, webhook.target, self.plain)).await;
        let stream = self.connect(&found.map_err(late)??, connected_by).await?;
        // Small writes go out at once; whether that can be set changes nothing else.
        let _ = stream.set_nodelay(true);
        if webhook.target.is_plain() {
            return self.exchange(stream, request, &webhook, start).await;
        }
        let name = ServerName::try_from(webhook.target.host().to_owned())
            .map_err(|error| Failure::new(Reason::Tls, error.to_string()))?;
        let stream = timeout_at(connected_by, self.tls.connect(name, stream)).await.map_err(late)?;
        let stream = stream.map_err(|error| Failure::new(Reason::Tls, error.to_string()))?;
        self.exchange(stream, request, &webhook, start).await
    }

    /// The first connection that one of the addresses takes. Each may use its share of the time that is left, so that one
    /// which swallows packets does not hide the next.
    async fn connect(&self, addresses: &[SocketAddr], by: Instant) -> Result<TcpStream, Failure> {
        let mut last = Failure::new(Reason::Connect, "no address");
        for (tried, address) in addresses.iter().enumerate() {
            let left = by.saturating_duration_since(Instant::now());
            let share = left / (addresses.len() - tried) as u32;
            match timeout_at(Instant::now() + share, self.network.connect(*address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = Failure::new(Reason::Connect, error.kind().to_string()),
                Err(_) => {
                    last = Failure::new(Reason::Timeout, format!("no connection within {:?}", self.limits.connect));
                }
            }
        }
        Err(last)
    }

    async fn exchange<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
        webhook: &Webhook<'_>,
        start: Instant,
    ) -> Result<Outcome, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let end = start + self.limits.total;
        let late = |_| Failure::new(Reason::Timeout, format!("no answer within {:?}", self.limits.total));
        let broken = |error: hyper::Error| Failure::new(Reason::Protocol, error.to_string());
        let (mut requests, connection) =
            http1::Builder::new().max_buf_size(MOST_HEAD).handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // Ends with this function, and the connection with it.
        let mut driving = JoinSet::new();
        driving.spawn(connection);
        let response = timeout_at(end, requests.send_request(request)).await.map_err(late)?.map_err(broken)?;

        let status = response.status();
        let elapsed = i64::try_from(start.elapsed().as_millis()).unwrap_or_default();
        let now = domain::Instant::from_millis(webhook.at.millis() + elapsed);
        let retry_after =
            response.headers().get("retry-after").and_then(|value| retry_after(value.to_str().ok()?, now));
        let body = beginning(response, end).await;
        let answer = Answer { status: status.as_u16(), excerpt: excerpt(&body, webhook.secrets) };
        Ok(if status.is_success() { Outcome::Delivered(answer) } else { Outcome::Refused { answer, retry_after } })
    }
}

/// The body as far as it is read: to its end, to 64 KiB, or as far as it came in time. The receiver has decided when it sent
/// the status; what it says then is for people.
async fn beginning(response: Response<Incoming>, end: Instant) -> Vec<u8> {
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Ok(Some(Ok(frame))) = timeout_at(end, body.frame()).await {
        bytes.extend_from_slice(frame.data_ref().map_or(&[], |chunk| chunk));
        if bytes.len() >= MOST_READ {
            bytes.truncate(MOST_READ);
            break;
        }
    }
    bytes
}

fn request(webhook: &Webhook<'_>) -> Result<Request<Full<Bytes>>, Failure> {
    let signature = sign(webhook.event_id, webhook.body, webhook.at, webhook.secrets);
    let mut request = Request::post(webhook.target.path_and_query())
        .header("host", webhook.target.authority())
        .header("user-agent", USER_AGENT)
        .header("accept", "*/*")
        .header("content-type", "application/json")
        .header("connection", "close")
        .header("x-novatrade-signature", signature.novatrade)
        .header("x-novatrade-event-id", webhook.event_id)
        .header("x-novatrade-event-type", webhook.event_type)
        .header("x-novatrade-delivery-id", webhook.delivery_id)
        .header("x-novatrade-attempt", webhook.attempt);
    if let Some(standard) = signature.standard {
        request = request
            .header("webhook-id", webhook.event_id)
            .header("webhook-timestamp", signature.timestamp)
            .header("webhook-signature", standard);
    }
    request.body(Full::new(webhook.body.clone())).map_err(|error| Failure::new(Reason::Protocol, error.to_string()))
}
