//! Time passes: whatever the index `due` holds for later is moved to now. Waiting for it would take minutes to days.

use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use domain::Instant;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::chaos::{Chaos, Dice};
use crate::ground::Ground;
use crate::ways::Way;

/// Entries of the index that are brought forward at a time.
const SOME: usize = 12;
/// Longest time until nothing is left to do.
const PATIENCE: Duration = Duration::from_mins(10);
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
        let key = json!({ "pk": entry["pk"], "sk": entry["sk"] });
        let get = json!({ "TableName": behind.deployment.table_name(), "Key": key, "ConsistentRead": true });
        let item = behind.aws("dynamodb", "DynamoDB_20120810.GetItem", &get).await["Item"].take();
        let mut set = json!({ ":seen": entry["dueAt"], ":dueAt": { "N": past.millis().to_string() } });
        for (attribute, at) in times(&item, past) {
            set[format!(":{attribute}")] = json!({ "S": at.to_string() });
        }
        let named = set.as_object().into_iter().flatten().filter_map(|(name, _)| name.strip_prefix(':'));
        let named = named.filter(|name| *name != "seen").map(|name| format!("{name} = :{name}"));
        let update = json!({
            "TableName": behind.deployment.table_name(),
            "Key": key,
            "UpdateExpression": format!("SET {}", named.collect::<Vec<_>>().join(", ")),
            "ConditionExpression": "dueAt = :seen",
            "ExpressionAttributeValues": set
        });
        if let Err(refusal) = behind.try_aws("dynamodb", "DynamoDB_20120810.UpdateItem", &update).await {
            assert!(refusal.contains("ConditionalCheckFailed"), "{refusal}");
        }
    }
}

/// The other times of an item that are to be in the past. Checks and deliveries say themselves not before when they may be
/// tried, and the retries of a delivery count from its first attempt.
fn times(item: &Value, past: Instant) -> Vec<(&'static str, Instant)> {
    let time = |name: &str| -> Option<Instant> { item[name]["S"].as_str()?.parse().ok() };
    let Some(next) = time("nextAttemptAt").filter(|next| *next > past) else { return Vec::new() };
    let passed = next.millis() - past.millis();
    let first =
        time("firstAttemptAt").filter(|_| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("DELIVERY#")));
    let first = first.map(|first| ("firstAttemptAt", Instant::from_millis(first.millis() - passed)));
    [Some(("nextAttemptAt", past)), first].into_iter().flatten().collect()
}

/// As long as things go wrong, some of what waits for its time gets it, again and again: few enough that run-due is
/// done with them soon, and can be killed over the next ones.
pub(crate) async fn goes_by(ground: Ground, chaos: Arc<Chaos>) {
    let mut dice = Dice::of(chaos.seed, 3);
    while !chaos.is_calm() {
        let mut entries = due(&ground).await;
        dice.shuffle(&mut entries);
        pass(&ground, entries.into_iter().take(SOME)).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // Not to be taken for one that failed.
    std::future::pending::<()>().await;
}

/// Nothing goes wrong any more, and time passes whenever nothing else moves on: until there is nothing left to do.
pub(crate) async fn settle(ground: &Ground, ways: &[Way], actors: &mut JoinSet<()>) {
    let (begun, mut quiet) = (Stopwatch::now(), 0);
    while quiet < 3 {
        fail_with(actors);
        let due = due(ground).await;
        let mut messages = 0;
        for way in ways {
            messages += way.messages().await;
        }
        quiet = if due.is_empty() && messages == 0 { quiet + 1 } else { 0 };
        assert!(begun.elapsed() < PATIENCE, "there always is something left to do: {messages} messages, {due:?}");
        if messages == 0 {
            pass(ground, due).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    println!("nothing left to do after {:?}", begun.elapsed());
}

/// Whoever panicked is heard.
pub(crate) fn fail_with(actors: &mut JoinSet<()>) {
    while let Some(ended) = actors.try_join_next() {
        ended.expect("everybody goes on until the end");
    }
}
