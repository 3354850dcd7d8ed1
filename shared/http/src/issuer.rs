//! The issuer's public keys, so that a request is verified without asking anyone.
//!
//! In memory; from the copy in the table on a cold start; from the issuer itself when a token names a key
//! that is not known (at most every 30 s) or the keys are older than ten minutes. While the issuer is
//! down, known keys stay usable, and one request in 30 s waits up to 3 s for it.

use std::sync::Mutex;
use std::time::Duration;

use aws::{Fetch, FetchError};
use domain::{ClientId, Instant};
use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use storage::{IssuerKeys, KeysCopy};
use tracing::warn;

use crate::Problem;
use crate::token::Unverified;

/// Age in seconds from which keys are asked for again, so that a withdrawn key stops working.
const FRESH_SECONDS: i64 = 600;
/// Seconds between two requests to the issuer, whatever tokens say.
const PAUSE_SECONDS: i64 = 30;
/// Most time for each of the two documents.
const TIME_LIMIT: Duration = Duration::from_millis(1500);

/// The issuer whose tokens are believed.
pub(crate) struct Issuer {
    url: String,
    store: IssuerKeys,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Option<JwkSet>,
    fetched_at: Option<Instant>,
    asked_at: Option<Instant>,
}

#[derive(Deserialize)]
struct Discovery {
    jwks_uri: String,
}

#[derive(Debug, thiserror::Error)]
enum NoKeys {
    #[error("the issuer's {0} could not be fetched: {1}")]
    Fetch(&'static str, FetchError),
    #[error("the issuer's {0} cannot be read")]
    Unreadable(&'static str),
    #[error("the issuer did not answer when it was asked less than {PAUSE_SECONDS} s ago")]
    AskedInVain,
}

impl Issuer {
    /// With the copy of its keys, if there is one.
    pub(crate) fn new(url: &str, store: IssuerKeys, copy: Option<KeysCopy>) -> Self {
        let mut known = Known::default();
        if let Some(copy) = copy {
            known.fetched_at = Some(copy.fetched_at);
            known.keys = serde_json::from_str(&copy.jwks).ok();
        }
        Self { url: url.to_owned(), store, known: Mutex::new(known) }
    }

    /// The client that the token was given to.
    pub(crate) async fn client(&self, token: &str, now: Instant) -> Result<ClientId, Problem> {
        let token = Unverified::read(token).map_err(Problem::invalid_token)?;
        if let Err(no_keys) = self.refresh(&token, now).await {
            // Only a token that cannot be judged without the issuer suffers from its absence.
            if !self.covers(&token) {
                return Err(Problem::unavailable(no_keys));
            }
            if !matches!(no_keys, NoKeys::AskedInVain) {
                warn!(cause = %no_keys, "The issuer's keys could not be refreshed; the known ones are used on");
            }
        }
        let known = self.known.lock().expect("no panic while locked");
        let keys = known.keys.as_ref().ok_or_else(|| Problem::unavailable("the issuer's keys are not known yet"))?;
        token.verify(keys, &self.url).map_err(Problem::invalid_token)
    }

    fn covers(&self, token: &Unverified<'_>) -> bool {
        self.known.lock().expect("no panic while locked").keys.as_ref().is_some_and(|keys| token.is_covered_by(keys))
    }

    /// Fetches the keys if the token needs it or time has come, and keeps a copy for cold starts.
    async fn refresh(&self, token: &Unverified<'_>, now: Instant) -> Result<(), NoKeys> {
        {
            let mut known = self.known.lock().expect("no panic while locked");
            let fresh = known.fetched_at.is_some_and(|at| now < at.plus_seconds(FRESH_SECONDS));
            let covered = known.keys.as_ref().is_some_and(|keys| token.is_covered_by(keys));
            let asked_lately = known.asked_at.is_some_and(|at| now < at.plus_seconds(PAUSE_SECONDS));
            if fresh && covered {
                return Ok(());
            }
            if asked_lately {
                let in_vain = known.fetched_at < known.asked_at;
                return if in_vain { Err(NoKeys::AskedInVain) } else { Ok(()) };
            }
            known.asked_at = Some(now);
        }
        let jwks = self.fetch().await?;
        let keys = serde_json::from_str(&jwks).map_err(|_| NoKeys::Unreadable("keys"))?;
        {
            let mut known = self.known.lock().expect("no panic while locked");
            known.keys = Some(keys);
            known.fetched_at = Some(now);
        }
        if let Err(cause) = self.store.keep(&self.url, &KeysCopy { jwks, fetched_at: now }).await {
            warn!(%cause, "The copy of the issuer's keys could not be kept");
        }
        Ok(())
    }

    async fn fetch(&self) -> Result<String, NoKeys> {
        let fetch = Fetch::within(TIME_LIMIT);
        let address = format!("{}/.well-known/openid-configuration", self.url.trim_end_matches('/'));
        let discovery = fetch.get(&address).await.map_err(|error| NoKeys::Fetch("configuration", error))?;
        let discovery: Discovery =
            serde_json::from_slice(&discovery).map_err(|_| NoKeys::Unreadable("configuration"))?;
        let jwks = fetch.get(&discovery.jwks_uri).await.map_err(|error| NoKeys::Fetch("keys", error))?;
        String::from_utf8(jwks).map_err(|_| NoKeys::Unreadable("keys"))
    }
}
