//! `PATCH /v1/partners/{sellerId}/buyers/{buyerId}/contacts/{contactId}`

use description::{Operation, Shown};
use domain::{ContactPatch, ContactPatchBody, Disclosed};
use http_edge::{Answer, Call, Problem};
use storage::ModifyContacts;

use crate::contact_resource::{ContactResource, answered};

/// Changes a contact person of the buyer; what changes nothing leaves no revision.
pub(crate) async fn update_contact(call: Call, contacts: ModifyContacts) -> Result<Answer, Problem> {
    let seller = call.seller()?;
    call.purpose()?;
    let patch = call.merge_patch(ContactPatch::parse)?;
    let (buyer, contact) = (call.buyer()?, call.contact()?);
    let disclosure = call.disclosing(Disclosed::Contact, buyer)?;
    let remember = call.remember(&patch.members())?;
    let of = ((seller, buyer), contact);
    answered(contacts.update(of, &patch, &call.cause(), &remember, &disclosure).await?)
}

pub(crate) fn operation() -> Operation {
    Operation::patch(
        "update-contact",
        "/v1/partners/{sellerId}/buyers/{buyerId}/contacts/{contactId}",
        "Changes a contact person of the buyer.",
    )
    .details("What changes nothing leaves no revision.")
    .discloses()
    .merge_patch::<ContactPatchBody>()
    .answers(Shown::json::<ContactResource<'static>>(200, "The contact person after the change."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use description::boundaries;

    #[test]
    fn the_schema_of_the_body_is_what_is_taken() {
        boundaries::hold::<ContactPatchBody>(|body| ContactPatch::parse(body).is_ok());
    }
}
