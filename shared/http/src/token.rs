//! Access tokens: RS256 or ES256, checked with ring.
//!
//! jsonwebtoken brings `RustCrypto` or aws-lc for its arithmetic; ring is linked already (TLS), so its two
//! verifications are plugged in here instead.

use domain::ClientId;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Header, Validation};
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use signature::Verifier;

/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 10;

/// Why a token is not believed; for the log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    /// Not three base64url parts, or a header that is none.
    #[error("the token is malformed")]
    Malformed,
    /// Signed (or not) in a way that we do not accept.
    #[error("the token's algorithm is neither RS256 nor ES256")]
    Algorithm,
    /// Names no key.
    #[error("the token names no key (`kid`)")]
    NoKeyId,
    /// Names a key that the issuer does not publish.
    #[error("the token's key is not one of the issuer's")]
    UnknownKey,
    /// Signature, issuer or times are wrong.
    #[error("the token is refused: {0}")]
    Refused(String),
    /// Names no client.
    #[error("the token names no client (`azp` or `client_id`)")]
    NoClient,
}

/// A token whose header was read; nothing in it is believed yet.
pub(crate) struct Unverified<'t> {
    text: &'t str,
    algorithm: Algorithm,
    key_id: String,
}

#[derive(Deserialize)]
struct Claims {
    azp: Option<String>,
    client_id: Option<String>,
}

impl<'t> Unverified<'t> {
    /// Reads the header.
    pub(crate) fn read(text: &'t str) -> Result<Self, TokenError> {
        install();
        let Header { alg, kid, .. } = jsonwebtoken::decode_header(text).map_err(|error| match error.kind() {
            // `none` and whatever else jsonwebtoken has no name for.
            ErrorKind::Json(_) => TokenError::Algorithm,
            _ => TokenError::Malformed,
        })?;
        if !matches!(alg, Algorithm::RS256 | Algorithm::ES256) {
            return Err(TokenError::Algorithm);
        }
        Ok(Self { text, algorithm: alg, key_id: kid.ok_or(TokenError::NoKeyId)? })
    }

    /// Whether these keys include the one it names.
    pub(crate) fn is_covered_by(&self, keys: &JwkSet) -> bool {
        self.key(keys).is_some()
    }

    fn key<'k>(&self, keys: &'k JwkSet) -> Option<&'k Jwk> {
        keys.find(&self.key_id).filter(|key| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption)))
    }

    /// Checks signature, issuer and times, and says which client it was given to.
    pub(crate) fn verify(&self, keys: &JwkSet, issuer: &str) -> Result<ClientId, TokenError> {
        let refused = |error: Error| TokenError::Refused(error.to_string());
        let key = DecodingKey::from_jwk(self.key(keys).ok_or(TokenError::UnknownKey)?).map_err(refused)?;
        let mut rules = Validation::new(self.algorithm);
        rules.leeway = LEEWAY;
        rules.validate_nbf = true;
        rules.validate_aud = false;
        rules.set_issuer(&[issuer]);
        rules.set_required_spec_claims(&["exp", "iss"]);
        let claims = jsonwebtoken::decode::<Claims>(self.text, &key, &rules).map_err(refused)?.claims;
        claims.azp.or(claims.client_id).filter(|client| !client.is_empty()).map(ClientId).ok_or(TokenError::NoClient)
    }
}

fn install() {
    static PROVIDER: CryptoProvider =
        CryptoProvider { signer_factory, verifier_factory, key_utils: KeyUtils::new_unimplemented() };
    // Only the first call in a process counts; the others find it done.
    let _ = PROVIDER.install_default();
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the provider's function type")]
fn signer_factory(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the provider's function type")]
fn verifier_factory(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    match (algorithm, key.kind()) {
        (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            Ok(Box::new(Rs256(RsaPublicKeyComponents { n: n.clone(), e: e.clone() })))
        }
        (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => Ok(Box::new(Es256(point.clone()))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct Rs256(RsaPublicKeyComponents<Vec<u8>>);

impl Verifier<Vec<u8>> for Rs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.0.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

struct Es256(Vec<u8>);

impl Verifier<Vec<u8>> for Es256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.0);
        key.verify(message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Es256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}
