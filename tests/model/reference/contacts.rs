//! What the service should do about contact persons.

use serde_json::{Value, json};

use super::{Answer, Buyer, BuyerNumber, Meaning, Organisation, Reference, Told, WITHOUT_CONTACTS};

const MOST_CONTACTS: usize = 20;

impl Buyer {
    /// A revision that names the contact and nothing else, and leaves the version.
    fn change_contact(&mut self, contact: &Value, cause: (&'static str, Organisation, &Told)) {
        self.add_revision(cause, None, vec![contact_changed(contact)]);
    }

    pub(super) fn add_contact(&mut self, person: &Value, told: &Told) -> Value {
        let mut contact = person.clone();
        let name = person["firstName"].as_str().unwrap_or_default();
        contact["uuid"] = json!(told.contacts.get(name));
        contact["createdAt"] = json!(told.at);
        self.contacts.push(contact.clone());
        // Oldest first; of the same moment, by id.
        self.contacts.sort_by_key(|contact| (contact["createdAt"].to_string(), contact["uuid"].to_string()));
        contact
    }
}

pub(super) fn contact_changed(contact: &Value) -> Value {
    json!({"field": format!("contacts[{}]", contact["uuid"].as_str().unwrap_or_default())})
}

/// JSON Merge Patch, of members that are no objects.
fn patched(contact: &Value, patch: &Value) -> Value {
    let mut patched = contact.clone();
    for (member, value) in patch.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(patched.as_object_mut().map(|contact| contact.remove(member))),
            value => patched[member] = value.clone(),
        }
    }
    patched
}

impl Reference {
    pub(super) fn add_contact(&mut self, by: Organisation, number: BuyerNumber, person: &Value, told: &Told) -> Answer {
        let Some(buyer) = self.buyers.get_mut(&number) else { return Answer::not_found() };
        if buyer.contacts.len() >= MOST_CONTACTS {
            return Answer::problem(409, "limit-reached");
        }
        let contact = buyer.add_contact(person, told);
        buyer.change_contact(&contact, ("CONTACT_ADDED", by, told));
        Answer::plain(201, contact)
    }

    pub(super) fn update_contact(
        &mut self,
        by: Organisation,
        number: BuyerNumber,
        (contact, patch): (&str, &Value),
        told: &Told,
    ) -> Answer {
        let Some(buyer) = self.buyers.get_mut(&number) else { return Answer::not_found() };
        let Some(current) = buyer.contacts.iter_mut().find(|current| current["uuid"] == contact) else {
            return Answer::not_found();
        };
        let next = patched(current, patch);
        if next != *current {
            current.clone_from(&next);
            buyer.change_contact(&next, ("CONTACT_UPDATED", by, told));
        }
        Answer::plain(200, next)
    }

    pub(super) fn delete_contact(
        &mut self,
        by: Organisation,
        number: BuyerNumber,
        contact: &str,
        told: &Told,
    ) -> Answer {
        let Some(buyer) = self.buyers.get_mut(&number) else { return Answer::not_found() };
        let Some(place) = buyer.contacts.iter().position(|current| current["uuid"] == contact) else {
            return Answer::not_found();
        };
        let gone = buyer.contacts.remove(place);
        buyer.erased.push(contact.to_owned());
        buyer.created_with = None;
        buyer.change_contact(&gone, ("CONTACT_ERASED", by, told));
        Answer::plain(204, Value::Null)
    }

    /// All contacts, shown to who may see them.
    pub(crate) fn list_contacts(&mut self, by: Organisation, number: BuyerNumber) -> Answer {
        if by == WITHOUT_CONTACTS {
            return Answer::capability_required();
        }
        let Some(buyer) = self.buyers.get_mut(&number) else { return Answer::not_found() };
        buyer.disclosures += 1;
        Answer::plain(200, json!(buyer.contacts))
    }

    /// Ids of the buyer's contacts: those it has, and those that were erased.
    pub(crate) fn contacts(&self, buyer: BuyerNumber) -> (Vec<String>, &[String]) {
        let id = |contact: &Value| contact["uuid"].as_str().unwrap_or_default().to_owned();
        self.buyers
            .get(&buyer)
            .map_or((Vec::new(), &[]), |buyer| (buyer.contacts.iter().map(id).collect(), &buyer.erased))
    }

    /// How many answers showed the buyer's contacts.
    pub(crate) fn disclosures(&self, buyer: BuyerNumber) -> usize {
        self.buyers.get(&buyer).map_or(0, |buyer| buyer.disclosures)
    }

    /// Whoever is shown a contact is noted.
    pub(super) fn note_disclosure(&mut self, buyer: BuyerNumber, meaning: &Meaning, answer: &Answer) {
        let shows = matches!(meaning, Meaning::AddContact(_) | Meaning::UpdateContact(..));
        if let (true, Answer::Shown { .. }, Some(buyer)) = (shows, answer, self.buyers.get_mut(&buyer)) {
            buyer.disclosures += 1;
        }
    }
}
