//! What clients may do, made up at random, and how it is spelled on the wire.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::reference::{Business, BuyerNumber, Organisation, person};

/// One step of a client. Printed in one line, so that a failing sequence can be read.
#[derive(Clone)]
pub(crate) enum Step {
    Write {
        by: Organisation,
        buyer: BuyerNumber,
        write: Write,
        key: Key,
    },
    /// An earlier write again, to the byte, by the same or the other organisation.
    Again {
        by: Option<Organisation>,
        back: usize,
    },
    /// An earlier write again, by the same and under its key, but it says something else.
    Otherwise {
        back: usize,
    },
    Get {
        by: Organisation,
        buyer: BuyerNumber,
        what: Get,
    },
    History {
        by: Organisation,
        buyer: BuyerNumber,
        size: usize,
    },
    Find {
        by: Organisation,
        buyer: BuyerNumber,
    },
    Contacts {
        by: Organisation,
        buyer: BuyerNumber,
    },
}

/// A write; spelled plainly, or in another way that means the same.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Upsert { business: Business, contacts: Option<Vec<&'static str>>, odd: bool },
    Patch { members: BTreeMap<&'static str, Patched>, precondition: Precondition, odd: bool },
    Status { status: &'static str, reason: Option<&'static str>, odd: bool },
    AddContact { person: &'static str, odd: bool },
    UpdateContact { whom: Whom, members: BTreeMap<&'static str, Patched>, odd: bool },
    DeleteContact { whom: Whom },
}

/// A contact, relative to what there is then; nobody where there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whom {
    Living(usize),
    Erased(usize),
    /// Of the next buyer.
    Elsewhere(usize),
}

/// What a patch says about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patched {
    To(&'static str),
    Null,
}

/// `If-Match`, relative to what is true then.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Precondition {
    Current,
    Behind(usize),
    Ahead,
    Missing,
    Wildcard,
}

/// The idempotency key of a write.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Fresh,
    /// That of the write so many before, of whichever organisation.
    Of(usize),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Get {
    Now,
    IfChanged,
    Version(usize),
}

pub(crate) const VAT_NUMBERS: [&str; 3] = ["DE136695976", "ATU13585627", "NL004495445B01"];

const FIELDS: [(&str, [&str; 2]); 6] = [
    ("companyName", ["Alpha GmbH", "Beta AG"]),
    ("address.street", ["Am Hafen 1", "Prüfstand 2"]),
    ("address.postCode", ["20457", "1010"]),
    ("address.city", ["Hamburg", "Wien"]),
    ("address.country", ["DE", "AT"]),
    ("kycMode", ["MARKETPLACE_LED", "NT24_LED"]),
];

/// What a patch of a contact says.
const CONTACT_FIELDS: [(&str, [&str; 2]); 4] = [
    ("firstName", ["Erika", "Eva"]),
    ("lastName", ["Muster", "Neu"]),
    ("email", ["Erika@example.org", "eva@example.net"]),
    ("phone", ["+49 40 1", "+49 40 2"]),
];

/// How far back a repetition reaches, counted in writes from the last one.
const BACK: Range<usize> = 0..12;

const REASONS: [&str; 2] = ["Payment overdue", "On request"];

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..=80)
}

fn step() -> impl Strategy<Value = Step> {
    let by = || prop_oneof![4 => Just(0), 4 => Just(1), 1 => Just(2_usize)];
    // Few buyers, so that steps meet.
    let buyer = || prop_oneof![4 => Just(0), 2 => Just(1), 1 => Just(2_usize)];
    let get = prop_oneof![
        2 => Just(Get::Now),
        1 => Just(Get::IfChanged),
        2 => (0..5_usize).prop_map(Get::Version)
    ];
    let other = prop_oneof![3 => Just(None), 1 => by().prop_map(Some)];
    prop_oneof![
        9 => (by(), buyer(), write(), key()).prop_map(|(by, buyer, write, key)| Step::Write { by, buyer, write, key }),
        3 => (other, BACK).prop_map(|(by, back)| Step::Again { by, back }),
        2 => BACK.prop_map(|back| Step::Otherwise { back }),
        1 => (by(), buyer(), get).prop_map(|(by, buyer, what)| Step::Get { by, buyer, what }),
        1 => (by(), buyer(), 1..4_usize).prop_map(|(by, buyer, size)| Step::History { by, buyer, size }),
        1 => (by(), buyer()).prop_map(|(by, buyer)| Step::Find { by, buyer }),
        1 => (by(), buyer()).prop_map(|(by, buyer)| Step::Contacts { by, buyer }),
    ]
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![6 => Just(Key::Fresh), 1 => BACK.prop_map(Key::Of)]
}

