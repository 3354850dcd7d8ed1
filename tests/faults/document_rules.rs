//! What holds of a buyer's documents at every instant, whatever went wrong (guarantees 3 and 5 of the design).

use std::collections::BTreeSet;

use aws::Aws;
use blackbox::World;
use domain::BuyerId;
use objects::{Documents, Incoming, ObjectsError};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ground::{Ground, Stored};

/// The buckets of a deployment.
pub(crate) struct Buckets {
    documents: Documents,
    incoming: Incoming,
}

impl Buckets {
    pub(crate) fn of(world: &World) -> Self {
        let aws = Aws::local(&world.stack.aws_endpoint, &world.stack.region);
        let incoming = world.behind.deployment.buckets.get("IncomingBucket").expect("a bucket where bytes arrive");
        Self { documents: world.documents(), incoming: Incoming::new(&aws, incoming) }
    }

    /// Whether bytes wait under this key to be registered.
    pub(crate) async fn has_arrived(&self, key: &str) -> bool {
        match self.incoming.open(key).await {
            Ok(_) => true,
            Err(ObjectsError::Gone) => false,
            Err(error) => panic!("{key}: {error}"),
        }
    }

    /// No document without its bytes; of each type at most one that is neither superseded nor archived, and that is
    /// where the type's pointer leads; a history that verifies. What is stored now.
    pub(crate) async fn check(&self, world: &World, ground: &Ground, name: &str) -> Stored {
        let stored = ground.stored(world).await;
        let documents = of_kind(&stored, "DOC#");
        for document in &documents {
            let bytes = self.documents.read(text(document, "object")).await;
            let bytes = bytes.unwrap_or_else(|error| panic!("{name}: a document without bytes: {error}"));
            let sha256 = hex::encode(Sha256::digest(&bytes));
            assert_eq!((sha256.as_str(), bytes.len().to_string().as_str()), said(document), "{name}: other bytes");
        }
        let counting = documents.iter().filter(|document| counts(document));
        let counting: Vec<_> = counting.map(|document| (text(document, "type"), text(document, "uuid"))).collect();
        let types: BTreeSet<_> = counting.iter().map(|(kind, _)| kind).collect();
        assert_eq!(types.len(), counting.len(), "{name}: two of a type count: {counting:?}");
        let pointers = of_kind(&stored, "NOW#ACTIVE#");
        let pointers = pointers.iter().map(|item| (&text(item, "sk")["NOW#ACTIVE#".len()..], text(item, "document")));
        assert_eq!(pointers.collect::<BTreeSet<_>>(), counting.into_iter().collect(), "{name}: pointers, documents");
        let verified = verify(world, ground.buyer).await;
        assert_eq!(verified, stored.count("REV#") as u64, "{name}: revisions");
        stored
    }
}

async fn verify(world: &World, buyer: BuyerId) -> u64 {
    world.operator().verify_history(buyer).await.expect("it has a history").expect("an unbroken history")
}

/// The items of the buyer of that kind.
pub(crate) fn of_kind<'s>(stored: &'s Stored, prefix: &str) -> Vec<&'s Value> {
    stored.of_buyer.iter().filter(|item| text(item, "sk").starts_with(prefix)).collect()
}

/// An attribute that is text; empty when there is none.
pub(crate) fn text<'i>(item: &'i Value, attribute: &str) -> &'i str {
    item[attribute]["S"].as_str().unwrap_or_default()
}

fn counts(document: &Value) -> bool {
    document.get("supersededAt").is_none() && document.get("archivedAt").is_none()
}

/// Hash and length, as the record has them.
fn said(document: &Value) -> (&str, &str) {
    (text(document, "sha256"), document["size"]["N"].as_str().unwrap_or_default())
}
