//! What all proofs stand on: a deployment in which nothing happens by itself, and a seller with buyers.

use blackbox::{Crew, Draft, Request, World, buyer_body};
use domain::{BuyerId, CheckId, ClientId, OrganisationId, SellerId};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use uuid::Uuid;

/// Requests on their way at once.
const AT_ONCE: usize = 8;

/// A deployment, and a seller of its own in it.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) crew: Crew,
    pub(crate) seller: SellerId,
    pub(crate) organisation: OrganisationId,
    pub(crate) client: ClientId,
}

/// A check that a client was promised.
#[derive(Clone, Debug)]
pub(crate) struct Promised {
    pub(crate) buyer: BuyerId,
    pub(crate) check: CheckId,
    /// Whether this request opened it, or found it open.
    pub(crate) opened: bool,
}

impl Promised {
    /// Its item in the table.
    pub(crate) fn key(&self) -> Value {
        json!({ "pk": { "S": format!("BUYER#{}", self.buyer) }, "sk": { "S": format!("VIES#{}", self.check) } })
    }
}

impl Ground {
    /// A deployment of its own, left alone.
    pub(crate) async fn new(name: &str, parameters: &[(&str, &str)]) -> Self {
        let world = World::beside(name, parameters).await;
        world.behind.leave_alone().await;
        Self::with(Crew::of(world), Draft::new()).await
    }

    /// This organisation, in the same deployment.
    pub(crate) async fn with(crew: Crew, draft: Draft) -> Self {
        let (client, seller, organisation) = (draft.client(), draft.sellers[0], draft.organisation.uuid);
        crew.world().organisation(draft).await;
        Self { crew, seller, organisation, client }
    }

    pub(crate) fn world(&self) -> &World {
        self.crew.world()
    }

    /// A token; lives for 300 s.
    pub(crate) async fn token(&self) -> String {
        self.world().forge(&json!({ "clientId": self.client })).await
    }

    /// Creates buyers with those numbers; their ids in the same order.
    pub(crate) async fn buyers(&self, numbers: &[String]) -> Vec<BuyerId> {
        let token = self.token().await;
        let created = stream::iter(numbers).map(|number| {
            let request = self.request("upsert-buyer", &token).json(buyer_body(number));
            async move {
                let reply = self.crew.send(&request).await;
                assert_eq!(reply.status, 201, "{reply:?}");
                reply.json["uuid"].as_str().and_then(|id| id.parse::<BuyerId>().ok()).expect("a buyer has an id")
            }
        });
        created.buffered(AT_ONCE).collect().await
    }

    /// Has these buyers checked; in the same order.
    pub(crate) async fn check(&self, buyers: &[BuyerId]) -> Vec<Promised> {
        let token = self.token().await;
        let promised = stream::iter(buyers).map(|buyer| {
            let request = self.request("request-vies-check", &token).of("buyerId", *buyer);
            async move {
                let reply = self.crew.send(&request).await;
                assert_eq!(reply.status, 202, "{reply:?}");
                let check = reply.json["checkId"].as_str().and_then(|id| id.parse().ok()).expect("a check has an id");
                Promised { buyer: *buyer, check, opened: reply.json["status"] == "QUEUED" }
            }
        });
        promised.buffered(AT_ONCE).collect().await
    }

    fn request(&self, function: &str, token: &str) -> Request {
        Request::new(function, token).of("sellerId", self.seller).key(Uuid::new_v4())
    }

    /// These checks as the table has them, in the same order.
    pub(crate) async fn stored(&self, checks: &[Promised]) -> Vec<Value> {
        let behind = &self.world().behind;
        let table = behind.deployment.table_name();
        let mut found = Vec::new();
        for some in checks.chunks(100) {
            let keys: Vec<_> = some.iter().map(Promised::key).collect();
            let get = json!({ "RequestItems": { table: { "Keys": keys, "ConsistentRead": true } } });
            let mut answer = behind.aws("dynamodb", "DynamoDB_20120810.BatchGetItem", &get).await;
            let Value::Array(items) = answer["Responses"][table].take() else { panic!("{answer}") };
            for check in some {
                let is_it = |item: &&Value| item["sk"] == check.key()["sk"] && item["pk"] == check.key()["pk"];
                found.push(items.iter().find(is_it).unwrap_or_else(|| panic!("no {check:?}")).clone());
            }
        }
        found
    }
}
