//! Tokens: the ones clients are given, and the forged ones tests need.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::keys::{Algorithm, SigningKey};
use super::{Realm, TOKEN_LIFETIME_S};
use crate::serving::now;

/// A token to order. It starts as the token `client_id` would be given now;
/// members of `header` and `claims` replace or add, `null` takes away.
///
/// The header's `alg` decides how it is signed: `RS256` and `ES256` with the
/// published key the `kid` names, else the newest of that algorithm, else a key
/// nobody published; `HS256` with the public key as the shared secret (the
/// classic confusion attack); anything else, `none` included, not at all.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Forgery {
    /// Whose token it starts as.
    pub client_id: String,
    /// Changes to the header.
    pub header: Map<String, Value>,
    /// Changes to the claims.
    pub claims: Map<String, Value>,
    /// Signs with a key that was never published, whatever `kid` says.
    pub with_foreign_key: bool,
}

impl Realm {
    /// The token that the token endpoint hands out.
    pub(super) fn token_for(&self, client_id: &str) -> String {
        self.sign(&Forgery { client_id: client_id.to_owned(), ..Forgery::default() })
    }

    pub(super) fn sign(&self, forgery: &Forgery) -> String {
        let state = self.state();
        let current = state.keys.last().expect("a realm always has a key");
        let mut header = object(json!({"alg": current.algorithm().name(), "typ": "JWT", "kid": current.kid}));
        change(&mut header, &forgery.header);
        let mut claims = self.claims_of(&forgery.client_id);
        change(&mut claims, &forgery.claims);

        let encode = |part: &Map<String, Value>| {
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("a JSON object is serialisable"))
        };
        let message = format!("{}.{}", encode(&header), encode(&claims));
        let text = |name| header.get(name).and_then(Value::as_str);
        let of_algorithm = |algorithm: Algorithm| {
            let published = state.keys.iter().rev().filter(|key| key.algorithm() == algorithm);
            let named = published.clone().find(|key| text("kid") == Some(key.kid.as_str()));
            match named.or_else(|| published.clone().next()) {
                Some(key) if !forgery.with_foreign_key => key.sign(message.as_bytes()),
                _ => SigningKey::generate(algorithm).sign(message.as_bytes()),
            }
        };
        let signature = match text("alg") {
            Some("RS256") => of_algorithm(Algorithm::RS256),
            Some("ES256") => of_algorithm(Algorithm::ES256),
            Some("HS256") => {
                let public = current.jwk().to_string();
                let key = hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes());
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            _ => Vec::new(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// What Keycloak puts into a service account's token.
    fn claims_of(&self, client_id: &str) -> Map<String, Value> {
        let now = now().seconds();
        object(json!({
            "exp": now + TOKEN_LIFETIME_S,
            "iat": now,
            "nbf": now,
            "jti": Uuid::new_v4(),
            "iss": self.issuer,
            "aud": "account",
            // The service account's own id: stable for a client, unlike its tokens.
            "sub": Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{}/{client_id}", self.issuer).as_bytes()),
            "typ": "Bearer",
            "azp": client_id,
            "acr": "1",
            "scope": "profile email",
            "client_id": client_id,
            "preferred_username": format!("service-account-{client_id}"),
        }))
    }
}

fn change(object: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => unreachable!("only called with object literals"),
    }
}
