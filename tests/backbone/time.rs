//! Time passes: whatever the index `due` holds for later is moved to now. Waiting for it would take minutes to hours.

use domain::Instant;
use serde_json::{Value, json};

use crate::ground::Ground;

/// Shards of the index, of work and of checks of the day.
const SHARDS: usize = 8;

/// All that is in the index: key and time.
pub(crate) async fn due(ground: &Ground) -> Vec<Value> {
    let behind = &ground.world().behind;
    let mut found = Vec::new();
    for shard in (0..SHARDS).flat_map(|shard| [format!("DUE#{shard}"), format!("DUE#DAILY#{shard}")]) {
        let query = json!({
            "TableName": behind.deployment.table_name(),
            "IndexName": "due",
            "KeyConditionExpression": "dueShard = :shard",
            "ExpressionAttributeValues": { ":shard": { "S": shard } }
        });
        let answer = behind.aws("dynamodb", "DynamoDB_20120810.Query", &query).await;
        found.extend(answer["Items"].as_array().cloned().unwrap_or_default());
    }
    found
}

/// Brings these entries forward, each if nobody else moved it meanwhile; those that are due already stay.
pub(crate) async fn pass(ground: &Ground, entries: impl IntoIterator<Item = Value>) {
    let behind = &ground.world().behind;
    let now = storage::now();
    for entry in entries {
        let at: i64 = entry["dueAt"]["N"].as_str().and_then(|at| at.parse().ok()).expect("an entry has its time");
        if at <= now.millis() {
            continue;
        }
        let past = Instant::from_millis(now.millis() - 1);
        // A check also says itself not before when it may be tried.
        let is_check = entry["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("VIES#"));
        let also = if is_check { ", nextAttemptAt = :instant" } else { "" };
        let mut values = json!({ ":seen": entry["dueAt"], ":past": { "N": past.millis().to_string() } });
        if is_check {
            values[":instant"] = json!({ "S": past.to_string() });
        }
        let update = json!({
            "TableName": behind.deployment.table_name(),
            "Key": { "pk": entry["pk"], "sk": entry["sk"] },
            "UpdateExpression": format!("SET dueAt = :past{also}"),
            "ConditionExpression": "dueAt = :seen",
            "ExpressionAttributeValues": values
        });
        if let Err(refusal) = behind.try_aws("dynamodb", "DynamoDB_20120810.UpdateItem", &update).await {
            assert!(refusal.contains("ConditionalCheckFailed"), "{refusal}");
        }
    }
}
