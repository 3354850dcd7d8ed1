//! A contact person as the contract shows it, and how a change of one is answered.

use domain::{Contact, ContactId, Instant, NewContact};
use http_edge::{Answer, Problem};
use schemars::JsonSchema;
use serde::Serialize;
use storage::{ContactModified, ContactRefusal};

/// `Contact` of the published contract.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Contact", description = "A contact person of a buyer.")]
pub(crate) struct ContactResource<'c> {
    /// Its id.
    uuid: ContactId,
    /// First name.
    first_name: &'c str,
    /// Last name.
    last_name: &'c str,
    /// E-mail address; the domain in lower case.
    #[schemars(email)]
    email: &'c str,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'c str>,
    /// When it was added.
    created_at: Instant,
}

impl<'c> From<&'c Contact> for ContactResource<'c> {
    fn from(Contact { uuid, person, created_at }: &'c Contact) -> Self {
        let NewContact { first_name, last_name, email, phone } = person;
        Self { uuid: *uuid, first_name, last_name, email, phone: phone.as_deref(), created_at: *created_at }
    }
}

/// What the client gets for a change that ended so.
pub(crate) fn answered(modified: ContactModified) -> Result<Answer, Problem> {
    match modified {
        ContactModified::Done(answer, contact) => Ok(with_contact(answer, contact.as_ref())),
        ContactModified::Replayed(answer, contact) => Ok(with_contact(answer, contact.as_ref()).replayed()),
        ContactModified::Refused(refusal) => Err(refused(refusal)),
    }
}

fn refused(refusal: ContactRefusal) -> Problem {
    match refusal {
        ContactRefusal::KeyReused => Problem::key_reused(),
        ContactRefusal::Full => Problem::limit_reached("contact persons of a buyer", NewContact::MOST),
        ContactRefusal::NoBuyer => Problem::not_found("buyer"),
        ContactRefusal::NoContact => Problem::not_found("contact"),
    }
}

fn with_contact(answer: Answer, contact: Option<&Contact>) -> Answer {
    match contact {
        Some(contact) => {
            Answer { headers: answer.headers, ..Answer::json(answer.status, &ContactResource::from(contact)) }
        }
        None => answer,
    }
}
