//! Who calls, and whether he may: client → organisation → DPA → rate limit → seller → capability.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use domain::{Actor, Capability, Category, ClientId, Instant, Organisation, OrganisationId, Seller, SellerId};
use storage::{Callers, Limits};
use tracing::Span;
use tracing::field::display;

use crate::Problem;
use crate::limits::{self, Standing};

/// How long what was read about a caller is believed, in seconds. With it a revocation is effective after
/// at most 60 s.
const BELIEVED_SECONDS: i64 = 50;
/// Most entries a cache holds before it starts anew; far more than one function sees in a minute.
const MOST: usize = 1_000;

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The API client.
    pub client: ClientId,
    /// Its organisation.
    pub organisation: Arc<Organisation>,
    /// The seller of the path, when the path has one; the organisation acts for it.
    pub seller: Option<Arc<Seller>>,
}

impl Caller {
    /// Refuses unless the organisation has the capability.
    ///
    /// # Errors
    /// 403 `capability-required`.
    pub fn needs(&self, capability: Capability) -> Result<(), Problem> {
        let granted = self.organisation.capabilities.has(capability);
        if granted { Ok(()) } else { Err(Problem::capability_required(capability)) }
    }

    /// As the author of a change.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Client { organisation: self.organisation.uuid, client: self.client.clone() }
    }
}

/// What is asked about a caller.
pub(crate) struct Asked {
    /// The client its token names.
    pub(crate) client: ClientId,
    /// Whether the route belongs to a seller.
    pub(crate) of_a_seller: bool,
    /// The seller of the path, when it is an id at all.
    pub(crate) seller: Option<SellerId>,
    /// Whether the DPA must be accepted.
    pub(crate) dpa: bool,
    /// What the route needs.
    pub(crate) capability: Option<Capability>,
    /// What the request is counted as.
    pub(crate) category: Category,
    pub(crate) at: Instant,
}

/// Reads about callers at most once in 50 s each.
pub(crate) struct Gate {
    store: Callers,
    limits: Limits,
    required_dpa: String,
    clients: Cache<ClientId, OrganisationId>,
    organisations: Cache<OrganisationId, Arc<Organisation>>,
    sellers: Cache<(OrganisationId, SellerId), Arc<Seller>>,
}

impl Gate {
    pub(crate) fn new(store: Callers, limits: Limits, required_dpa: String) -> Self {
        Self {
            store,
            limits,
            required_dpa,
            clients: Cache::default(),
            organisations: Cache::default(),
            sellers: Cache::default(),
        }
    }

    /// Lets the caller in, or says why not, in the promised order. Every request of a known caller counts, so that each
    /// answer can say how he stands.
    pub(crate) async fn admit(&self, asked: Asked, standing: &Standing) -> Result<Caller, Problem> {
        let Asked { client, of_a_seller, seller, dpa, capability, category, at } = asked;
        let (organisation, acts_for) = self.look_up(&client, seller, at).await?;
        Span::current().record("organisation", display(organisation.uuid));
        let allowance = limits::count(&self.limits, &organisation, category, at, standing).await;
        let dpa_standing = organisation.dpa_standing(&self.required_dpa, at);
        if dpa && !dpa_standing.allows() {
            return Err(Problem::dpa_not_accepted(dpa_standing, &self.required_dpa));
        }
        if !allowance.admitted {
            return Err(Problem::rate_limited(category, allowance, at));
        }
        if of_a_seller && acts_for.is_none() {
            return Err(Problem::foreign_seller());
        }
        let caller = Caller { client, organisation, seller: acts_for };
        capability.map_or(Ok(()), |capability| caller.needs(capability))?;
        Ok(caller)
    }

    async fn look_up(
        &self,
        client: &ClientId,
        seller: Option<SellerId>,
        at: Instant,
    ) -> Result<(Arc<Organisation>, Option<Arc<Seller>>), Problem> {
        let unknown = || Problem::invalid_token("the client is not known, or was revoked");
        let id = if let Some(id) = self.clients.get(client, at) {
            id
        } else {
            let id = self.store.organisation_of(client).await?.ok_or_else(unknown)?;
            self.clients.put(client.clone(), id, at);
            id
        };
        let known = self.organisations.get(&id, at);
        let acts_for = seller.and_then(|seller| self.sellers.get(&(id, seller), at));
        match known {
            Some(organisation) if seller.is_none() || acts_for.is_some() => Ok((organisation, acts_for)),
            _ => {
                let membership = self.store.membership(id, seller).await?.ok_or_else(unknown)?;
                let organisation = Arc::new(membership.organisation);
                self.organisations.put(id, organisation.clone(), at);
                let acts_for = membership.seller.map(Arc::new);
                if let Some(seller) = &acts_for {
                    self.sellers.put((id, seller.uuid), seller.clone(), at);
                }
                Ok((organisation, acts_for))
            }
        }
    }
}

struct Cache<K, V>(Mutex<HashMap<K, (Instant, V)>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Hash + Eq, V: Clone> Cache<K, V> {
    fn get(&self, key: &K, now: Instant) -> Option<V> {
        let entries = self.0.lock().expect("no panic while locked");
        let (read_at, value) = entries.get(key)?;
        (now < read_at.plus_seconds(BELIEVED_SECONDS)).then(|| value.clone())
    }

    fn put(&self, key: K, value: V, now: Instant) {
        let mut entries = self.0.lock().expect("no panic while locked");
        if entries.len() >= MOST {
            entries.clear();
        }
        entries.insert(key, (now, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_believed_for_fifty_seconds() {
        let cache = Cache::default();
        let read = Instant::from_millis(0);
        cache.put("client", 1, read);
        assert_eq!(cache.get(&"client", read.plus_seconds(49)), Some(1));
        assert_eq!(cache.get(&"client", read.plus_seconds(50)), None);
    }
}
