//! The identity provider: one realm, its discovery document, client credentials,
//! signing keys that rotate.
//!
//! Answers have the form Keycloak gives them, because the published API names a
//! Keycloak realm. Keys live as long as the process: after a restart old tokens
//! are refused, as after a rotation without overlap.
//!
//! Everything a test does to it goes through a method on [`IdentityProvider`] or,
//! from another process, the same call over HTTP:
//!
//! | call | body | effect |
//! |---|---|---|
//! | `POST /_simulator/add-secret` | `{clientId, secret}` | the client exists and this secret works, beside its others |
//! | `POST /_simulator/remove-secret` | `{clientId, secret}` | this one stops working |
//! | `POST /_simulator/remove-client` | `{clientId}` | gone with all secrets |
//! | `POST /_simulator/rotate-keys` | `{algorithm?: RS256\|ES256, overlap?: bool}` | a new key signs; the old ones stay published unless `overlap` is false; answers `{kid}` |
//! | `POST /_simulator/retire-old-keys` | | only the signing key stays published |
//! | `POST /_simulator/down`, `/up` | | every realm URL answers 503, or works again |
//! | `POST /_simulator/sign` | [`Forgery`] | answers `{token}`, as forged as asked |
//! | `GET /_simulator/jwks-requests` | | `{count}` of key sets served since start |

mod keys;
mod realm;
mod simulator_calls;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;

use crate::serving::{Bound, Serving};
use keys::SigningKey;

pub use keys::Algorithm;
pub use tokens::Forgery;

/// The realm of the published API.
pub const REALM_PATH: &str = "/realms/nt24-idp";

/// Seconds a token lives.
pub const TOKEN_LIFETIME_S: i64 = 300;

/// A running provider; dropping it stops it.
pub struct IdentityProvider {
    serving: Serving,
    realm: Arc<Realm>,
}

/// What the realm knows, shared by its own endpoints and the simulator calls.
struct Realm {
    issuer: String,
    state: Mutex<State>,
}

struct State {
    /// Published keys; the last one signs.
    keys: Vec<SigningKey>,
    /// Client id to the secrets that work. No Debug anywhere near it.
    clients: BTreeMap<String, BTreeSet<String>>,
    key_sets_served: u64,
    down: bool,
}

impl IdentityProvider {
    /// Listens on loopback, on a free port for 0, with one RS256 key and no clients.
    ///
    /// # Errors
    /// When the port is taken.
    ///
    /// # Panics
    /// Only on a bug.
    pub async fn start(port: u16) -> io::Result<Self> {
        let bound = Bound::to(port).await?;
        let key = new_key(Algorithm::default()).await;
        let state = State { keys: vec![key], clients: BTreeMap::new(), key_sets_served: 0, down: false };
        let issuer = bound.url()? + REALM_PATH;
        let realm = Arc::new(Realm { issuer, state: Mutex::new(state) });
        let routes = Router::new()
            .nest(REALM_PATH, realm::routes(&realm))
            .nest("/_simulator", simulator_calls::routes())
            .with_state(Arc::clone(&realm));
        Ok(Self { serving: bound.serve(routes)?, realm })
    }

    /// The server's own address, without the realm.
    #[must_use]
    pub fn url(&self) -> String {
        self.serving.url()
    }

    /// The `iss` of its tokens, and the base of its discovery document.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.realm.issuer
    }

    /// Where tokens are fetched.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.realm.token_url()
    }

    /// Makes the client if it is new; older secrets keep working beside this one.
    pub fn add_secret(&self, client_id: &str, secret: &str) {
        self.realm.add_secret(client_id.to_owned(), secret.to_owned());
    }

    /// This secret stops working; the client stays, even with none left.
    pub fn remove_secret(&self, client_id: &str, secret: &str) {
        self.realm.remove_secret(client_id, secret);
    }

    /// No token for this client any more; those already out live on, as with a real provider.
    pub fn remove_client(&self, client_id: &str) {
        self.realm.state().clients.remove(client_id);
    }

    /// A new key signs from here on; answers its `kid`. With `overlap` the old
    /// keys stay published, without it their tokens can no longer be verified.
    pub async fn rotate_keys(&self, algorithm: Algorithm, overlap: bool) -> String {
        self.realm.rotate_keys(algorithm, overlap).await
    }

    /// Ends the overlap: only the signing key stays published.
    pub fn retire_old_keys(&self) {
        self.realm.retire_old_keys();
    }

    /// How often the key set was served.
    #[must_use]
    pub fn jwks_requests(&self) -> u64 {
        self.realm.state().key_sets_served
    }

    /// While down every realm URL answers 503.
    pub fn set_down(&self, down: bool) {
        self.realm.state().down = down;
    }

    /// A token of any kind, good or forged.
    #[must_use]
    pub fn sign(&self, forgery: &Forgery) -> String {
        self.realm.sign(forgery)
    }
}

impl Realm {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token_url(&self) -> String {
        format!("{}/protocol/openid-connect/token", self.issuer)
    }

    fn add_secret(&self, client_id: String, secret: String) {
        self.state().clients.entry(client_id).or_default().insert(secret);
    }

    fn remove_secret(&self, client_id: &str, secret: &str) {
        if let Some(secrets) = self.state().clients.get_mut(client_id) {
            secrets.remove(secret);
        }
    }

    async fn rotate_keys(&self, algorithm: Algorithm, overlap: bool) -> String {
        let key = new_key(algorithm).await;
        let kid = key.kid.clone();
        let keys = &mut self.state().keys;
        if !overlap {
            keys.clear();
        }
        keys.push(key);
        kid
    }

    fn retire_old_keys(&self) {
        let keys = &mut self.state().keys;
        keys.drain(..keys.len() - 1);
    }
}

/// Off the runtime's thread: finding two primes takes a moment.
async fn new_key(algorithm: Algorithm) -> SigningKey {
    tokio::task::spawn_blocking(move || SigningKey::generate(algorithm)).await.expect("making a key does not panic")
}

#[cfg(test)]
mod tests;
