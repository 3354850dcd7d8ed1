//! `POST /v1/partners/{sellerId}/buyers/{buyerId}/contacts`

use domain::{Disclosed, NewContact};
use http_edge::{Answer, Call, Problem};
use storage::ModifyContacts;

use crate::contact_resource::answered;

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
