//! The table's stream, read by the test itself as Lambda reads it for `relay-outbox`.

use serde_json::{Value, json};

use crate::Behind;

/// A place in the stream of a deployment's table.
pub struct Stream<'b> {
    behind: &'b Behind,
    iterator: Value,
}

impl Behind {
    /// The stream from its oldest record on.
    ///
    /// # Panics
    /// When the table has none.
    pub async fn stream(&self) -> Stream<'_> {
        let table = json!({ "TableName": self.deployment.table_name() });
        let table = self.aws("dynamodb", "DynamoDB_20120810.DescribeTable", &table).await;
        let stream = json!({ "StreamArn": table["Table"]["LatestStreamArn"] });
        let described = self.aws("dynamodb", "DynamoDBStreams_20120810.DescribeStream", &stream).await;
        let shards = described["StreamDescription"]["Shards"].as_array().expect("a stream has shards");
        let [shard] = &shards[..] else { panic!("the emulator's streams have one shard: {shards:?}") };
        let from = json!({
            "StreamArn": stream["StreamArn"],
            "ShardId": shard["ShardId"],
            "ShardIteratorType": "TRIM_HORIZON"
        });
        let answer = self.aws("dynamodb", "DynamoDBStreams_20120810.GetShardIterator", &from).await;
        Stream { behind: self, iterator: answer["ShardIterator"].clone() }
    }
}

impl Stream<'_> {
    /// The records that `relay-outbox` gets, of those since the last time this was asked.
    pub async fn next(&mut self) -> Vec<Value> {
        let mut found = Vec::new();
        loop {
            let get = json!({ "ShardIterator": self.iterator });
            let mut answer = self.behind.aws("dynamodb", "DynamoDBStreams_20120810.GetRecords", &get).await;
            self.iterator = answer["NextShardIterator"].take();
            let Value::Array(records) = answer["Records"].take() else { return found };
            if records.is_empty() {
                return found;
            }
            found.extend(records.into_iter().filter(is_of_the_relay));
        }
    }
}

/// What the template's filter says: a new revision with an effect, or a new errand.
fn is_of_the_relay(record: &Value) -> bool {
    let image = &record["dynamodb"]["NewImage"];
    let begins = |key: &str, prefix: &str| image[key]["S"].as_str().is_some_and(|text| text.starts_with(prefix));
    let is_effect = begins("sk", "REV#") && image["effect"]["S"].is_string();
    record["eventName"] == "INSERT" && (is_effect || begins("pk", "ERRAND#"))
}
