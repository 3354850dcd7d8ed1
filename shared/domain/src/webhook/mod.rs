//! Webhooks: which events an endpoint asks for, where a delivery may go, and what it is signed with.

mod body;
mod endpoint;
mod events;
mod patch;
mod revision;
mod rotation;
mod sealed;
mod secret;
mod target;

pub use body::{Body, NewEndpoint};
pub use endpoint::{Endpoint, Settings, Status, Url};
pub use events::{NotASubscription, Subscription};
pub use patch::{EndpointPatch, PatchBody};
pub use revision::{ChangeKind, EndpointRevision};
pub use rotation::{Rotation, RotationBody, rotated};
pub use sealed::SealedSecret;
pub use secret::{Secret, SecretError};
pub use target::{LONGEST_TARGET, Plain, Target, TargetError, public_name};
