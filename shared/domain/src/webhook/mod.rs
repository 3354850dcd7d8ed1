//! Webhooks: which events an endpoint asks for, where a delivery may go, and what it is signed with.

mod body;
mod delivery;
mod endpoint;
mod envelope;
mod events;
mod health;
mod orders;
mod patch;
mod revision;
mod rotation;
mod schedule;
mod sealed;
mod secret;
mod target;

pub use body::{Body, NewEndpoint};
pub use delivery::{
    Attempt, Delivery, DeliveryKind, DeliveryState, DeliveryStatus, FailedReason, NotADeliveryStatus, Step, Turn,
};
pub use endpoint::{Endpoint, Settings, Status, Url};
pub use envelope::Envelope;
pub use events::{NotASubscription, Subscription};
pub use health::{Health, PauseReason, Verdict};
pub use orders::{Recovery, RecoveryBody, TestBody, TestFire};
pub use patch::{EndpointPatch, PatchBody};
pub use revision::{ChangeKind, EndpointRevision};
pub use rotation::{Rotation, RotationBody, rotated};
pub use schedule::{RETRIES_SECONDS, next_retry};
pub use sealed::SealedSecret;
pub use secret::{Secret, SecretError};
pub use target::{LONGEST_TARGET, Plain, Target, TargetError, public_name};