fn write() -> impl Strategy<Value = Write> {
    let odd = || any::<bool>();
    let status = prop::sample::select(vec!["BLOCKED", "ACTIVE"]);
    let reason = prop::option::of(prop::sample::select(REASONS.to_vec()));
    prop_oneof![
        4 => (business(), contacts(), odd())
            .prop_map(|(business, contacts, odd)| Write::Upsert { business, contacts, odd }),
        4 => (members(), precondition(), odd())
            .prop_map(|(members, precondition, odd)| Write::Patch { members, precondition, odd }),
        3 => (status, reason, odd()).prop_map(|(status, reason, odd)| Write::Status { status, reason, odd }),
        2 => (prop::sample::select(vec!["Erika", "Max"]), odd())
            .prop_map(|(person, odd)| Write::AddContact { person, odd }),
        3 => (whom(), contact_members(), odd())
            .prop_map(|(whom, members, odd)| Write::UpdateContact { whom, members, odd }),
        2 => whom().prop_map(|whom| Write::DeleteContact { whom }),
    ]
}

fn whom() -> impl Strategy<Value = Whom> {
    let one = || 0..3_usize;
    prop_oneof![
        8 => one().prop_map(Whom::Living),
        1 => one().prop_map(Whom::Erased),
        1 => one().prop_map(Whom::Elsewhere)
    ]
}

fn business() -> impl Strategy<Value = Business> {
    // Mostly the same, so that upserts repeat each other.
    let value = |field: usize| prop_oneof![9 => Just(FIELDS[field].1[0]), 1 => Just(FIELDS[field].1[1])];
    let mode = prop::sample::select(FIELDS[5].1.to_vec());
    (value(0), value(1), value(2), value(3), value(4), mode).prop_map(
        |(company_name, street, post_code, city, country, kyc_mode)| Business {
            company_name,
            street,
            post_code,
            city,
            country,
            kyc_mode,
        },
    )
}

fn contacts() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    let some = |persons: &[&'static str]| Just(Some(persons.to_vec()));
    prop_oneof![3 => Just(None), 1 => some(&[]), 1 => some(&["Erika"]), 2 => some(&["Erika", "Max"])]
}

fn members() -> impl Strategy<Value = BTreeMap<&'static str, Patched>> {
    members_of(&FIELDS, 1)
}

fn contact_members() -> impl Strategy<Value = BTreeMap<&'static str, Patched>> {
    members_of(&CONTACT_FIELDS, 2)
}

/// The last field more often than the others, and `null` with that weight beside ten.
fn members_of(
    fields: &'static [(&str, [&str; 2])],
    null: u32,
) -> impl Strategy<Value = BTreeMap<&'static str, Patched>> {
    let field = prop_oneof![3 => 0..fields.len(), 1 => Just(fields.len() - 1)];
    let member = (field, prop_oneof![5 => Just(Some(0)), 5 => Just(Some(1)), null => Just(None::<usize>)]);
    let member = member.prop_map(|(field, value)| {
        let (name, values) = fields[field];
        (name, value.map_or(Patched::Null, |value| Patched::To(values[value])))
    });
    vec(member, 0..3).prop_map(|members| members.into_iter().collect())
}

fn precondition() -> impl Strategy<Value = Precondition> {
    prop_oneof![
        12 => Just(Precondition::Current),
        2 => (1..3_usize).prop_map(Precondition::Behind),
        1 => Just(Precondition::Ahead),
        1 => Just(Precondition::Missing),
        1 => Just(Precondition::Wildcard),
    ]
}

impl Write {
    /// The function it is for.
    pub(crate) fn function(&self) -> &'static str {
        match self {
            Self::Upsert { .. } => "upsert-buyer",
            Self::Patch { .. } => "update-buyer",
            Self::Status { status: "BLOCKED", .. } => "block-buyer",
            Self::Status { .. } => "unblock-buyer",
            Self::AddContact { .. } => "add-contact",
            Self::UpdateContact { .. } => "update-contact",
            Self::DeleteContact { .. } => "delete-contact",
        }
    }

    /// To the same path, with the same members of other values.
    pub(crate) fn otherwise(mut self) -> Self {
        match &mut self {
            Self::Upsert { contacts: Some(contacts), .. } if contacts.len() == 1 => contacts.push("Max"),
            Self::Upsert { contacts: Some(contacts), .. } => *contacts = vec!["Erika"],
            Self::Upsert { business, .. } => business.company_name = "Gamma KG",
            Self::Patch { members, .. } | Self::UpdateContact { members, .. } => {
                for (name, to) in members {
                    let values = FIELDS.iter().chain(&CONTACT_FIELDS).find(|(field, _)| field == name);
                    if let (Patched::To(text), Some((_, [one, other]))) = (to, values) {
                        *text = if text == one { other } else { one };
                    }
                }
            }
            Self::Status { reason, .. } => *reason = Some("Another reason"),
            Self::AddContact { person, .. } => *person = if *person == "Max" { "Erika" } else { "Max" },
            Self::DeleteContact { .. } => {}
        }
        self
    }

    /// Whose path it is, when it is a contact's.
    pub(crate) fn whom(&self) -> Option<Whom> {
        match self {
            Self::UpdateContact { whom, .. } | Self::DeleteContact { whom } => Some(*whom),
            _ => None,
        }
    }

    /// Whether it is refused to whoever may not see contacts, before anything else is looked at.
    pub(crate) fn is_about_contacts(&self) -> bool {
        matches!(self, Self::AddContact { .. } | Self::UpdateContact { .. } | Self::DeleteContact { .. })
    }

    /// Its body on the wire, if it has one.
    pub(crate) fn body(&self, vat_number: &str) -> Option<Value> {
        match self {
            Self::Upsert { business, contacts, odd } => {
                Some(upsert_body(business, contacts.as_deref(), *odd, vat_number))
            }
            Self::Patch { members, odd, .. } => Some(patch_body(members, *odd, vat_number)),
            Self::Status { reason: Some(reason), odd, .. } => Some(json!({"reason": spelled(reason, *odd)})),
            Self::Status { reason: None, odd: true, .. } => Some(json!({"reason": null, "newer": 1})),
            Self::Status { reason: None, .. } | Self::DeleteContact { .. } => None,
            Self::AddContact { person: name, odd } => Some(odd_person(person(name), *odd)),
            Self::UpdateContact { members, odd, .. } => Some(odd_person(contact_patch(members), *odd)),
        }
    }

    /// The fields that break a rule, sorted.
    pub(crate) fn broken(&self) -> Vec<&'static str> {
        let (Self::Patch { members, .. } | Self::UpdateContact { members, .. }) = self else { return Vec::new() };
        let removed = members.iter().filter(|(_, value)| **value == Patched::Null).map(|(field, _)| *field);
        removed.filter(|field| *field != "phone").collect()
    }
}

