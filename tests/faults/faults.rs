//! Everything that can go wrong with a call of a function.

use std::time::Duration;

use blackbox::Direct;
use simulators::fault_proxy::{Call, Fault, Trouble, dynamodb, s3};

/// Longer than a client of ours waits for an answer: see `shared/aws/src/lib.rs`.
const TOO_LONG: Duration = Duration::from_millis(2_500);

/// A fault with a name.
pub(crate) struct NamedFault {
    pub(crate) name: &'static str,
    pub(crate) of: Victim,
    make: fn(&Direct) -> Fault,
}

/// What a fault can happen to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    /// Any call, once or until the end.
    Call,
    /// The same, but only to transactions.
    Transaction,
    /// The same, but only to calls of a bucket.
    Bucket,
    /// The function itself, with any call. It does not happen twice.
    Function,
}

pub(crate) const fn fault(name: &'static str, of: Victim, make: fn(&Direct) -> Fault) -> NamedFault {
    NamedFault { name, of, make }
}

/// The slowest first.
pub(crate) const FAULTS: [NamedFault; 15] = [
    fault("slow", Victim::Call, |_| Fault::Slow(TOO_LONG)),
    fault("lost", Victim::Call, |_| Fault::Lost),
    fault("refused", Victim::Call, |_| Fault::Refused),
    fault("InternalServerError", Victim::Call, |_| dynamodb::internal_error()),
    fault("a page of status 503", Victim::Call, |_| Fault::page(503)),
    fault("a page of status 500", Victim::Call, |_| Fault::page(500)),
    fault("ProvisionedThroughputExceeded", Victim::Call, |_| {
        dynamodb::throttled("ProvisionedThroughputExceededException")
    }),
    fault("ThrottlingException", Victim::Call, |_| dynamodb::throttled("ThrottlingException")),
    fault("RequestLimitExceeded", Victim::Call, |_| dynamodb::throttled("RequestLimitExceeded")),
    fault("TransactionInProgress", Victim::Transaction, |_| dynamodb::in_progress()),
    fault("TransactionConflict", Victim::Transaction, |_| dynamodb::conflict()),
    fault("TransactionConflict beside a condition", Victim::Transaction, |_| dynamodb::conflict_beside_condition()),
    fault("sent twice", Victim::Call, |_| Fault::Twice),
    fault("killed before", Victim::Function, Direct::killed_before),
    fault("killed after", Victim::Function, Direct::killed_after),
];

impl NamedFault {
    /// Whether it kills the function.
    pub(crate) fn kills(&self) -> bool {
        self.of == Victim::Function
    }

    /// With the call of that index, of those that `calls` says there will be.
    pub(crate) fn at(&self, index: usize, calls: &[Call], function: &Direct) -> Trouble {
        let of = self.of;
        let before = calls[..index].iter().filter(|call| of.includes(call)).count();
        Trouble::new((self.make)(function)).at(before).of(move |call| of.includes(call))
    }
}

impl Victim {
    /// Whether a call is one of these.
    pub(crate) fn includes(self, call: &Call) -> bool {
        match self {
            Self::Transaction => dynamodb::is_transaction(call),
            Self::Bucket => s3::is_of(call),
            Self::Call | Self::Function => true,
        }
    }
}
