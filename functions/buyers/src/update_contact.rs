//! `PATCH /v1/partners/{sellerId}/buyers/{buyerId}/contacts/{contactId}`

use domain::{ContactPatch, Disclosed};
use http_edge::{Answer, Call, Problem};
use storage::ModifyContacts;

use crate::contact_resource::answered;

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
