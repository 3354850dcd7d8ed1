//! Everything that can go wrong with a call of a function.

use std::time::Duration;

use blackbox::Direct;
use simulators::fault_proxy::{Call, Fault, Trouble, dynamodb};

/// Longer than a client of ours waits for an answer: see `shared/aws/src/lib.rs`.
const TOO_LONG: Duration = Duration::from_millis(2_500);

/// A fault with a name.
pub(crate) struct NamedFault {
    pub(crate) name: &'static str,
    make: fn(&Direct) -> Fault,
    /// What it can happen to.
    of: fn(&Call) -> bool,
    /// Whether it kills the function, which cannot happen twice.
    pub(crate) kills: bool,
}

const fn anywhere(name: &'static str, make: fn(&Direct) -> Fault) -> NamedFault {
    NamedFault { name, make, of: |_| true, kills: false }
}

const fn in_a_transaction(name: &'static str, make: fn(&Direct) -> Fault) -> NamedFault {
    NamedFault { name, make, of: dynamodb::is_transaction, kills: false }
}

const fn to_the_function(name: &'static str, make: fn(&Direct) -> Fault) -> NamedFault {
    NamedFault { name, make, of: |_| true, kills: true }
}

/// The slowest first.
pub(crate) const FAULTS: [NamedFault; 15] = [
    anywhere("slow", |_| Fault::Slow(TOO_LONG)),
    anywhere("lost", |_| Fault::Lost),
    anywhere("refused", |_| Fault::Refused),
    anywhere("InternalServerError", |_| dynamodb::internal_error()),
    anywhere("a page of status 503", |_| Fault::page(503)),
    anywhere("a page of status 500", |_| Fault::page(500)),
    anywhere("ProvisionedThroughputExceeded", |_| dynamodb::throttled("ProvisionedThroughputExceededException")),
    anywhere("ThrottlingException", |_| dynamodb::throttled("ThrottlingException")),
    anywhere("RequestLimitExceeded", |_| dynamodb::throttled("RequestLimitExceeded")),
    in_a_transaction("TransactionInProgress", |_| dynamodb::in_progress()),
    in_a_transaction("TransactionConflict", |_| dynamodb::conflict()),
    in_a_transaction("TransactionConflict beside a condition", |_| dynamodb::conflict_beside_condition()),
    anywhere("sent twice", |_| Fault::Twice),
    to_the_function("killed before", Direct::killed_before),
    to_the_function("killed after", Direct::killed_after),
];

impl NamedFault {
    /// Whether it can happen to that call.
    pub(crate) fn can_happen_to(&self, call: &Call) -> bool {
        (self.of)(call)
    }

    /// Whether only a transaction can meet it.
    pub(crate) fn is_of_transactions(&self) -> bool {
        self.name.starts_with("Transaction")
    }

    /// With the call of that index, of those that `calls` says there will be.
    pub(crate) fn at(&self, index: usize, calls: &[Call], function: &Direct) -> Trouble {
        let of = self.of;
        let before = calls[..index].iter().filter(|call| of(call)).count();
        Trouble::new((self.make)(function)).at(before).of(of)
    }
}
