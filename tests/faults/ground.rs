//! What a case stands on: an organisation, a seller and a buyer's number of its own, and what the table holds of them.

use blackbox::{Api, Draft, Request, World, fresh_vat_number};
use domain::{BuyerId, OrganisationId, SellerId, VatNumber};
use serde_json::{Value, json};

/// Who calls, and about which buyer.
pub(crate) struct Ground {
    organisation: OrganisationId,
    seller: SellerId,
    token: String,
    vat_number: String,
    pub(crate) buyer: BuyerId,
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
        Self { organisation, seller, token, vat_number, buyer }
    }

    /// A request about the seller's buyers, under this key.
    pub(crate) fn request(&self, function: &str, key: &str) -> Request {
        Request::new(function, &self.token).of("sellerId", self.seller).key(key)
    }

    /// A request about the buyer, under this key.
    pub(crate) fn about_buyer(&self, function: &str, key: &str) -> Request {
        self.request(function, key).of("buyerId", self.buyer)
    }

    /// The body of an upsert.
    pub(crate) fn body(&self) -> Value {
        blackbox::buyer_body(&self.vat_number)
    }

    /// The same with two contacts.
    pub(crate) fn body_with_contacts(&self) -> Value {
        let mut body = self.body();
        body["contacts"] = json!([
            {"firstName": "Erika", "lastName": "Muster", "email": "erika@example.org"},
            {"firstName": "Max", "lastName": "Muster", "email": "max@example.org", "phone": "+49 40 123"}
        ]);
        body
    }

    /// As the table has it now.
    pub(crate) async fn stored(&self, world: &World) -> Stored {
        let of_buyer = world.behind.items(&format!("BUYER#{}", self.buyer)).await;
        let receipts = world.behind.items(&format!("RECEIPT#{}", self.organisation)).await;
        Stored { of_buyer, receipts }
    }
}

impl Stored {
    /// How many items of the buyer are of that kind.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        let is = |item: &&Value| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with(prefix));
        self.of_buyer.iter().filter(is).count()
    }
}
