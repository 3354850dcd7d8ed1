//! A certificate chain like the one AWS endpoints present: root, intermediate
//! and server, all RSA-2048, so that a handshake costs what it costs there.
//!
//! All three share one key: verifying a signature takes the same time whoever
//! made it. ring cannot make RSA keys; the primes come from `crypto-primes`,
//! and what is left is arithmetic and eight integers in DER.

use anyhow::Context;
use crypto_bigint::{BoxedUint, ConcatenatingMul, NonZero, Resize};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
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
        let private = rsa_2048().context("make an RSA key")?;
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

/// A new key as PKCS #8; `None` is as likely as a broken random source.
fn rsa_2048() -> Option<Vec<u8>> {
    let (p, q) = (prime_1024()?, prime_1024()?);
    let (p, q) = if p > q { (p, q) } else { (q, p) };
    let e = BoxedUint::from(65_537_u32);
    let one = BoxedUint::one();
    let (p_less_1, q_less_1) = (p.wrapping_sub(&one), q.wrapping_sub(&one));
    let totient = p_less_1.concatenating_mul(&q_less_1);
    // 65537 divides the totient once in 32,000 tries.
    let Some(d) = inverse(&(&e).resize(2048), &totient) else { return rsa_2048() };
    let d_mod = |modulus: BoxedUint| Some(d.rem(&NonZero::new(modulus).into_option()?));
    let integers = [
        BoxedUint::zero(), // version
        p.concatenating_mul(&q),
        e,
        d.clone(),
        p.clone(),
        q.clone(),
        d_mod(p_less_1)?,
        d_mod(q_less_1)?,
        inverse(&q, &p)?,
    ];
    let private: Vec<u8> = integers.iter().flat_map(integer).collect();
    // PrivateKeyInfo (RFC 5208): version 0, rsaEncryption with no parameters, RSAPrivateKey (RFC 8017, A.1.2).
    let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let content = [b"\x02\x01\x00", &algorithm[..], &element(4, &element(0x30, &private))].concat();
    Some(element(0x30, &content))
}

/// With the two top bits set, so that the product of two has exactly 2048 bits.
fn prime_1024() -> Option<BoxedUint> {
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, 1024, SetBits::TwoMsb).ok()?;
    sieve_and_find(&mut UnwrapErr(SysRng), sieve, |_, candidate| is_prime(Flavor::Any, candidate)).ok()?
}

fn inverse(of: &BoxedUint, modulus: &BoxedUint) -> Option<BoxedUint> {
    of.invert_mod(&NonZero::new(modulus.clone()).into_option()?).into_option()
}

/// A DER integer: a leading zero keeps it positive.
fn integer(number: &BoxedUint) -> Vec<u8> {
    let mut bytes = number.to_be_bytes_trimmed_vartime().into_vec();
    if bytes.first().is_none_or(|first| first & 0x80 != 0) {
        bytes.insert(0, 0);
    }
    element(2, &bytes)
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
