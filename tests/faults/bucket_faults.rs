//! Everything that can go wrong with a call of a bucket.

use std::time::Duration;

use blackbox::Direct;
use simulators::fault_proxy::{Call, Fault, s3};

use crate::faults::{FAULTS, NamedFault, Victim, fault};

/// Longer than a client of ours waits for a bucket: see `shared/objects/src/lib.rs`.
const TOO_LONG: Duration = Duration::from_millis(6_500);

/// The slowest first.
const BUCKET_FAULTS: [NamedFault; 8] = [
    fault("a slow bucket", Victim::Bucket, |_| Fault::Slow(TOO_LONG)),
    fault("a bucket's answer lost", Victim::Bucket, |_| Fault::Lost),
    fault("a bucket out of reach", Victim::Bucket, |_| Fault::Refused),
    fault("SlowDown", Victim::Bucket, |_| s3::refused(503, "SlowDown")),
    fault("InternalError", Victim::Bucket, |_| s3::refused(500, "InternalError")),
    fault("a page of status 503 for a bucket", Victim::Bucket, |_| Fault::page(503)),
    fault("a page of status 500 for a bucket", Victim::Bucket, |_| Fault::page(500)),
    fault("sent to a bucket twice", Victim::Bucket, |_| Fault::Twice),
];

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

/// Every fault with every call from that one on, once and lasting; the lasting ones first, as they take longest.
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
    all.sort_by_key(|struck| (!struck.lasting, !struck.fault.name.contains("slow")));
    all
}

impl Struck {
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
