//! DynamoDB's JSON protocol over a map in memory.
//!
//! Enough for functions that keep to one table design, so that each outcome of
//! a write can be measured: items, conditions, transactions and index queries.
//! No pages, no projections, no idempotency by `ClientRequestToken`.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Value, json};

use super::expression::{Item, Substitutions};
use super::tally::Units;
use super::{KEY_ATTRIBUTES, Refusal, capacity};
use crate::template::Index;

/// Table name, partition key, sort key ("" where the table has none).
type Key = (String, String, String);

/// The items of all tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Items(BTreeMap<Key, Item>);

/// One write of a request, decided but not done.
struct Write {
    key: Key,
    /// `None` for a delete; the item itself for a bare condition check.
    new: Option<Item>,
    failed: bool,
    show_old: bool,
}

/// Carries out `operation` on `items`; what it answers and costs.
pub(crate) fn call(
    items: &mut Items,
    indexes: &[Index],
    operation: &str,
    request: &Value,
) -> (Result<Value, Refusal>, Units) {
    let mut units = Units::default();
    let answer = match operation {
        "GetItem" => items.get(request, &mut units),
        "BatchGetItem" => items.batch_get(request, &mut units),
        "TransactGetItems" => items.transact_get(request, &mut units),
        "Query" => items.query(indexes, request, &mut units),
        "PutItem" | "UpdateItem" | "DeleteItem" => items.write_one(indexes, operation, request, &mut units),
        "TransactWriteItems" => items.transact_write(indexes, request, &mut units),
        other => Err(Refusal::unknown_operation(other)),
    };
    (answer, units)
}

impl Items {
    /// The same and `item` in `table`, whatever stood there.
    pub(crate) fn with(mut self, table: &str, item: Item) -> Self {
        let [partition, sort] = KEY_ATTRIBUTES.map(|name| {
            let key = item.get(name).and_then(|key| key["S"].as_str());
            key.unwrap_or_default().to_owned()
        });
        self.0.insert((table.to_owned(), partition, sort), item);
        self
    }

    fn get(&self, request: &Value, units: &mut Units) -> Result<Value, Refusal> {
        let item = self.0.get(&key(request, &request["Key"])?);
        units.read += capacity::read(item.map_or(0, capacity::size), consistent(request));
        Ok(item.map_or(json!({}), |item| json!({ "Item": item })))
    }

    fn batch_get(&self, request: &Value, units: &mut Units) -> Result<Value, Refusal> {
        let mut found = json!({});
        for (table, wanted) in request["RequestItems"].as_object().into_iter().flatten() {
            let mut of_table = Vec::new();
            for attributes in wanted["Keys"].as_array().into_iter().flatten() {
                let item = self.0.get(&key(&json!({ "TableName": table }), attributes)?);
                units.read += capacity::read(item.map_or(0, capacity::size), consistent(wanted));
                of_table.extend(item);
            }
            found[table] = json!(of_table);
        }
        Ok(json!({ "Responses": found, "UnprocessedKeys": {} }))
    }

    fn transact_get(&self, request: &Value, units: &mut Units) -> Result<Value, Refusal> {
        let mut found = Vec::new();
        for entry in request["TransactItems"].as_array().into_iter().flatten() {
            let item = self.0.get(&key(&entry["Get"], &entry["Get"]["Key"])?);
            units.read += 2.0 * capacity::read(item.map_or(0, capacity::size), true);
            found.push(item.map_or(json!({}), |item| json!({ "Item": item })));
        }
        Ok(json!({ "Responses": found }))
    }

