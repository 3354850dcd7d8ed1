//! What is due, and cannot be read or is claimed by others.

use domain::BuyerId;
use serde_json::{Value, json};
use simulators::Scripted;
use simulators::scripted::{Answer, Step};
use storage::{Claimed, Line, Table};
use uuid::Uuid;

use crate::support::{aws, refused, scripted};

/// As many as are asked for.
const BATCH: usize = 2;

fn entry(number: u128) -> Value {
    let pk = format!("BUYER#{}", BuyerId(Uuid::from_u128(number)).0);
    json!({"pk": {"S": pk}, "sk": {"S": "REV#000000000001"}, "dueShard": {"S": "DUE#0"}, "dueAt": {"N": "1"}})
}

/// A shard with so many entries as are asked for.
fn listed() -> Step {
    let entries: Vec<_> = (0..BATCH as u128).map(entry).collect();
    Answer::json(200, &json!({"Items": entries, "Count": BATCH, "ScannedCount": BATCH})).into()
}

async fn claimed(server: &Scripted) -> Claimed {
    let outbox = Table::new(&aws(server), "t").outbox();
    outbox.claim_due(Line::Work, storage::now(), BATCH).await.expect("a shard was read")
}

#[tokio::test]
async fn a_batch_that_nobody_here_can_read_is_left_to_its_next_turn_and_what_is_behind_it_is_looked_at() {
    // A revision as a newer version may write it.
    let leased = || Step::from(Answer::json(200, &json!({"Attributes": entry(1)})));
    let server = scripted([listed(), leased(), leased()]).await;
    let found = claimed(&server).await;
    assert!(found.effects.is_empty() && found.may_be_more(BATCH));
    let updates: Vec<_> = server.played().iter().skip(1).map(|request| request.target.clone()).collect();
    assert_eq!(updates, ["DynamoDB_20120810.UpdateItem"; BATCH]);
}

#[tokio::test]
async fn a_batch_of_which_nothing_can_be_claimed_would_be_listed_again_and_again_and_ends_the_turn() {
    let lost = || Step::from(refused("ConditionalCheckFailedException", &json!({})));
    let denied = || Step::from(refused("AccessDeniedException", &json!({})));
    for script in [[listed(), lost(), lost()], [listed(), denied(), denied()]] {
        let server = scripted(script).await;
        let found = claimed(&server).await;
        assert!(found.effects.is_empty() && !found.may_be_more(BATCH));
        assert_eq!(server.played().len(), 1 + BATCH);
    }
}
