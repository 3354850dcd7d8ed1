//! `DELETE /v1/partners/{sellerId}/buyers/{buyerId}/contacts/{contactId}`

use description::{Operation, Shown};
use http_edge::{Answer, Call, Problem};
use storage::ModifyContacts;

use crate::contact_resource::answered;

/// Erases a contact person of the buyer, everywhere.
pub(crate) async fn delete_contact(call: Call, contacts: ModifyContacts) -> Result<Answer, Problem> {
    let of = ((call.seller()?, call.buyer()?), call.contact()?);
    let remember = call.remember(&())?;
    answered(contacts.erase(of, &call.cause(), &remember).await?)
}

pub(crate) fn operation() -> Operation {
    Operation::delete(
        "delete-contact",
        "/v1/partners/{sellerId}/buyers/{buyerId}/contacts/{contactId}",
        "Erases a contact person of the buyer.",
    )
    .details("From everywhere, its traces in the history included; that somebody was erased stays there.")
    .answers(Shown::nothing(204, "It is erased."))
}
