//! The second shape of write: read, decide, write on the condition that nothing changed in between.
//!
//! No endpoint of this version changes a buyer; the shape is proven through the storage crate, against the table
//! of the running stack.

use blackbox::{Draft, World, buyer_body, fresh_vat_number};
use domain::{Actor, Buyer, BuyerId, BuyerStatus, Cause, OrganisationId, RequestId, SellerId, Source};
use storage::{Answer, Change, Decision, Modified, ModifyBuyers, Remember, StorageError};
use tokio::task::JoinSet;
use uuid::Uuid;

async fn new_buyer(world: &World) -> (SellerId, BuyerId) {
    let api = world.organisation(Draft::new()).await;
    let created = api.upsert(&buyer_body(&fresh_vat_number())).await;
    (api.seller.parse().unwrap(), created.json["uuid"].as_str().unwrap().parse().unwrap())
}

fn cause() -> Cause {
    let actor = Actor::System { function: "test".to_owned() };
    Cause { actor, source: Source::System, request_id: RequestId::fresh(), at: storage::now() }
}

fn remember(organisation: OrganisationId, key: &str, meaning: &str) -> Remember {
    Remember::new(organisation, key.to_owned(), meaning.to_owned(), storage::now())
}

/// Appends to the company's name.
async fn rename(
    buyers: &ModifyBuyers,
    buyer: (SellerId, BuyerId),
    suffix: &str,
    remember: Option<&Remember>,
) -> Result<Modified<()>, StorageError> {
    let decide = |now: &Buyer| {
        let mut business = now.business.clone();
        business.company_name.push_str(suffix);
        Decision::Change(Box::new(Change::of_business(now, business)))
    };
    let answer = |now: &Buyer| Answer::json(200, &now.version);
    buyers.modify(buyer, &cause(), remember, decide, answer).await
}

