//! Which certificates are trusted, and the HTTP client that trusts them.

use std::time::Duration;
use std::{env, fs};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};

/// The roots that AWS services chain to: <https://www.amazontrust.com/repository/>.
const AMAZON: [&[u8]; 5] = [
    include_bytes!("roots/Amazon_Root_CA_1.pem"),
    include_bytes!("roots/Amazon_Root_CA_2.pem"),
    include_bytes!("roots/Amazon_Root_CA_3.pem"),
    include_bytes!("roots/Amazon_Root_CA_4.pem"),
    include_bytes!("roots/Starfield_Services_Root_G2.pem"),
];

/// The Amazon roots, or the file that `AWS_CA_BUNDLE` names.
pub(crate) fn aws_roots() -> TrustStore {
    match env::var_os("AWS_CA_BUNDLE").and_then(|path| fs::read(path).ok()) {
        Some(bundle) => TrustStore::empty().with_pem_certificate(bundle),
        None => AMAZON.iter().fold(TrustStore::empty(), |store, pem| store.with_pem_certificate(*pem)),
    }
}

/// The system's store.
pub(crate) fn system_roots() -> TrustStore {
    TrustStore::empty().with_native_roots(true)
}

/// A pooling client for SDKs.
pub(crate) fn client(trust: TrustStore) -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context(trust)).build_https()
}

/// Makes a connection for each request, within 3 s; for requests that are not AWS's.
pub(crate) fn connector(trust: TrustStore) -> Connector {
    let limits = HttpConnectorSettings::builder().connect_timeout(Duration::from_secs(3)).build();
    Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context(trust))
        .connector_settings(limits)
        .sleep_impl(TokioSleep::new())
        .pool_max_idle_per_host(0)
        .build()
}

fn context(trust: TrustStore) -> TlsContext {
    TlsContext::builder().with_trust_store(trust).build().expect("a trust store alone is a valid TLS context")
}
