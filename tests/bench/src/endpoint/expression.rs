//! DynamoDB's expressions: conditions, key conditions, filters and updates.
//!
//! As much of the grammar as a table with one aggregate per partition uses:
//! no list indexes, no set deletion, no `attribute_type`. What is not known is
//! an error, so that a gap shows as a failed call and not as a wrong answer.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

/// Attribute name → typed value, as in the JSON protocol.
pub(crate) type Item = Map<String, Value>;

/// The substitutions of one request: `ExpressionAttributeNames` and `…Values`.
pub(crate) struct Substitutions<'a> {
    request: &'a Value,
}

impl<'a> Substitutions<'a> {
    /// Of a request, or of one entry of a transaction.
    pub(crate) fn of(request: &'a Value) -> Self {
        Self { request }
    }

    /// Whether `item` meets the condition `expression`.
    pub(crate) fn holds(&self, expression: &str, item: &Item) -> Result<bool, String> {
        let mut reader = Reader::new(expression, self);
        let holds = reader.alternatives(item)?;
        reader.end()?;
        Ok(holds)
    }

    /// `item` after the update `expression`.
    pub(crate) fn updated(&self, expression: &str, item: &Item) -> Result<Item, String> {
        let mut reader = Reader::new(expression, self);
        let mut updated = item.clone();
        while let Some(clause) = reader.take() {
            loop {
                reader.change(&clause.to_uppercase(), item, &mut updated)?;
                if !reader.accept(",") {
                    break;
                }
            }
        }
        Ok(updated)
    }

    fn value(&self, name: &str) -> Result<Value, String> {
        let value = &self.request["ExpressionAttributeValues"][name];
        if value.is_null() { Err(format!("no value for {name}")) } else { Ok(value.clone()) }
    }

    /// The segments of a path, names substituted.
    fn path(&self, path: &str) -> Vec<String> {
        let names = &self.request["ExpressionAttributeNames"];
        path.split('.').map(|part| names[part].as_str().unwrap_or(part).to_owned()).collect()
    }
}

struct Reader<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<String>>,
    substitutions: &'a Substitutions<'a>,
}

impl<'a> Reader<'a> {
    fn new(expression: &str, substitutions: &'a Substitutions<'a>) -> Self {
        Self { tokens: tokens(expression).into_iter().peekable(), substitutions }
    }

    fn take(&mut self) -> Option<String> {
        self.tokens.next()
    }

    fn must_take(&mut self) -> Result<String, String> {
        self.take().ok_or_else(|| "the expression ends too early".to_owned())
    }

    fn accept(&mut self, token: &str) -> bool {
        self.tokens.next_if(|next| next.eq_ignore_ascii_case(token)).is_some()
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.accept(token) { Ok(()) } else { Err(format!("expected {token} before {:?}", self.tokens.peek())) }
    }

    fn end(&mut self) -> Result<(), String> {
        self.take().map_or(Ok(()), |token| Err(format!("unexpected {token}")))
    }

    // Conditions. Both sides are always read, whatever the first one said.

    fn alternatives(&mut self, item: &Item) -> Result<bool, String> {
        let mut holds = self.conjunction(item)?;
        while self.accept("OR") {
            holds |= self.conjunction(item)?;
        }
        Ok(holds)
    }

    fn conjunction(&mut self, item: &Item) -> Result<bool, String> {
        let mut holds = self.condition(item)?;
        while self.accept("AND") {
            holds &= self.condition(item)?;
        }
        Ok(holds)
    }

    fn condition(&mut self, item: &Item) -> Result<bool, String> {
        if self.accept("NOT") {
            return Ok(!self.condition(item)?);
        }
        if self.accept("(") {
            let holds = self.alternatives(item)?;
            self.expect(")")?;
            return Ok(holds);
        }
        for function in ["attribute_exists", "attribute_not_exists", "begins_with", "contains"] {
            if self.accept(function) {
                return self.predicate(function, item);
            }
        }
        self.comparison(item)
    }

    fn predicate(&mut self, function: &str, item: &Item) -> Result<bool, String> {
        self.expect("(")?;
        let subject = self.operand(item)?;
        let holds = match function {
            "attribute_exists" => subject.is_some(),
            "attribute_not_exists" => subject.is_none(),
            _ => {
                self.expect(",")?;
                let (subject, part) = (text(subject.as_ref()), self.operand(item)?);
                match (subject, text(part.as_ref())) {
                    (Some(subject), Some(part)) if function == "begins_with" => subject.starts_with(part),
                    (Some(subject), Some(part)) => subject.contains(part),
                    _ => false,
                }
            }
        };
        self.expect(")")?;
        Ok(holds)
    }

