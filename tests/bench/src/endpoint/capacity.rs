//! What a call costs in capacity units, by DynamoDB's published rules.
//!
//! Developer guide, "DynamoDB item sizes and formats" and "read and write
//! operations": a write is one unit for each started KB of the larger of the
//! old and the new item, also when its condition fails, and double in a
//! transaction; a read is half a unit (consistent: one) for each started 4 KB.
//! Index entries are written apart from the transaction and count once.

use serde_json::Value;

use super::expression::Item;
use crate::template::Index;

const KILOBYTE: usize = 1024;

/// Units to write, where `old` or `new` may be absent.
pub(crate) fn write(old: Option<&Item>, new: Option<&Item>) -> f64 {
    units(size_of(old).max(size_of(new)), KILOBYTE)
}

/// Units to read `bytes` at once.
pub(crate) fn read(bytes: usize, consistent: bool) -> f64 {
    units(bytes, 4 * KILOBYTE) * if consistent { 1.0 } else { 0.5 }
}

/// Units that `index` needs to follow the change from `old` to `new`.
pub(crate) fn follow(index: &Index, old: Option<&Item>, new: Option<&Item>) -> f64 {
    let entry = |item: Option<&Item>| item.and_then(|item| entry(index, item));
    match (entry(old), entry(new)) {
        (None, None) => 0.0,
        (Some(old), Some(new)) if old == new => 0.0,
        (Some(old), Some(new)) if same_keys(index, &old, &new) => write(Some(&old), Some(&new)),
        // Moved: one entry goes, another comes.
        (old, new) => [old, new].iter().flatten().map(|entry| write(Some(entry), None)).sum(),
    }
}

/// What `index` holds of `item`: nothing, if a key attribute is missing.
pub(crate) fn entry(index: &Index, item: &Item) -> Option<Item> {
    index.keys.iter().all(|key| item.contains_key(key)).then(|| {
        let Some(projected) = &index.projected else { return item.clone() };
        let kept = |name: &String| {
            index.keys.contains(name) || projected.contains(name) || super::KEY_ATTRIBUTES.contains(&&**name)
        };
        item.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    })
}

/// Names and values in bytes.
pub(crate) fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn size_of(item: Option<&Item>) -> usize {
    item.map_or(0, size)
}

/// At least one: reading or writing nothing costs as much as something small.
#[expect(clippy::cast_precision_loss, reason = "items have at most 400 KB")]
fn units(bytes: usize, unit: usize) -> f64 {
    bytes.div_ceil(unit).max(1) as f64
}

fn same_keys(index: &Index, old: &Item, new: &Item) -> bool {
    index.keys.iter().all(|key| old.get(key) == new.get(key))
}

fn value_size(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|typed| typed.iter().next()) else { return 0 };
    let elements = || value.as_array().into_iter().flatten();
    match &**kind {
        "S" => value.as_str().map_or(0, str::len),
        "N" => number_size(value),
        "B" => binary_size(value),
        "SS" => elements().filter_map(Value::as_str).map(str::len).sum(),
        "NS" => elements().map(number_size).sum(),
        "BS" => elements().map(binary_size).sum(),
        // 3 bytes for the container and one for each element.
        "L" => 3 + elements().map(|element| 1 + value_size(element)).sum::<usize>(),
        "M" => value.as_object().map_or(0, |map| 3 + map.len() + size(map)),
        _ => 1, // BOOL, NULL
    }
}

/// "Approximately": a byte for two significant digits, one more, one for the sign.
fn number_size(value: &Value) -> usize {
    let digits = value.as_str().unwrap_or_default();
    let bare = digits.trim_start_matches('-').replace('.', "");
    let significant = bare.trim_start_matches('0').trim_end_matches('0').len();
    significant.div_ceil(2) + 1 + usize::from(digits.starts_with('-'))
}

/// Base64 on the wire, bytes on the disk.
fn binary_size(value: &Value) -> usize {
    value.as_str().map_or(0, |base64| base64.trim_end_matches('=').len() * 3 / 4)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item_of(bytes: usize) -> Item {
        // Name `a` is the first byte.
        json!({ "a": { "S": "x".repeat(bytes - 1) } }).as_object().unwrap().clone()
    }

    #[test]
    fn each_started_kilobyte_of_the_larger_item_is_a_unit() {
        assert_eq!(write(None, Some(&item_of(1024))), 1.0);
        assert_eq!(write(None, Some(&item_of(1025))), 2.0);
        assert_eq!(write(Some(&item_of(3000)), Some(&item_of(10))), 3.0);
        assert_eq!(write(None, None), 1.0);
    }

    #[test]
    fn each_started_4_kilobytes_are_half_a_unit_or_a_whole_consistent_one() {
        assert_eq!(read(4096, false), 0.5);
        assert_eq!(read(4097, false), 1.0);
        assert_eq!(read(4097, true), 2.0);
        assert_eq!(read(0, true), 1.0);
    }

    #[test]
    fn sizes_follow_the_published_rules() {
        let item = json!({
            "name": { "S": "Müller" },                       // 4 + 7
            "n": { "N": "-12345" },                          // 1 + 3 + 1 + 1
            "yes": { "BOOL": true },                         // 3 + 1
            "bytes": { "B": "AAECAw==" },                    // 5 + 4
            "list": { "L": [{ "S": "ab" }, { "NULL": true }] }, // 4 + 3 + 3 + 2
            "map": { "M": { "k": { "S": "v" } } },           // 3 + 3 + 1 + 2
        });
        assert_eq!(size(item.as_object().unwrap()), 11 + 6 + 4 + 9 + 12 + 9);
    }

    #[test]
    fn an_index_costs_what_changes_in_it() {
        let index = Index { name: "due".into(), keys: vec!["dueAt".into()], projected: Some(vec![]) };
        let item = |value: Value| value.as_object().unwrap().clone();
        let (none, due) =
            (item(json!({ "pk": { "S": "a" } })), item(json!({ "pk": { "S": "a" }, "dueAt": { "N": "1" } })));
        let (later, renamed) = (
            item(json!({ "pk": { "S": "a" }, "dueAt": { "N": "2" } })),
            item(json!({ "pk": { "S": "a" }, "dueAt": { "N": "1" }, "name": { "S": "b" } })),
        );
        assert_eq!(follow(&index, None, Some(&none)), 0.0);
        assert_eq!(follow(&index, None, Some(&due)), 1.0);
        assert_eq!(follow(&index, Some(&due), Some(&renamed)), 0.0, "not projected");
        assert_eq!(follow(&index, Some(&due), Some(&later)), 2.0, "one out, one in");
        assert_eq!(follow(&index, Some(&due), Some(&none)), 1.0);
    }
}
