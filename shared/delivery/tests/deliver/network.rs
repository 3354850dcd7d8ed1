//! A network: what names mean, and where addresses lead.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use delivery::{Attempt, Limits, Network, Reason, Sender, Webhook};
use domain::webhook::{Plain, Secret, Target};
use tokio::net::TcpStream;

use crate::receiver::{Authority, Receiver};

/// A public address, at which receivers of these tests are.
pub(crate) const PUBLIC: &str = "93.184.215.14";
pub(crate) const URL: &str = "https://hooks.example.com/novatrade?shop=7";
pub(crate) const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC0jmS6p4+Gc=";
/// Short enough for a test to wait for, long enough for a machine that does other things too.
pub(crate) const SHORT: Limits =
    Limits { connect: std::time::Duration::from_millis(500), total: std::time::Duration::from_millis(1500) };

/// Where an address leads.
pub(crate) enum Route {
    To(SocketAddr),
    /// Packets vanish.
    Nowhere,
    Refused,
}

/// Names and routes; notes what is asked of it.
#[derive(Default)]
pub(crate) struct Laid {
    /// The answers of the resolver, one a lookup; the last one stays.
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    routes: Mutex<HashMap<SocketAddr, Route>>,
    looked_up: Mutex<Vec<String>>,
    dialled: Mutex<Vec<String>>,
    resolver_hangs: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Net(Arc<Laid>);

impl Net {
    /// Every name leads to these.
    pub(crate) fn answering(addresses: &[&str]) -> Self {
        Self::default().then(addresses)
    }

    /// No lookup ever ends.
    pub(crate) fn hanging() -> Self {
        Self(Arc::new(Laid { resolver_hangs: true, ..Laid::default() }))
    }

    /// The next lookup leads to these.
    pub(crate) fn then(self, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|address| address.parse().expect("an address")).collect();
        self.0.answers.lock().unwrap().push_back(addresses);
        self
    }

    pub(crate) fn route(self, address: &str, route: Route) -> Self {
        self.0.routes.lock().unwrap().insert(address.parse().expect("address and port"), route);
        self
    }

    /// The usual case: a name that leads to a public address, at which this receiver is.
    pub(crate) fn to(receiver: &Receiver) -> Self {
        Self::answering(&[PUBLIC]).route(&format!("{PUBLIC}:443"), Route::To(receiver.address))
    }

    pub(crate) fn dialled(&self) -> Vec<String> {
        self.0.dialled.lock().unwrap().clone()
    }

    pub(crate) fn lookups(&self) -> usize {
        self.0.looked_up.lock().unwrap().len()
    }

    pub(crate) fn sender(&self, authority: &Authority, limits: Limits) -> Sender<Self> {
        Sender::with(self.clone(), authority.roots(), Plain::Refused, limits)
    }
}

impl Network for Net {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.0.looked_up.lock().unwrap().push(host.to_owned());
        if self.0.resolver_hangs {
            std::future::pending::<()>().await;
        }
        let mut answers = self.0.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        answer.ok_or_else(|| io::Error::other("no such name"))
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        self.0.dialled.lock().unwrap().push(address.to_string());
        let to = match self.0.routes.lock().unwrap().get(&address) {
            Some(Route::To(to)) => Some(*to),
            Some(Route::Nowhere) => None,
            Some(Route::Refused) | None => return Err(io::ErrorKind::ConnectionRefused.into()),
        };
        match to {
            Some(to) => TcpStream::connect(to).await,
            None => std::future::pending().await,
        }
    }
}

pub(crate) fn target() -> Target {
    Target::parse(URL, Plain::Refused).expect("a target")
}

/// An ordinary webhook to this target.
pub(crate) async fn deliver<N: Network>(sender: &Sender<N>, target: &Target) -> Attempt {
    let secrets = [Secret::parse(SECRET).expect("a secret")];
    deliver_with(sender, target, &secrets).await
}

pub(crate) async fn deliver_with<N: Network>(sender: &Sender<N>, target: &Target, secrets: &[Secret]) -> Attempt {
    let body = Bytes::from_static("{\"id\":\"evt_1\",\"data\":{\"city\":\"Łódź\"}}".as_bytes());
    let webhook = Webhook {
        target,
        secrets,
        event_id: "evt_1",
        event_type: "kyc.verification_completed",
        delivery_id: "del_1",
        attempt: 3,
        body: &body,
        at: domain::Instant::from_millis(1_795_340_000_999),
    };
    sender.deliver(webhook).await
}

pub(crate) fn reason(attempt: &Attempt) -> Option<Reason> {
    match &attempt.outcome {
        delivery::Outcome::Failed(failure) => Some(failure.reason),
        _ => None,
    }
}
