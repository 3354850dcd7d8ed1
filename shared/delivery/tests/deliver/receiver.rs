//! A receiver: a TLS server on loopback that answers byte by byte what a test says, and counts.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto, version};

/// Who signs the certificates of a test.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), certificate: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        roots
    }

    /// A server's side of TLS, with a certificate of this name.
    fn server(&self, name: &str, expired: bool, old: bool) -> TlsAcceptor {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if expired {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let versions = if old { vec![&version::TLS12] } else { vec![&version::TLS13, &version::TLS12] };
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_protocol_versions(&versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// What a receiver does with a request.
#[derive(Clone)]
pub(crate) enum Script {
    /// Sends this and ends the connection.
    Answer(Vec<u8>),
    /// Sends this and then nothing more.
    AnswerAndHang(Vec<u8>),
    /// Sends this over and over.
    Repeat(Vec<u8>, Vec<u8>),
    /// Sends one of these bytes every 20 ms.
    Drip(Vec<u8>),
}

/// How a receiver speaks TLS.
#[derive(Clone, Copy)]
pub(crate) enum Tls {
    Good,
    /// TLS 1.2 and nothing newer.
    Old,
    Expired,
    /// Takes the connection and never speaks.
    Silent,
    /// Answers a handshake in plain text.
    Rude,
    /// None: http.
    Plain,
}

/// A running receiver; dropping it ends it.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// With a good certificate for `hooks.example.com`.
    pub(crate) async fn start(authority: &Authority, script: Script) -> Self {
        Self::with(authority, "hooks.example.com", Tls::Good, script).await
    }

    pub(crate) async fn with(authority: &Authority, name: &str, tls: Tls, script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = authority.server(name, matches!(tls, Tls::Expired), matches!(tls, Tls::Old));
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::<Mutex<Vec<String>>>::default());
        let (counted, seen) = (Arc::clone(&connections), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (acceptor, script, seen) = (acceptor.clone(), script.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    match tls {
                        Tls::Silent => drop((stream, std::future::pending::<()>().await)),
                        Tls::Rude => drop(stream.write_all(&answer("400 Bad Request", "", "")).await),
                        Tls::Plain => serve(stream, &script, &seen).await,
                        Tls::Good | Tls::Old | Tls::Expired => {
                            let Ok(stream) = acceptor.accept(stream).await else { return };
                            serve(stream, &script, &seen).await;
                        }
                    }
                });
            }
        });
        Self { address, connections, requests, task }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Heads and bodies as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, script: &Script, seen: &Mutex<Vec<String>>) {
    let Some(request) = read(&mut stream).await else { return };
    seen.lock().unwrap().push(request);
    match script {
        Script::Answer(answer) => {
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
        Script::AnswerAndHang(answer) => {
            let _ = stream.write_all(answer).await;
            let _ = stream.flush().await;
            std::future::pending::<()>().await;
        }
        Script::Repeat(first, again) => {
            let _ = stream.write_all(first).await;
            while stream.write_all(again).await.is_ok() {}
        }
        Script::Drip(answer) => {
            for byte in answer {
                if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// One request with the body that its `content-length` promises.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        if bytes.len() >= head.len() + 4 + length.unwrap_or(0) {
            return Some(text.into_owned());
        }
    }
}

/// A whole answer.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A receiver that takes everything.
pub(crate) fn ok() -> Script {
    Script::Answer(answer("200 OK", "", "thanks"))
}
