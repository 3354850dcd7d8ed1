//! Signing keys: RSA-2048 and P-256, made at start, never stored.
//!
//! ring signs but cannot make RSA keys, so the two primes come from
//! `crypto-primes`. (The `rsa` crate would do both, and carries an advisory
//! that would have to be excused in every audit.)

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto_bigint::{BoxedUint, ConcatenatingMul, NonZero, Resize};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256};
use serde::Deserialize;
use serde_json::{Value, json};

/// The signature algorithms of RFC 7518 that this provider speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, what Keycloak uses unless told otherwise.
    #[default]
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
}

impl Algorithm {
    /// The name as it stands in a JWT header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::ES256 => "ES256",
        }
    }
}

enum Pair {
    Rsa(Box<ring::rsa::KeyPair>),
    Ec(Box<EcdsaKeyPair>),
}

/// One key pair with its id.
pub(super) struct SigningKey {
    pub(super) kid: String,
    pair: Pair,
}

impl SigningKey {
    /// Takes about 50 ms of one core for RS256; nothing to speak of for ES256.
    pub(super) fn generate(algorithm: Algorithm) -> Self {
        let pair = match algorithm {
            Algorithm::RS256 => Pair::Rsa(Box::new(rsa_2048())),
            Algorithm::ES256 => Pair::Ec(Box::new(p256())),
        };
        Self { kid: uuid::Uuid::new_v4().simple().to_string(), pair }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Rsa(_) => Algorithm::RS256,
            Pair::Ec(_) => Algorithm::ES256,
        }
    }

    /// The raw signature as JWS wants it (fixed length for ES256).
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("a key that ring accepted signs");
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, message).expect("a key that ring made signs").as_ref().to_vec(),
        }
    }

    /// The public key as a member of a JWK set.
    pub(super) fn jwk(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.pair {
            Pair::Rsa(pair) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({
                    "kid": self.kid,
                    "kty": "RSA",
                    "alg": "RS256",
                    "use": "sig",
                    "n": encode(&public.n),
                    "e": encode(&public.e),
                })
            }
            Pair::Ec(pair) => {
                // An uncompressed point: 0x04, then x and y of 32 bytes each.
                let point = pair.public_key().as_ref();
                json!({
                    "kid": self.kid,
                    "kty": "EC",
                    "alg": "ES256",
                    "use": "sig",
                    "crv": "P-256",
                    "x": encode(&point[1..33]),
                    "y": encode(&point[33..]),
                })
            }
        }
    }
}

fn p256() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("the system has randomness");
    EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("ring reads what it wrote")
}

fn rsa_2048() -> ring::rsa::KeyPair {
    let mut primes = [prime_1024(), prime_1024()];
    primes.sort();
    let [q, p] = primes; // ring wants p > q
    let exponent = BoxedUint::from(65_537u32).resize(2048);
    let one = BoxedUint::one();
    let (p_less_1, q_less_1) = (p.wrapping_sub(&one), q.wrapping_sub(&one));
    let Some(d) = inverse(&exponent, &p_less_1.concatenating_mul(&q_less_1)) else {
        return rsa_2048(); // 65537 divides the totient, once in 32,000 tries
    };
    let components = ring::rsa::KeyPairComponents {
        public_key: ring::rsa::PublicKeyComponents { n: bytes(&p.concatenating_mul(&q)), e: bytes(&exponent) },
        d: bytes(&d),
        dP: bytes(&d.rem(&not_zero(&p_less_1))),
        dQ: bytes(&d.rem(&not_zero(&q_less_1))),
        qInv: bytes(&inverse(&q, &p).expect("two primes have no common factor")),
        p: bytes(&p),
        q: bytes(&q),
    };
    ring::rsa::KeyPair::from_components(&components).expect("the components belong together")
}

/// With the two top bits set, so that the product of two has exactly 2048 bits.
fn prime_1024() -> BoxedUint {
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, 1024, SetBits::TwoMsb).expect("1024 bits hold a prime");
    sieve_and_find(&mut UnwrapErr(SysRng), sieve, |_, candidate| is_prime(Flavor::Any, candidate))
        .expect("the sieve accepts its own settings")
        .expect("there are primes of 1024 bits")
}

fn inverse(of: &BoxedUint, modulus: &BoxedUint) -> Option<BoxedUint> {
    of.invert_mod(&not_zero(modulus)).into_option()
}

fn not_zero(modulus: &BoxedUint) -> NonZero<BoxedUint> {
    NonZero::new(modulus.clone()).expect("a prime is not zero, nor is a prime less one")
}

fn bytes(number: &BoxedUint) -> Box<[u8]> {
    number.to_be_bytes_trimmed_vartime()
}
