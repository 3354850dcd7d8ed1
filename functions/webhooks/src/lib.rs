//! The group `webhooks`: its functions and how they are described.

mod delete_webhook;
mod delivery_resource;
mod get_webhook;
mod list_deliveries;
mod list_webhooks;
mod partners;
mod recover_webhook;
mod register_webhook;
mod replay_delivery;
mod resource;
mod rotate_webhook_secret;
mod secrets;
mod test_webhook;
mod update_webhook;

use aws::{Aws, NotSet};
use description::{Group, Told};
use domain::webhook::Plain;
use domain::{DeliveryFailedTerminal, EndpointAutoPaused, EventType, ViesCheckFailed};
use http_edge::{Door, Endpoint, Environment, Function};
use sealing::SecretKey;
use storage::Table;

use register_webhook::Registration;

/// The functions of the group's binary.
pub const FUNCTIONS: [Function; 10] = [
    (
        "delete-webhook",
        Door::Callers(|table| Endpoint::writing(table.modify_webhooks(), delete_webhook::delete_webhook)),
    ),
    ("get-webhook", Door::Callers(|table| Endpoint::reading(table.read_webhooks(), get_webhook::get_webhook))),
    (
        "list-deliveries",
        Door::Callers(|table| Endpoint::reading(table.read_deliveries(), list_deliveries::list_deliveries)),
    ),
    ("list-webhooks", Door::Callers(|table| Endpoint::reading(table.read_webhooks(), list_webhooks::list_webhooks))),
    (
        "recover-webhook",
        Door::Callers(|table| Endpoint::writing(table.order_deliveries(), recover_webhook::recover_webhook)),
    ),
    ("register-webhook", Door::Opening(registration)),
    (
        "replay-delivery",
        Door::Callers(|table| Endpoint::writing(table.order_deliveries(), replay_delivery::replay_delivery)),
    ),
    (
        "rotate-webhook-secret",
        Door::Opening(|table, aws, from| {
            let rotation = (table.modify_webhooks(), secret_key(aws, from)?);
            Ok(Endpoint::writing(rotation, rotate_webhook_secret::rotate_webhook_secret))
        }),
    ),
    ("test-webhook", Door::Callers(|table| Endpoint::writing(table.order_deliveries(), test_webhook::test_webhook))),
    (
        "update-webhook",
        Door::Opening(|table, _, from| {
            let update = (table.modify_webhooks(), table.callers(), plain(from)?);
            Ok(Endpoint::writing(update, update_webhook::update_webhook))
        }),
    ),
];

/// How they are described.
#[must_use]
pub fn described() -> Group {
    Group {
        name: "Webhooks",
        description: "Where an organisation wants to hear of what: endpoints, what they ask for, the secrets that deliveries are signed with, and how deliveries went.",
        functions: &FUNCTIONS,
        operations: vec![
            register_webhook::operation(),
            list_webhooks::operation(),
            get_webhook::operation(),
            update_webhook::operation(),
            delete_webhook::operation(),
            rotate_webhook_secret::operation(),
            list_deliveries::operation(),
            replay_delivery::operation(),
            test_webhook::operation(),
            recover_webhook::operation(),
        ],
        told: vec![
            Told::new::<ViesCheckFailed>(
                EventType::ViesCheckFailed,
                "A check that a client requested ended INVALID, or a daily one on which the number became so.",
            ),
            Told::new::<EndpointAutoPaused>(
                EventType::EndpointAutoPaused,
                "Another endpoint of yours was paused because its deliveries keep failing.",
            ),
            Told::new::<DeliveryFailedTerminal>(
                EventType::DeliveryFailedTerminal,
                "A delivery to another endpoint of yours failed for good.",
            ),
        ],
    }
}

fn registration(table: &Table, aws: &Aws, from: &Environment) -> Result<Endpoint, NotSet> {
    let registration = Registration {
        webhooks: table.register_webhooks(),
        callers: table.callers(),
        key: secret_key(aws, from)?,
        plain: plain(from)?,
    };
    Ok(Endpoint::writing(registration, register_webhook::register_webhook))
}

fn secret_key(aws: &Aws, from: &Environment) -> Result<SecretKey, NotSet> {
    Ok(SecretKey::new(aws, &from("WEBHOOK_KEY_ARN")?))
}

/// Whatever does not say so word for word allows no plain HTTP.
fn plain(from: &Environment) -> Result<Plain, NotSet> {
    let targets = from("WEBHOOK_TARGETS")?;
    Ok(if targets == "https-and-loopback" { Plain::ToLoopback } else { Plain::Refused })
}
