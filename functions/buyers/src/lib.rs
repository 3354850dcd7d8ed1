//! The group `buyers`: its functions and how they are described.

mod add_contact;
mod answers;
mod block_buyer;
mod contact_resource;
mod delete_contact;
mod find_buyers;
mod get_buyer;
mod get_history;
mod list_contacts;
mod resource;
mod update_buyer;
mod update_contact;
mod upsert_buyer;

use description::Group;
use domain::Capability::ContactPersonalData;
use http_edge::{Door, Endpoint, Function};

/// The functions of the group's binary.
pub const FUNCTIONS: [Function; 11] = [
    (
        "add-contact",
        Door::Callers(|table| {
            Endpoint::writing(table.modify_contacts(), add_contact::add_contact).needing(ContactPersonalData)
        }),
    ),
    ("block-buyer", Door::Callers(|table| Endpoint::writing(table.modify_buyers(), block_buyer::block_buyer))),
    (
        "delete-contact",
        Door::Callers(|table| {
            Endpoint::writing(table.modify_contacts(), delete_contact::delete_contact).needing(ContactPersonalData)
        }),
    ),
    (
        "find-buyers",
        Door::Callers(|table| Endpoint::reading((table.read_buyers(), table.list_buyers()), find_buyers::find_buyers)),
    ),
    (
        "get-buyer",
        Door::Callers(|table| Endpoint::reading((table.read_buyers(), table.histories()), get_buyer::get_buyer)),
    ),
    ("get-history", Door::Callers(|table| Endpoint::reading(table.histories(), get_history::get_history))),
    (
        "list-contacts",
        Door::Callers(|table| {
            Endpoint::reading(table.read_contacts(), list_contacts::list_contacts).needing(ContactPersonalData)
        }),
    ),
    ("unblock-buyer", Door::Callers(|table| Endpoint::writing(table.modify_buyers(), block_buyer::unblock_buyer))),
    ("update-buyer", Door::Callers(|table| Endpoint::writing(table.modify_buyers(), update_buyer::update_buyer))),
    (
        "update-contact",
        Door::Callers(|table| {
            Endpoint::writing(table.modify_contacts(), update_contact::update_contact).needing(ContactPersonalData)
        }),
    ),
    ("upsert-buyer", Door::Callers(|table| Endpoint::writing(table.create_buyers(), upsert_buyer::upsert_buyer))),
];

/// How they are described.
#[must_use]
pub fn described() -> Group {
    Group {
        name: "Buyers",
        description: "The buyers of a seller: created, found, changed, blocked, every change in their history, and their contact persons.",
        functions: &FUNCTIONS,
        operations: vec![
            upsert_buyer::operation(),
            find_buyers::operation(),
            get_buyer::operation(),
            update_buyer::operation(),
            block_buyer::block(),
            block_buyer::unblock(),
            get_history::operation(),
            list_contacts::operation(),
            add_contact::operation(),
            update_contact::operation(),
            delete_contact::operation(),
        ],
        told: Vec::new(),
    }
}
