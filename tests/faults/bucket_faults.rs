//! Everything that can go wrong with a call of a bucket.

use std::time::Duration;

use simulators::fault_proxy::{Fault, s3};

use crate::faults::{NamedFault, Victim, fault};

/// Longer than a client of ours waits for a bucket: see `shared/objects/src/lib.rs`.
const TOO_LONG: Duration = Duration::from_millis(6_500);

/// The slowest first.
pub(crate) const BUCKET_FAULTS: [NamedFault; 8] = [
    fault("a slow bucket", Victim::Bucket, |_| Fault::Slow(TOO_LONG)),
    fault("a bucket's answer lost", Victim::Bucket, |_| Fault::Lost),
    fault("a bucket out of reach", Victim::Bucket, |_| Fault::Refused),
    fault("SlowDown", Victim::Bucket, |_| s3::refused(503, "SlowDown")),
    fault("InternalError", Victim::Bucket, |_| s3::refused(500, "InternalError")),
    fault("a page of status 503 for a bucket", Victim::Bucket, |_| Fault::page(503)),
    fault("a page of status 500 for a bucket", Victim::Bucket, |_| Fault::page(500)),
    fault("sent to a bucket twice", Victim::Bucket, |_| Fault::Twice),
];