fn version(modified: &Modified<()>) -> (&'static str, u64) {
    let number = |answer: &Answer| answer.body.as_deref().unwrap().parse().unwrap();
    match modified {
        Modified::Done(answer) => ("done", number(answer)),
        Modified::Replayed(answer) => ("replayed", number(answer)),
        Modified::KeyReused => ("reused", 0),
        Modified::Refused(()) => ("refused", 0),
        Modified::Absent => ("absent", 0),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_20_concurrent_changes_each_is_applied_once_without_a_gap_and_history_replays() {
    let world = World::shared();
    let (seller, buyer) = new_buyer(&world).await;
    let mut changes = JoinSet::new();
    for _ in 0..20 {
        let buyers = world.table().modify_buyers();
        changes.spawn(async move {
            // Who is told to come later comes later: no change is lost.
            loop {
                match rename(&buyers, (seller, buyer), "+", None).await {
                    Ok(modified) => return version(&modified).1,
                    Err(error) => assert!(error.is_temporary(), "{error}"),
                }
            }
        });
    }
    let mut versions = changes.join_all().await;
    versions.sort_unstable();
    assert_eq!(versions, (1..=20).collect::<Vec<u64>>());
    let after = world.table().read_buyers().get(seller, buyer).await.unwrap().unwrap();
    assert_eq!((after.version, after.seq), (20, 20));
    assert!(after.business.company_name.ends_with(&"+".repeat(20)), "{}", after.business.company_name);
    assert_eq!(world.operator().verify_history(buyer).await.unwrap(), Ok(21));
}

#[tokio::test]
async fn a_change_under_one_key_has_one_effect_and_one_answer() {
    let world = World::shared();
    let buyer = new_buyer(&world).await;
    let buyers = world.table().modify_buyers();
    let organisation = OrganisationId(Uuid::new_v4());
    let first = || remember(organisation, "key", "rename to X");
    assert_eq!(version(&rename(&buyers, buyer, "X", Some(&first())).await.unwrap()), ("done", 1));
    assert_eq!(version(&rename(&buyers, buyer, "Y", None).await.unwrap()), ("done", 2));
    assert_eq!(
        version(&rename(&buyers, buyer, "X", Some(&first())).await.unwrap()),
        ("replayed", 1),
        "as it was answered then"
    );
    let other = remember(organisation, "key", "rename to Z");
    assert_eq!(version(&rename(&buyers, buyer, "Z", Some(&other)).await.unwrap()), ("reused", 0));
    let after = world.table().read_buyers().get(buyer.0, buyer.1).await.unwrap().unwrap();
    assert!(after.business.company_name.ends_with("GmbHXY"), "{}", after.business.company_name);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_10_concurrent_changes_under_one_key_one_has_an_effect() {
    let world = World::shared();
    let buyer = new_buyer(&world).await;
    let organisation = OrganisationId(Uuid::new_v4());
    let mut changes = JoinSet::new();
    for _ in 0..10 {
        let buyers = world.table().modify_buyers();
        changes.spawn(async move {
            let remember = remember(organisation, "key", "rename");
            version(&rename(&buyers, buyer, "!", Some(&remember)).await.unwrap())
        });
    }
    let mut outcomes = changes.join_all().await;
    outcomes.sort_unstable();
    assert_eq!(outcomes.iter().filter(|(how, _)| *how == "done").count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|(_, version)| *version == 1), "{outcomes:?}");
    assert_eq!(world.operator().verify_history(buyer.1).await.unwrap(), Ok(2));
}

#[tokio::test]
async fn what_is_refused_kept_or_foreign_changes_nothing() {
    let world = World::shared();
    let buyer = new_buyer(&world).await;
    let buyers = world.table().modify_buyers();
    let answer = |now: &Buyer| Answer::json(200, &now.version);
    let stale = |_: &Buyer| Decision::Refuse("version-mismatch");
    let refused = buyers.modify(buyer, &cause(), None, stale, answer).await.unwrap();
    assert!(matches!(refused, Modified::Refused("version-mismatch")));

    let organisation = OrganisationId(Uuid::new_v4());
    let keep = |_: &Buyer| Decision::<()>::Keep;
    for outcome in ["done", "replayed"] {
        let remembered = remember(organisation, "key", "nothing");
        let kept = buyers.modify(buyer, &cause(), Some(&remembered), keep, answer).await.unwrap();
        assert_eq!(version(&kept), (outcome, 0), "a change that changes nothing is answered, and remembered");
    }
    let foreign = (SellerId(Uuid::new_v4()), buyer.1);
    assert_eq!(version(&rename(&buyers, foreign, "X", None).await.unwrap()), ("absent", 0));
    assert_eq!(world.operator().verify_history(buyer.1).await.unwrap(), Ok(1), "no revision was written");
}

#[tokio::test]
async fn a_status_change_moves_the_version_and_attributes_of_a_newer_version_survive() {
    let world = World::shared();
    let (seller, buyer) = new_buyer(&world).await;
    let mut item = world.behind.items(&format!("BUYER#{buyer}")).await.remove(0);
    item["fromTheFuture"] = serde_json::json!({"S": "kept"});
    world.behind.overwrite(&item).await;
    let block = |now: &Buyer| Decision::<()>::Change(Box::new(Change::of_status(now, BuyerStatus::Blocked, None)));
    let answer = |now: &Buyer| Answer::json(200, &now.version);
    let buyers = world.table().modify_buyers();
    let modified = buyers.modify((seller, buyer), &cause(), None, block, answer).await.unwrap();
    assert_eq!(version(&modified), ("done", 1));
    let item = world.behind.items(&format!("BUYER#{buyer}")).await.remove(0);
    assert_eq!((&item["status"]["S"], &item["fromTheFuture"]["S"]), (&"BLOCKED".into(), &"kept".into()));
    assert_eq!(world.operator().verify_history(buyer).await.unwrap(), Ok(2));
}