fn spelled(text: &str, odd: bool) -> String {
    if odd { format!("  {text} ") } else { text.to_owned() }
}

fn upsert_body(business: &Business, contacts: Option<&[&str]>, odd: bool, vat_number: &str) -> Value {
    let vat_number = if odd { vat_number.to_lowercase() + " " } else { vat_number.to_owned() };
    let country = if odd { business.country.to_lowercase() } else { business.country.to_owned() };
    let mut body = json!({
        "vatNumber": vat_number, "companyName": spelled(business.company_name, odd), "kycMode": business.kyc_mode,
        "address": {
            "street": spelled(business.street, odd), "postCode": business.post_code,
            "city": spelled(business.city, odd), "country": country
        }
    });
    if let Some(contacts) = contacts {
        let mut persons: Vec<_> = contacts.iter().map(|name| odd_person(person(name), odd)).collect();
        if odd {
            persons.reverse();
        }
        body["contacts"] = persons.into();
    }
    if odd {
        body["somethingNewer"] = json!({"is": "ignored"});
    }
    body
}

/// The patch of a contact, plainly.
pub(crate) fn contact_patch(members: &BTreeMap<&'static str, Patched>) -> Value {
    let value = |value: &Patched| if let Patched::To(text) = value { json!(text) } else { Value::Null };
    members.iter().map(|(field, to)| ((*field).to_owned(), value(to))).collect()
}

/// Blanks around, and the domain of the e-mail address in capitals.
fn odd_person(mut person: Value, odd: bool) -> Value {
    for (member, value) in person.as_object_mut().into_iter().flatten().filter(|_| odd) {
        if let Some(text) = value.as_str() {
            let text = if member == "email" { text.replace("@example", "@EXAMPLE") } else { text.to_owned() };
            *value = json!(spelled(&text, true));
        }
    }
    person
}

fn patch_body(members: &BTreeMap<&str, Patched>, odd: bool, vat_number: &str) -> Value {
    let mut body = json!({});
    for (field, value) in members {
        let value = match value {
            Patched::To(text) => json!(spelled(text, odd && *field != "kycMode")),
            Patched::Null => Value::Null,
        };
        match field.split_once('.') {
            Some((object, member)) => body[object][member] = value,
            None => body[*field] = value,
        }
    }
    if odd {
        // May be sent, and says nothing new.
        body["vatNumber"] = json!(vat_number.to_lowercase());
    }
    body
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = |by: &Organisation| ["first", "second", "third"][*by];
        match self {
            Self::Write { by, buyer, write, key } => {
                write!(f, "{} about buyer {buyer}: {write:?}", who(by))?;
                if let Key::Of(back) = key {
                    write!(f, ", under the key of the write {back} before the last one")
                } else {
                    Ok(())
                }
            }
            Self::Again { by: None, back } => write!(f, "the write {back} before the last one again"),
            Self::Again { by: Some(by), back } => {
                write!(f, "the write {back} before the last one again, by {}", who(by))
            }
            Self::Otherwise { back } => write!(f, "the write {back} before the last one again, saying something else"),
            Self::Get { by, buyer, what } => write!(f, "{} gets buyer {buyer}: {what:?}", who(by)),
            Self::History { by, buyer, size } => write!(f, "{} walks the history of buyer {buyer} by {size}", who(by)),
            Self::Find { by, buyer } => write!(f, "{} finds buyer {buyer}", who(by)),
            Self::Contacts { by, buyer } => write!(f, "{} lists the contacts of buyer {buyer}", who(by)),
        }
    }
}
