//! Signing keys: RSA-2048 and P-256, made at start, never stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::rsa_key;

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
    ring::rsa::KeyPair::from_components(&rsa_key::generate()).expect("the components belong together")
}
