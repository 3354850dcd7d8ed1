//! Secrets on their way between the client and the key.

use domain::webhook::Secret;
use domain::{OrganisationId, WebhookId};
use http_edge::{Answer, Problem};
use sealing::{SealingError, SecretKey};
use storage::{ShownWebhook, StorageError};

use crate::resource::WebhookResource;

/// The secret, sealed for this endpoint.
pub(crate) async fn sealed(
    key: &SecretKey,
    secret: &Secret,
    owner: (OrganisationId, &WebhookId),
) -> Result<String, Problem> {
    answered(key.seal(secret, owner).await)
}

/// A stored answer again, with the secret of then if that still signs. A secret that the client supplied is part of what
/// it asked for, but of no receipt: it is compared with what was stored.
pub(crate) async fn again(
    key: &SecretKey,
    answer: Answer,
    shown: &ShownWebhook,
    supplied: Option<&Secret>,
) -> Result<Answer, Problem> {
    let owner = (shown.endpoint.organisation, &shown.endpoint.id);
    let secret = match &shown.secret {
        Some(sealed) => Some(answered(key.open(sealed, owner).await)?),
        None => None,
    };
    if let (Some(supplied), Some(secret)) = (supplied, &secret)
        && supplied != secret
    {
        return Err(Problem::key_reused());
    }
    Ok(WebhookResource::left(&shown.endpoint, secret.as_ref()).within(answer))
}

/// What the key answered, in the terms of the client.
fn answered<T>(answered: Result<T, SealingError>) -> Result<T, Problem> {
    let stored = answered.map_err(|error| match error {
        SealingError::Unavailable(why) => StorageError::Unavailable(why),
        SealingError::Refused(_) | SealingError::Unreadable => StorageError::Refused(error.to_string()),
    });
    Ok(stored?)
}
