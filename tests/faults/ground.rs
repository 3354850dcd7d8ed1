//! What a case stands on: an organisation, a seller and a buyer's number of its own, and what the table holds of them.

use std::collections::BTreeMap;

use blackbox::{Api, Draft, Reply, Request, World, fresh_vat_number};
use domain::{BuyerId, OrganisationId, SellerId, VatNumber};
use serde_json::{Value, json};

/// Who calls, and about which buyer.
pub(crate) struct Ground {
    organisation: OrganisationId,
    seller: SellerId,
    token: String,
    vat_number: String,
    pub(crate) buyer: BuyerId,
    /// Ids of the buyer's contacts by first name, as far as it learned of them.
    contacts: BTreeMap<String, String>,
}

pub(crate) const ERIKA: &str = "Erika";
pub(crate) const MAXIMILIAN: &str = "Maximilian";

/// A contact person as a client states it.
pub(crate) fn person(first_name: &str) -> Value {
    let email = format!("{}@example.org", first_name.to_lowercase());
    json!({"firstName": first_name, "lastName": "Muster", "email": email})
}

/// Whether the log has an entry of the request that was answered so.
pub(crate) fn is_noted(reply: &Reply, log: &[Value]) -> bool {
    log.iter().any(|entry| entry["requestId"]["S"].as_str() == reply.header("x-request-id"))
}

/// Whom a text knows, by name or e-mail address.
pub(crate) fn persons_in(text: &str) -> Vec<&'static str> {
    let text = text.to_lowercase();
    [ERIKA, MAXIMILIAN].into_iter().filter(|name| text.contains(&name.to_lowercase())).collect()
}

/// All that is stored for the buyer and the organisation's keys.
#[derive(Debug, PartialEq)]
pub(crate) struct Stored {
    /// `NOW#BUYER`, revisions, contacts, whatever else stands in the buyer's partition; by sort key.
    pub(crate) of_buyer: Vec<Value>,
    /// The organisation's receipts.
    pub(crate) receipts: Vec<Value>,
}

impl Ground {
    /// Fresh, so that a function has nothing of it in its caches.
    pub(crate) async fn new(world: &World) -> Self {
        let draft = Draft::new();
        let (organisation, seller) = (draft.organisation.uuid, draft.sellers[0]);
        let Api { token, .. } = world.organisation(draft).await;
        let vat_number = fresh_vat_number();
        let buyer = BuyerId::of(seller, &VatNumber::parse(&vat_number).expect("a well-formed number"));
        Self { organisation, seller, token, vat_number, buyer, contacts: BTreeMap::new() }
    }

    /// The organisation.
    pub(crate) const fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// A request about the seller's buyers, under this key.
    pub(crate) fn request(&self, function: &str, key: &str) -> Request {
        Request::new(function, &self.token).of("sellerId", self.seller).key(key)
    }

    /// A request about the buyer, under this key.
    pub(crate) fn about_buyer(&self, function: &str, key: &str) -> Request {
        self.request(function, key).of("buyerId", self.buyer)
    }

    /// A request about the organisation's webhook endpoints, under this key.
    pub(crate) fn about_webhooks(&self, function: &str, key: &str) -> Request {
        Request::new(function, &self.token).key(key)
    }

    /// A request about the contact Erika of the buyer, under this key.
    pub(crate) fn about_erika(&self, function: &str, key: &str) -> Request {
        let id = self.contacts.get(ERIKA).expect("a contact that was created before, and learned of");
        self.about_buyer(function, key).of("contactId", id)
    }

    /// Learns the ids of the buyer's contacts, which only the service makes, and does not forget them.
    pub(crate) async fn learn_contacts(&mut self, world: &World) {
        let of_buyer = self.stored(world).await.of_buyer;
        let contacts = of_buyer.iter().filter_map(|item| {
            let id = item["sk"]["S"].as_str()?.strip_prefix("CONTACT#")?;
            Some((item["firstName"]["S"].as_str()?.to_owned(), id.to_owned()))
        });
        self.contacts.extend(contacts);
    }

    /// The body of an upsert.
    pub(crate) fn body(&self) -> Value {
        blackbox::buyer_body(&self.vat_number)
    }

    /// The same with two contacts.
    pub(crate) fn body_with_contacts(&self) -> Value {
        let mut body = self.body();
        body["contacts"] = json!([person(ERIKA), person(MAXIMILIAN)]);
        body
    }

    /// Who was shown the buyer's personal data, in entries of the table.
    pub(crate) async fn disclosures(&self, world: &World) -> Vec<Value> {
        world.behind.items(&format!("PIILOG#{}", self.buyer)).await
    }

    /// The organisation's webhook endpoints, what ever changed of them, and its receipts, as the table has them now.
    pub(crate) async fn webhooks(&self, world: &World) -> (Vec<Value>, Vec<Value>) {
        let of = |kind: &str| format!("{kind}#{}", self.organisation);
        (world.behind.items(&of("WEBHOOKS")).await, world.behind.items(&of("RECEIPT")).await)
    }

    /// As the table has it now.
    pub(crate) async fn stored(&self, world: &World) -> Stored {
        let of_buyer = world.behind.items(&format!("BUYER#{}", self.buyer)).await;
        let receipts = world.behind.items(&format!("RECEIPT#{}", self.organisation)).await;
        Stored { of_buyer, receipts }
    }
}

impl Stored {
    /// The buyer's item, if there is one.
    pub(crate) fn buyer(&self) -> Option<&Value> {
        self.of_buyer.iter().find(|item| item["sk"]["S"] == "NOW#BUYER")
    }

    /// How many items of the buyer are of that kind.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        let is = |item: &&Value| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with(prefix));
        self.of_buyer.iter().filter(is).count()
    }
}