    fn comparison(&mut self, item: &Item) -> Result<bool, String> {
        let left = self.operand(item)?;
        let operator = self.must_take()?.to_uppercase();
        match &*operator {
            "BETWEEN" => {
                let low = self.operand(item)?;
                self.expect("AND")?;
                let high = self.operand(item)?;
                Ok(order(left.as_ref(), low.as_ref()).is_some_and(Ordering::is_ge)
                    && order(left.as_ref(), high.as_ref()).is_some_and(Ordering::is_le))
            }
            "IN" => {
                self.expect("(")?;
                let mut holds = false;
                loop {
                    holds |= self.operand(item)? == left;
                    if !self.accept(",") {
                        break;
                    }
                }
                self.expect(")")?;
                Ok(holds && left.is_some())
            }
            _ => {
                let right = self.operand(item)?;
                let order = order(left.as_ref(), right.as_ref());
                match &*operator {
                    "=" => Ok(order == Some(Ordering::Equal) || (left.is_some() && left == right)),
                    "<>" => Ok(order != Some(Ordering::Equal) && left != right),
                    "<" => Ok(order.is_some_and(Ordering::is_lt)),
                    "<=" => Ok(order.is_some_and(Ordering::is_le)),
                    ">" => Ok(order.is_some_and(Ordering::is_gt)),
                    ">=" => Ok(order.is_some_and(Ordering::is_ge)),
                    other => Err(format!("unknown operator {other}")),
                }
            }
        }
    }

    fn operand(&mut self, item: &Item) -> Result<Option<Value>, String> {
        let token = self.must_take()?;
        if token.starts_with(':') {
            return self.substitutions.value(&token).map(Some);
        }
        if token == "size" && self.accept("(") {
            let subject = self.operand(item)?;
            self.expect(")")?;
            return Ok(subject.map(|subject| json!({ "N": length(&subject).to_string() })));
        }
        Ok(get(item, &self.substitutions.path(&token)).cloned())
    }

    // Updates. Right sides see the item as it was before the whole update.

    fn change(&mut self, clause: &str, before: &Item, updated: &mut Item) -> Result<(), String> {
        let token = self.must_take()?;
        let path = self.substitutions.path(&token);
        match clause {
            "SET" => {
                self.expect("=")?;
                let mut value = self.assigned(before)?;
                for (sign, factor) in [("+", 1.0), ("-", -1.0)] {
                    if self.accept(sign) {
                        let change = self.assigned(before)?;
                        value = json!({ "N": (number(&value)? + factor * number(&change)?).to_string() });
                    }
                }
                set(updated, &path, value)
            }
            "REMOVE" => {
                if let [parents @ .., last] = &path[..]
                    && let Some(map) = map_at(updated, parents)
                {
                    map.remove(last);
                }
                Ok(())
            }
            "ADD" => {
                let change = self.assigned(before)?;
                let old = get(before, &path).map_or(Ok(0.0), number)?;
                set(updated, &path, json!({ "N": (old + number(&change)?).to_string() }))
            }
            other => Err(format!("unknown update clause {other}")),
        }
    }

    fn assigned(&mut self, before: &Item) -> Result<Value, String> {
        let value = if self.accept("if_not_exists") {
            self.expect("(")?;
            let present = self.operand(before)?;
            self.expect(",")?;
            let otherwise = self.assigned(before)?;
            self.expect(")")?;
            Some(present.unwrap_or(otherwise))
        } else {
            self.operand(before)?
        };
        value.ok_or_else(|| "an update reads an attribute that does not exist".to_owned())
    }
}

/// Words (with their `#`, `:` and dots), operators, brackets and commas.
fn tokens(expression: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut previous = None;
    for character in expression.chars() {
        let kind = match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '#' | ':' | '.' => Some('w'),
            '<' | '>' | '=' => Some('o'),
            _ if character.is_whitespace() => None,
            _ => Some('1'), // stands alone
        };
        match (kind, tokens.last_mut()) {
            (Some('w' | 'o'), Some(last)) if kind == previous => last.push(character),
            (Some(_), _) => tokens.push(character.into()),
            (None, _) => {}
        }
        previous = kind;
    }
    tokens
}

fn get<'a>(item: &'a Item, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(item.get(first)?, |value, part| value.get("M")?.get(part))
}

fn map_at<'a>(item: &'a mut Item, path: &[String]) -> Option<&'a mut Item> {
    path.iter().try_fold(item, |map, part| map.get_mut(part)?.get_mut("M")?.as_object_mut())
}