    fn query(&self, indexes: &[Index], request: &Value, units: &mut Units) -> Result<Value, Refusal> {
        let index = match request["IndexName"].as_str() {
            Some(name) => Some(
                indexes
                    .iter()
                    .find(|index| index.name == name)
                    .ok_or_else(|| Refusal::invalid(format!("the template has no index {name}")))?,
            ),
            None => None,
        };
        let condition = request["KeyConditionExpression"].as_str().unwrap_or_default();
        let substitutions = Substitutions::of(request);
        let mut found = Vec::new();
        for item in self.of_table(request["TableName"].as_str().unwrap_or_default()) {
            let item = match index {
                Some(index) => capacity::entry(index, item),
                None => Some(item.clone()),
            };
            match item {
                Some(item) if substitutions.holds(condition, &item).map_err(Refusal::invalid)? => found.push(item),
                _ => {}
            }
        }
        if let Some(range) = index.and_then(|index| index.keys.get(1)) {
            found.sort_by(|a, b| by_value(a.get(range), b.get(range)));
        }
        if request["ScanIndexForward"] == json!(false) {
            found.reverse();
        }
        let limit = request["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
        found.truncate(limit.unwrap_or(usize::MAX));
        units.read += capacity::read(found.iter().map(capacity::size).sum(), consistent(request));
        let scanned = found.len();
        if let Some(filter) = request["FilterExpression"].as_str() {
            let mut kept = Vec::new();
            for item in found {
                if substitutions.holds(filter, &item).map_err(Refusal::invalid)? {
                    kept.push(item);
                }
            }
            found = kept;
        }
        Ok(json!({ "Count": found.len(), "ScannedCount": scanned, "Items": found }))
    }

    fn write_one(
        &mut self,
        indexes: &[Index],
        operation: &str,
        request: &Value,
        units: &mut Units,
    ) -> Result<Value, Refusal> {
        let write = self.decide(operation.trim_end_matches("Item"), request)?;
        let old = self.0.get(&write.key).cloned();
        units.write += capacity::write(old.as_ref(), write.new.as_ref());
        if write.failed {
            return Err(Refusal::condition_failed(old.filter(|_| write.show_old)));
        }
        let attributes = match request["ReturnValues"].as_str() {
            Some("ALL_NEW" | "UPDATED_NEW") => write.new.clone(),
            Some("ALL_OLD" | "UPDATED_OLD") => old,
            _ => None,
        };
        self.apply(indexes, write, units);
        Ok(attributes.map_or(json!({}), |attributes| json!({ "Attributes": attributes })))
    }

    fn transact_write(&mut self, indexes: &[Index], request: &Value, units: &mut Units) -> Result<Value, Refusal> {
        let mut writes = Vec::new();
        for entry in request["TransactItems"].as_array().into_iter().flatten() {
            for (operation, of_entry) in entry.as_object().into_iter().flatten() {
                let write = self.decide(operation, of_entry)?;
                units.write += 2.0 * capacity::write(self.0.get(&write.key), write.new.as_ref());
                writes.push(write);
            }
        }
        if writes.iter().any(|write| write.failed) {
            let reasons = writes.iter().map(|write| {
                let old = self.0.get(&write.key).filter(|_| write.show_old);
                (write.failed, old.filter(|_| write.failed).cloned())
            });
            return Err(Refusal::transaction_cancelled(reasons.collect()));
        }
        for write in writes {
            self.apply(indexes, write, units);
        }
        Ok(json!({}))
    }

    /// What a write would do, and whether its condition lets it.
    fn decide(&self, operation: &str, request: &Value) -> Result<Write, Refusal> {
        let attributes = if operation == "Put" { &request["Item"] } else { &request["Key"] };
        let key = key(request, attributes)?;
        let old = self.0.get(&key);
        let nothing = Item::new();
        let substitutions = Substitutions::of(request);
        let failed = match request["ConditionExpression"].as_str() {
            Some(condition) => !substitutions.holds(condition, old.unwrap_or(&nothing)).map_err(Refusal::invalid)?,
            None => false,
        };
        let new = match operation {
            "Put" => attributes.as_object().cloned(),
            "Delete" => None,
            "ConditionCheck" => old.cloned(),
            // With a failed condition there may be nothing to compute with.
            "Update" if failed => old.cloned(),
            "Update" => {
                let before = old.or(attributes.as_object()).unwrap_or(&nothing);
                let update = request["UpdateExpression"].as_str().unwrap_or_default();
                Some(substitutions.updated(update, before).map_err(Refusal::invalid)?)
            }
            other => return Err(Refusal::unknown_operation(other)),
        };
        let show_old = request["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD";
        Ok(Write { key, new, failed, show_old })
    }

    fn apply(&mut self, indexes: &[Index], write: Write, units: &mut Units) {
        let old = self.0.remove(&write.key);
        for index in indexes {
            units.write += capacity::follow(index, old.as_ref(), write.new.as_ref());
        }
        if let Some(new) = write.new {
            self.0.insert(write.key, new);
        }
    }

    fn of_table(&self, table: &str) -> impl Iterator<Item = &Item> {
        let start = (table.to_owned(), String::new(), String::new());
        let range = (Bound::Included(start), Bound::Unbounded);
        self.0.range::<Key, _>(range).take_while(move |((of, ..), _)| of == table).map(|(_, item)| item)
    }
}

fn key(request: &Value, attributes: &Value) -> Result<Key, Refusal> {
    let table = request["TableName"].as_str().ok_or_else(|| Refusal::invalid("no TableName"))?;
    let [partition, sort] = KEY_ATTRIBUTES.map(|name| attributes[name]["S"].as_str());
    let partition = partition.ok_or_else(|| Refusal::invalid(format!("no partition key in {attributes}")))?;
    Ok((table.to_owned(), partition.to_owned(), sort.unwrap_or_default().to_owned()))
}

fn consistent(request: &Value) -> bool {
    request["ConsistentRead"] == json!(true)
}

fn by_value(a: Option<&Value>, b: Option<&Value>) -> std::cmp::Ordering {
    let number = |value: Option<&Value>| value?["N"].as_str()?.parse::<f64>().ok();
    let text = |value: Option<&Value>| Some(value?["S"].as_str()?.to_owned());
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => text(a).cmp(&text(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(pk: &str, extra: &Value) -> Value {
        let mut item = json!({ "pk": { "S": pk }, "sk": { "S": "NOW" } });
        for (name, value) in extra.as_object().unwrap() {
            item[name] = value.clone();
        }
        json!({
            "TableName": "t", "Item": item, "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        })
    }

    fn done(items: &mut Items, operation: &str, request: &Value) -> (Value, Units) {
        let (answer, units) = call(items, &indexes(), operation, request);
        (answer.unwrap(), units)
    }

    fn refused(items: &mut Items, operation: &str, request: &Value) -> (Value, Units) {
        let (answer, units) = call(items, &indexes(), operation, request);
        (answer.unwrap_err().body, units)
    }

    fn indexes() -> Vec<Index> {
        vec![Index { name: "due".into(), keys: vec!["shard".into(), "dueAt".into()], projected: Some(vec![]) }]
    }

    #[test]
    fn the_second_conditional_put_fails_shows_the_first_item_and_costs_the_same() {
        let mut items = Items::default();
        let (_, first) = done(&mut items, "PutItem", &put("a", &json!({ "by": { "S": "first" } })));
        let (problem, second) = refused(&mut items, "PutItem", &put("a", &json!({})));
        assert!(problem["__type"].as_str().unwrap().ends_with("ConditionalCheckFailedException"));
        assert_eq!(problem["Item"]["by"]["S"], "first");
        assert_eq!((first.write, second.write), (1.0, 1.0));
    }

    #[test]
    fn a_transaction_does_all_or_nothing_and_costs_double() {
        let mut items = Items::default();
        let both = |a: &str, b: &str| json!({ "TransactItems": [{ "Put": put(a, &json!({})) }, { "Put": put(b, &json!({})) }] });
        let (_, units) = done(&mut items, "TransactWriteItems", &both("a", "b"));
        assert_eq!((items.0.len(), units.write), (2, 4.0));
        let (problem, units) = refused(&mut items, "TransactWriteItems", &both("c", "a"));
        assert_eq!((items.0.len(), units.write), (2, 4.0));
        assert_eq!(problem["CancellationReasons"][0]["Code"], "None");
        assert_eq!(problem["CancellationReasons"][1]["Code"], "ConditionalCheckFailed");
        assert_eq!(problem["CancellationReasons"][1]["Item"]["pk"]["S"], "a");
    }

    #[test]
    fn an_index_is_queried_in_its_own_order_and_its_entries_cost_writes() {
        let mut items = Items::default();
        for (pk, due) in [("a", "10"), ("b", "9"), ("c", "100")] {
            let extra = json!({ "shard": { "S": "0" }, "dueAt": { "N": due }, "big": { "S": "x".repeat(2000) } });
            let (_, units) = done(&mut items, "PutItem", &put(pk, &extra));
            assert_eq!(units.write, 3.0, "two for the item, one for the entry");
        }
        done(&mut items, "PutItem", &put("not due", &json!({})));
        let (found, units) = done(
            &mut items,
            "Query",
            &json!({
                "TableName": "t", "IndexName": "due", "KeyConditionExpression": "shard = :s AND dueAt <= :now",
                "ExpressionAttributeValues": { ":s": { "S": "0" }, ":now": { "N": "99" } },
            }),
        );
        let keys: Vec<_> = found["Items"].as_array().unwrap().iter().map(|item| item["pk"]["S"].clone()).collect();
        assert_eq!(keys, ["b", "a"]);
        assert_eq!(found["Items"][0].get("big"), None);
        assert_eq!(units.read, 0.5);
    }

    #[test]
    fn a_batch_reads_each_item_at_its_own_price() {
        let mut items = Items::default();
        done(&mut items, "PutItem", &put("a", &json!({ "big": { "S": "x".repeat(5000) } })));
        let keys = ["a", "absent"].map(|pk| json!({ "pk": { "S": pk }, "sk": { "S": "NOW" } }));
        let request = json!({ "RequestItems": { "t": { "Keys": keys, "ConsistentRead": true } } });
        let (found, units) = done(&mut items, "BatchGetItem", &request);
        assert_eq!(found["Responses"]["t"].as_array().unwrap().len(), 1);
        assert_eq!(units.read, 3.0);
    }

    #[test]
    fn an_update_of_nothing_makes_an_item_with_its_key() {
        let mut items = Items::default();
        let request = json!({
            "TableName": "limits", "Key": { "pk": { "S": "ORG#1" } }, "UpdateExpression": "ADD hits :one",
            "ExpressionAttributeValues": { ":one": { "N": "1" } }, "ReturnValues": "ALL_NEW",
        });
        done(&mut items, "UpdateItem", &request);
        let (answer, _) = done(&mut items, "UpdateItem", &request);
        assert_eq!(answer["Attributes"], json!({ "pk": { "S": "ORG#1" }, "hits": { "N": "2" } }));
    }
}
