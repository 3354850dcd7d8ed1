//! What can go wrong with a call, and with which.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::fault_proxy::Call;
use crate::scripted::Answer;

/// Something done at the moment of a call; to kill the caller, for one. It must not take long.
pub type Hook = Arc<dyn Fn() + Send + Sync>;

/// What happens to a call instead of being forwarded and answered.
#[derive(Clone)]
pub enum Fault {
    /// It never arrives, and the connection is closed.
    Refused,
    /// It arrives and takes effect; the connection is closed in place of its answer.
    Lost,
    /// It arrives and takes effect; its answer comes so much later. Longer than the caller waits, it is lost.
    Slow(Duration),
    /// It arrives twice, one after the other; the second answer counts.
    Twice,
    /// It never arrives: this is the answer.
    Answered(Arc<dyn Fn(&Call) -> Answer + Send + Sync>),
    /// This happens, and it never arrives.
    Before(Hook),
    /// It arrives and takes effect, then this happens, and there is no answer.
    After(Hook),
}

impl Fault {
    /// Always the same answer in place of the service's.
    #[must_use]
    pub fn answered(answer: Answer) -> Self {
        Self::Answered(Arc::new(move |_| answer.clone()))
    }

    /// A page of something on the way, which knows nothing of the service's protocol.
    #[must_use]
    pub fn page(status: u16) -> Self {
        let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
        Self::answered(Answer::new(status, &page).with("content-type", "text/html"))
    }
}

impl From<Answer> for Response<Full<Bytes>> {
    fn from(answer: Answer) -> Self {
        let mut response = Self::new(Full::from(answer.body));
        *response.status_mut() = StatusCode::from_u16(answer.status).expect("a status of HTTP");
        for (name, value) in answer.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
            response.headers_mut().append(name, HeaderValue::from_str(&value).expect("a header's value"));
        }
        response
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "Refused",
            Self::Lost => "Lost",
            Self::Slow(_) => "Slow",
            Self::Twice => "Twice",
            Self::Answered(_) => "Answered",
            Self::Before(_) => "Before",
            Self::After(_) => "After",
        })
    }
}

/// A fault and the calls that it is for: the first of all, unless said.
#[derive(Clone)]
pub struct Trouble {
    pub(super) fault: Fault,
    at: usize,
    lasts: bool,
    meant_for: Arc<dyn Fn(&Call) -> bool + Send + Sync>,
}

impl Trouble {
    /// With the first call, and once.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self { fault, at: 0, lasts: false, meant_for: Arc::new(|_| true) }
    }

    /// With the call of that index, of those that it is meant for.
    #[must_use]
    pub fn at(self, index: usize) -> Self {
        Self { at: index, ..self }
    }

    /// Meant for these calls only; others neither count nor suffer.
    #[must_use]
    pub fn of(self, calls: impl Fn(&Call) -> bool + Send + Sync + 'static) -> Self {
        Self { meant_for: Arc::new(calls), ..self }
    }

    /// With every call from the first that it meets on.
    #[must_use]
    pub fn lasting(self) -> Self {
        Self { lasts: true, ..self }
    }

    pub(super) fn is_meant_for(&self, call: &Call) -> bool {
        (self.meant_for)(call)
    }

    /// Whether it meets a call that so many came before.
    pub(super) fn strikes(&self, before: usize) -> bool {
        before == self.at || self.lasts && before > self.at
    }
}
