//! A certificate chain like the one AWS endpoints present: root, intermediate
//! and server, all RSA-2048, so that a handshake costs what it costs there.
//!
//! All three share one key: verifying a signature takes the same time whoever
//! made it.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use ring::rsa::KeyPairComponents;
use simulators::rsa_key;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What a TLS server needs, and what its clients have to trust.
pub(crate) struct Chain {
    /// Server certificate, then intermediate.
    pub(crate) presented: Vec<CertificateDer<'static>>,
    /// The server's key.
    pub(crate) key: PrivateKeyDer<'static>,
    /// The root, for `AWS_CA_BUNDLE`.
    pub(crate) root_pem: String,
}

impl Chain {
    /// For `localhost`. Takes about 0.1 s optimised.
    pub(crate) fn make() -> anyhow::Result<Self> {
        let private = pkcs8(&rsa_key::generate());
        let key = || KeyPair::try_from(&PrivatePkcs8KeyDer::from(&*private));

        let root = authority("Bench Root CA", BasicConstraints::Unconstrained)?;
        let root_pem = root.self_signed(&key()?)?.pem();
        let root = Issuer::new(root, key()?);

        let intermediate = authority("Bench RSA 2048 M01", BasicConstraints::Constrained(0))?;
        let intermediate_der = intermediate.signed_by(&key()?, &root)?.der().clone();
        let intermediate = Issuer::new(intermediate, key()?);

        let server = CertificateParams::new(["localhost".to_owned()])?;
        let server_der = server.signed_by(&key()?, &intermediate)?.der().clone();

        let key = PrivateKeyDer::Pkcs8(private.clone().into());
        Ok(Self { presented: vec![server_der, intermediate_der], key, root_pem })
    }
}

fn authority(name: &str, constraints: BasicConstraints) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new([])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// The key as PKCS #8, which rcgen and rustls read.
fn pkcs8(key: &KeyPairComponents<Box<[u8]>>) -> Vec<u8> {
    let KeyPairComponents { public_key, d, p, q, dP, dQ, qInv } = key;
    let integers = [&[0][..], &public_key.n, &public_key.e, d, p, q, dP, dQ, qInv];
    let private: Vec<u8> = integers.into_iter().flat_map(integer).collect();
    // PrivateKeyInfo (RFC 5208): version 0, rsaEncryption with no parameters, RSAPrivateKey (RFC 8017, A.1.2).
    let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let content = [b"\x02\x01\x00", &algorithm[..], &element(4, &element(0x30, &private))].concat();
    element(0x30, &content)
}

/// A DER integer: a leading zero keeps it positive.
fn integer(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if number.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
    element(2, &[sign, number].concat())
}

/// A DER element of at most 65,535 bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).expect("keys are smaller").to_be_bytes();
    let head = match (high, low) {
        (0, short @ 0..=127) => vec![tag, short],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head, content].concat()
}
