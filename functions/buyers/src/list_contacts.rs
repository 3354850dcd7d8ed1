//! `GET /v1/partners/{sellerId}/buyers/{buyerId}/contacts`

use description::{Operation, Shown};
use domain::Disclosed;
use http_edge::{Answer, Call, Problem};
use storage::ReadContacts;

use crate::contact_resource::ContactResource;

/// All contact persons of the buyer, oldest first; who is shown them is noted before.
pub(crate) async fn list_contacts(call: Call, contacts: ReadContacts) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    call.purpose()?;
    let buyer = call.buyer()?;
    let disclosure = call.disclosing(Disclosed::Contacts, buyer)?;
    let found = contacts.list((seller, buyer), &disclosure).await?;
    let found = found.ok_or_else(|| Problem::not_found("buyer"))?;
    Ok(Answer::json(200, &found.iter().map(ContactResource::from).collect::<Vec<_>>()))
}

pub(crate) fn operation() -> Operation {
    Operation::get(
        "list-contacts",
        "/v1/partners/{sellerId}/buyers/{buyerId}/contacts",
        "All contact persons of the buyer, oldest first.",
    )
    .details("Who is shown them is noted before, and the note is kept for six years.")
    .discloses()
    .answers(
        Shown::json::<Vec<ContactResource<'static>>>(200, "The contact persons.").identifies("contactId", "/0/uuid"),
    )
}
