//! What ever changed of an endpoint, for auditors. It outlives the endpoint.

use serde::{Deserialize, Serialize};

use super::Endpoint;
use crate::Cause;

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeKind {
    /// It was registered.
    Registered,
    /// What the client decides about it changed.
    Updated,
    /// It has another secret.
    SecretRotated,
    /// It was deleted.
    Deleted,
    /// The service paused it: deliveries failed for too long.
    AutoPaused,
    /// The service disabled it: the receiver said 410.
    AutoDisabled,
}

/// One change of an endpoint: who, when, what. Of secrets only that there is another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointRevision {
    /// What it is about.
    pub kind: ChangeKind,
    /// Who, through what, in which request, when.
    #[serde(flatten)]
    pub cause: Cause,
    /// The members that it changed, by their published names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// The endpoint after it; of a deleted one as it was last.
    pub endpoint: Endpoint,
}

impl EndpointRevision {
    /// Of a change from one state to the next.
    #[must_use]
    pub fn new(kind: ChangeKind, before: Option<&Endpoint>, after: &Endpoint, cause: &Cause) -> Self {
        let changed = before.map_or_else(Vec::new, |before| before.settings.differences(&after.settings));
        let changed = changed.into_iter().map(str::to_owned).collect();
        let cause = Cause { at: after.updated_at, ..cause.clone() };
        Self { kind, cause, changed, endpoint: after.clone() }
    }
}