fn set(item: &mut Item, path: &[String], value: Value) -> Result<(), String> {
    let (last, parents) = path.split_last().ok_or("an empty path")?;
    map_at(item, parents).ok_or("a path through something that is no map")?.insert(last.clone(), value);
    Ok(())
}

fn text(value: Option<&Value>) -> Option<&str> {
    let value = value?;
    value.get("S").or_else(|| value.get("B"))?.as_str()
}

fn number(value: &Value) -> Result<f64, String> {
    value["N"].as_str().and_then(|digits| digits.parse().ok()).ok_or_else(|| format!("{value} is no number"))
}

/// Only values of the same type have an order.
fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    let (left, right) = (left?, right?);
    match (number(left), number(right)) {
        (Ok(left), Ok(right)) => left.partial_cmp(&right),
        _ => Some(text(Some(left))?.cmp(text(Some(right))?)),
    }
}

fn length(value: &Value) -> usize {
    match value.as_object().and_then(|typed| typed.values().next()) {
        Some(Value::String(text)) => text.len(),
        Some(Value::Array(list)) => list.len(),
        Some(Value::Object(map)) => map.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(value: &Value) -> Item {
        value.as_object().unwrap().clone()
    }

    fn holds(expression: &str, of: &Value) -> bool {
        let request = json!({
            "ExpressionAttributeNames": { "#s": "status" },
            "ExpressionAttributeValues": {
                ":now": { "N": "100" }, ":nine": { "N": "9" }, ":open": { "S": "OPEN" }, ":rev": { "S": "REV#" },
            },
        });
        Substitutions::of(&request).holds(expression, &item(of)).unwrap()
    }

    #[test]
    fn not_exists_or_expired_is_read_as_written() {
        let condition = "attribute_not_exists(pk) OR expiresAt <= :now";
        assert!(holds(condition, &json!({})));
        assert!(holds(condition, &json!({ "pk": { "S": "a" }, "expiresAt": { "N": "99" } })));
        assert!(!holds(condition, &json!({ "pk": { "S": "a" }, "expiresAt": { "N": "101" } })));
    }

    #[test]
    fn and_binds_tighter_than_or_and_brackets_tighter_than_both() {
        let open = json!({ "status": { "S": "OPEN" } });
        assert!(holds("#s = :open OR #s = :rev AND #s = :rev", &open));
        assert!(!holds("(#s = :open OR #s = :rev) AND #s = :rev", &open));
        assert!(holds("NOT #s = :rev AND #s IN (:rev, :open)", &open));
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(holds("seq > :nine", &json!({ "seq": { "N": "10" } })));
        assert!(holds("seq BETWEEN :nine AND :now", &json!({ "seq": { "N": "10" } })));
    }

    #[test]
    fn a_key_condition_can_take_a_prefix() {
        assert!(holds(
            "pk = :open AND begins_with(sk, :rev)",
            &json!({ "pk": { "S": "OPEN" }, "sk": { "S": "REV#1" } })
        ));
        assert!(!holds(
            "pk = :open AND begins_with(sk, :rev)",
            &json!({ "pk": { "S": "OPEN" }, "sk": { "S": "NOW" } })
        ));
    }

    #[test]
    fn an_absent_attribute_equals_nothing() {
        assert!(!holds("absent = :open", &json!({})));
        assert!(holds("absent <> :open", &json!({})));
        assert!(!holds("absent = missing", &json!({})));
    }

    #[test]
    fn an_update_sets_adds_and_removes_and_reads_the_old_item() {
        let request = json!({
            "ExpressionAttributeNames": { "#d": "dueAt" },
            "ExpressionAttributeValues": { ":one": { "N": "1" }, ":name": { "S": "ACME" }, ":zero": { "N": "0" } },
        });
        let before = item(&json!({ "seq": { "N": "4" }, "dueAt": { "N": "7" }, "a": { "M": {} } }));
        let expression = "SET seq = seq + :one, a.city = :name, tries = if_not_exists(tries, :zero) + :one, was = seq \
                          REMOVE #d, absent ADD hits :one";
        let after = Substitutions::of(&request).updated(expression, &before).unwrap();
        let expected = json!({
            "seq": { "N": "5" }, "a": { "M": { "city": { "S": "ACME" } } }, "tries": { "N": "1" }, "was": { "N": "4" },
            "hits": { "N": "1" },
        });
        assert_eq!(Value::Object(after), expected);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let request = json!({});
        let substitutions = Substitutions::of(&request);
        assert!(substitutions.holds("pk = :absent", &Item::new()).is_err());
        assert!(substitutions.holds("attribute_exists(pk) pk", &Item::new()).is_err());
        assert!(substitutions.updated("DELETE a :b", &Item::new()).is_err());
    }
}
