//! Which faults strike which calls, and for how long.

use blackbox::Direct;
use simulators::fault_proxy::{Call, s3};

use crate::bucket_faults::BUCKET_FAULTS;
use crate::faults::{FAULTS, NamedFault};

/// One fault with one call.
#[derive(Clone, Copy)]
pub(crate) struct Struck {
    pub(crate) fault: &'static NamedFault,
    pub(crate) index: usize,
    /// Until the end of the invocation, instead of once.
    pub(crate) lasting: bool,
}

/// What can go wrong with a call, of whichever service it is.
fn faults_of(call: &Call) -> impl Iterator<Item = &'static NamedFault> + '_ {
    let of_all = FAULTS.iter().filter(|fault| fault.kills() || !s3::is_of(call));
    BUCKET_FAULTS.iter().chain(of_all).filter(|fault| fault.of.includes(call))
}

/// Refusals that are another one in other words: tried where they last, with one request of each kind.
const IN_OTHER_WORDS: [&str; 7] = [
    "a page of status 503",
    "a page of status 500",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "InternalError",
    "a page of status 503 for a bucket",
    "a page of status 500 for a bucket",
];

/// Every fault with every call from that one on, once and lasting.
pub(crate) fn all_of(calls: &[Call], from: usize, in_all_words: bool) -> Vec<Struck> {
    let mut all = Vec::new();
    for (index, call) in calls.iter().enumerate().skip(from) {
        for fault in faults_of(call) {
            let is_first = !IN_OTHER_WORDS.contains(&fault.name);
            let lasting = (in_all_words || is_first) && !fault.kills();
            let lengths =
                [(true, lasting), (false, is_first)].into_iter().filter_map(|(length, is)| is.then_some(length));
            all.extend(lengths.map(|lasting| Struck { fault, index, lasting }));
        }
    }
    all.sort_by_key(Struck::patience);
    all
}

impl Struck {
    /// Those come first that take longest.
    pub(crate) fn patience(&self) -> (bool, bool) {
        (!self.lasting, !self.fault.name.contains("slow"))
    }

    /// From now on it goes wrong.
    pub(crate) fn order(self, calls: &[Call], function: &Direct) {
        let trouble = self.fault.at(self.index, calls, function);
        function.proxy.order(if self.lasting { trouble.lasting() } else { trouble });
    }

    /// For people.
    pub(crate) fn name(&self, calls: &[Call]) -> String {
        let operations: Vec<_> = calls.iter().map(Call::operation).collect();
        let length = if self.lasting { "and all after it" } else { "once" };
        format!("{} at call {} {length} of {operations:?}", self.fault.name, self.index)
    }
}
