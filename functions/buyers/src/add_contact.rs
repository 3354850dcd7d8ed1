//! `POST /v1/partners/{sellerId}/buyers/{buyerId}/contacts`

use description::{Operation, Shown};
use domain::{Disclosed, NewContact};
use http_edge::{Answer, Call, Kind, Problem};
use storage::ModifyContacts;

use crate::contact_resource::{ContactResource, answered};

/// Adds a contact person to the buyer.
pub(crate) async fn add_contact(call: Call, contacts: ModifyContacts) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    call.purpose()?;
    let person = call.body(NewContact::parse)?;
    let buyer = call.buyer()?;
    let disclosure = call.disclosing(Disclosed::Contact, buyer)?;
    let remember = call.remember(&())?;
    answered(contacts.add((seller, buyer), &person, &call.cause(), &remember, &disclosure).await?)
}

pub(crate) fn operation() -> Operation {
    Operation::post(
        "add-contact",
        "/v1/partners/{sellerId}/buyers/{buyerId}/contacts",
        "Adds a contact person to the buyer.",
    )
    .details("A buyer has at most 20. Contact persons have no version: the buyer's stays as it is.")
    .discloses()
    .body::<NewContact>()
    .refuses(Kind::LimitReached)
    .answers(Shown::json::<ContactResource<'static>>(201, "The contact person.").identifies("contactId", "/uuid"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        boundaries::hold::<NewContact>(|body| NewContact::parse(body).is_ok());
    }
}
