//! `PATCH /v1/webhooks/{webhookId}`

use description::{Operation, Shown};
use domain::webhook::{EndpointPatch, PatchBody, Plain};
use http_edge::{Answer, Call, Kind, Problem};
use storage::{Callers, ModifyWebhooks, ShownWebhook, WebhookChanged};

use crate::partners::authorised;
use crate::resource::{WebhookResource, refused};

/// Changes what an endpoint asks for, where it is, and whether it is delivered to.
pub(crate) async fn update_webhook(
    call: Call,
    (webhooks, callers, plain): (ModifyWebhooks, Callers, Plain),
) -> Result<Answer, Problem> {
    let patch = call.merge_patch(|body| EndpointPatch::parse(body, plain))?;
    authorised(&call, &callers, patch.partners()).await?;
    let id = call.id("webhookId", "webhook endpoint")?;
    let remember = call.remember(&patch)?;
    match webhooks.update((call.caller.organisation.uuid, &id), &patch, &call.cause(), &remember).await? {
        WebhookChanged::Done(answer, shown) => Ok(with_endpoint(answer, shown.as_deref())),
        WebhookChanged::Replayed(answer, shown) => Ok(with_endpoint(answer, shown.as_deref()).replayed()),
        WebhookChanged::Refused(refusal) => Err(refused(refusal)),
    }
}

fn with_endpoint(answer: Answer, shown: Option<&ShownWebhook>) -> Answer {
    match shown {
        Some(shown) => WebhookResource::left(&shown.endpoint, None).within(answer),
        None => answer,
    }
}

pub(crate) fn operation() -> Operation {
    Operation::patch(
        "update-webhook",
        "/v1/webhooks/{webhookId}",
        "Changes what a webhook endpoint asks for, where it is, and whether it is delivered to.",
    )
    .details(
        "`status: ACTIVE` resumes an endpoint, whoever paused or disabled it, and forgets how often it failed. Of two \
         changes of the same member at once the later one stays.",
    )
    .merge_patch::<PatchBody>()
    .refuses(Kind::Forbidden)
    .answers(Shown::json::<WebhookResource<'static>>(200, "The endpoint after the change."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        boundaries::hold::<PatchBody>(|body| EndpointPatch::parse(body, Plain::Refused).is_ok());
    }
}
