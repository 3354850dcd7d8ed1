//! Reading a JSON body into domain types, collecting *all* violations on the way.
//!
//! A [`Reader`] hands out [`Node`]s; every `Node` method either answers the value or notes which field
//! breaks which rule and answers `None`. [`Reader::finish`] answers the whole value or every violation.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde_json::{Map, Value};

/// One broken rule, in the published shape `{field, message, rejectedValue}`.
#[derive(Clone, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// Dotted path as published: `address.country`, `contacts[0].email`.
    pub field: String,
    /// The rule, as a sentence without its subject: `must be 1 to 200 characters`.
    pub message: String,
    /// What was sent; left out for contact data and secrets, and where nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected_value: Option<Value>,
}

/// Every broken rule of one input; never empty.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{} field(s) break a rule", .0.len())]
pub struct Violations(pub Vec<Violation>);

/// Longest rejected text that is echoed, in characters.
const ECHO: usize = 200;

/// Collects the violations of one input.
#[derive(Default)]
pub struct Reader {
    violations: RefCell<Vec<Violation>>,
}

impl Reader {
    /// The whole body.
    #[must_use]
    pub fn root<'r>(&'r self, body: &'r Value) -> Node<'r> {
        Node { reader: self, path: String::new(), value: Some(body), confidential: false }
    }

    /// The value, unless any rule was broken.
    ///
    /// # Errors
    /// Every violation noted so far.
    ///
    /// # Panics
    /// When a value is missing although no violation was noted: a bug in the calling parser.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Violations> {
        let violations = self.violations.into_inner();
        if violations.is_empty() {
            Ok(value.expect("a missing value has a violation that says why"))
        } else {
            Err(Violations(violations))
        }
    }
}

/// A place in the input: a value, or the fact that there is none.
#[derive(Clone)]
pub struct Node<'r> {
    reader: &'r Reader,
    path: String,
    value: Option<&'r Value>,
    confidential: bool,
}

impl<'r> Node<'r> {
    /// The member of this object with that name. Of something else than an object: nothing.
    #[must_use]
    pub fn field(&self, name: &str) -> Node<'r> {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        let value = self.value.and_then(|value| value.get(name));
        Node { reader: self.reader, path, value, confidential: self.confidential }
    }

    /// From here on, rejected values are not shown again (contact data, secrets).
    #[must_use]
    pub fn confidential(mut self) -> Self {
        self.confidential = true;
        self
    }

    /// Whether something was sent. `null` counts as nothing: all our optional fields may be left out.
    #[must_use]
    pub fn is_present(&self) -> bool {
        !matches!(self.value, None | Some(Value::Null))
    }

    /// Whether the member was sent at all, be it as `null`: what JSON Merge Patch (RFC 7396) tells apart.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.value.is_some()
    }

    /// Reads this member if it was sent.
    #[must_use]
    pub fn if_sent<T>(&self, read: impl FnOnce(&Self) -> Option<T>) -> Option<T> {
        self.is_sent().then(|| read(self)).flatten()
    }

    /// Notes a broken rule.
    pub fn refuse(&self, message: impl Into<String>) {
        let rejected_value = if self.confidential { None } else { self.value.and_then(echo) };
        self.reader.violations.borrow_mut().push(Violation {
            field: self.path.clone(),
            message: message.into(),
            rejected_value,
        });
    }

    /// This place as an object; required.
    #[must_use]
    pub fn object(&self) -> Option<&'r Map<String, Value>> {
        match self.value {
            None | Some(Value::Null) => self.refused("is required"),
            Some(Value::Object(members)) => Some(members),
            Some(_) => self.refused("must be an object"),
        }
    }

    /// This place as text: required, trimmed, so many characters long, without control characters.
    #[must_use]
    pub fn text(&self, length: RangeInclusive<usize>) -> Option<String> {
        let text = match self.value {
            None | Some(Value::Null) => return self.refused("is required"),
            Some(Value::String(text)) => text.trim(),
            Some(_) => return self.refused("must be text"),
        };
        if text.chars().any(is_unprintable) {
            return self.refused("must not contain control or undecodable characters");
        }
        if !length.contains(&text.chars().count()) {
            return self.refused(format!("must be {} to {} characters", length.start(), length.end()));
        }
        Some(text.to_owned())
    }

    /// This place as text just as it was sent, white space included; required.
    #[must_use]
    pub fn verbatim(&self) -> Option<&'r str> {
        match self.value {
            None | Some(Value::Null) => self.refused("is required"),
            Some(Value::String(text)) => Some(text),
            Some(_) => self.refused("must be text"),
        }
    }

    /// This place as text with a form of its own, whose error message is the rule.
    #[must_use]
    pub fn parse<T>(&self, length: RangeInclusive<usize>) -> Option<T>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        match self.text(length)?.parse() {
            Ok(value) => Some(value),
            Err(rule) => self.refused(rule.to_string()),
        }
    }

    /// This place as a whole number in that range; required.
    #[must_use]
    pub fn integer(&self, range: RangeInclusive<u64>) -> Option<u64> {
        match self.value {
            None | Some(Value::Null) => self.refused("is required"),
            Some(value) => match whole(value).filter(|number| range.contains(number)) {
                Some(number) => Some(number),
                None => self.refused(format!("must be a whole number from {} to {}", range.start(), range.end())),
            },
        }
    }

    /// This place as the cursor of a list that goes by number: where its next page begins.
    #[must_use]
    pub fn numeric_cursor(&self) -> Option<u64> {
        let number = self.text(1..=12)?.parse().ok();
        if number.is_none() {
            self.refuse("must be a `nextCursor` of this list");
        }
        number
    }

    /// The elements of this array, at most so many; required.
    #[must_use]
    pub fn items(&self, at_most: usize) -> Option<Vec<Node<'r>>> {
        let items = match self.value {
            None | Some(Value::Null) => return self.refused("is required"),
            Some(Value::Array(items)) if items.len() <= at_most => items,
            Some(Value::Array(_)) => return self.refused(format!("must have at most {at_most} items")),
            Some(_) => return self.refused("must be an array"),
        };
        let node = |(index, value)| Node {
            reader: self.reader,
            path: format!("{}[{index}]", self.path),
            value: Some(value),
            confidential: self.confidential,
        };
        Some(items.iter().enumerate().map(node).collect())
    }

    /// The same, and at least one.
    #[must_use]
    pub fn some_items(&self, at_most: usize) -> Option<Vec<Node<'r>>> {
        let items = self.items(at_most)?;
        if items.is_empty() { self.refused("must have at least 1 item") } else { Some(items) }
    }

    fn refused<T>(&self, message: impl Into<String>) -> Option<T> {
        self.refuse(message);
        None
    }
}

/// JSON knows no integers: `1463.0` is 1463 (JSON Schema 2020-12 section 6.1.1).
fn whole(value: &Value) -> Option<u64> {
    let decimal = || value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..9e15).contains(number));
    #[expect(clippy::cast_sign_loss, reason = "it is no less than 0")]
    value.as_u64().or_else(|| decimal().map(|number| number as u64))
}

/// Control characters, the invisible ones that reorder or hide text (bidi overrides, zero width), and the mark
/// that somebody on the way left for bytes he could not decode.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || c == char::REPLACEMENT_CHARACTER
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Scalars are shown again, long texts shortened; objects and arrays are not.
fn echo(value: &Value) -> Option<Value> {
    match value {
        Value::Null | Value::Object(_) | Value::Array(_) => None,
        Value::String(text) if text.chars().count() > ECHO => {
            Some(Value::String(text.chars().take(ECHO).chain(['…']).collect()))
        }
        scalar => Some(scalar.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_violations_come_together_with_dotted_paths() {
        let body = json!({"name": 5, "address": {"city": ""}, "list": [{"x": "a\u{0}b"}]});
        let reader = Reader::default();
        let root = reader.root(&body);
        let _ = root.field("name").text(1..=10);
        let _ = root.field("address").field("city").text(1..=10);
        let _ = root.field("missing").text(1..=10);
        let _ = root.field("list").items(3).unwrap()[0].field("x").text(1..=10);
        let Err(Violations(found)) = reader.finish(Some(())) else { panic!("violations expected") };
        let found: Vec<_> = found.iter().map(|v| (v.field.as_str(), v.message.as_str())).collect();
        assert_eq!(
            found,
            [
                ("name", "must be text"),
                ("address.city", "must be 1 to 10 characters"),
                ("missing", "is required"),
                ("list[0].x", "must not contain control or undecodable characters"),
            ]
        );
    }

    #[test]
    fn confidential_values_are_not_shown_again() {
        let body = json!({"email": "not an address"});
        let reader = Reader::default();
        reader.root(&body).field("email").confidential().refuse("must be an e-mail address");
        let Err(Violations(found)) = reader.finish::<()>(None) else { panic!("violations expected") };
        assert_eq!(found[0].rejected_value, None);
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        for (value, expected) in [
            (json!(7), Some(7)),
            (json!(7.0), Some(7)),
            (json!(7.5), None),
            (json!(-7), None),
            (json!("7"), None),
            (json!(1e300), None),
            (json!(11), None),
        ] {
            let reader = Reader::default();
            assert_eq!(reader.root(&value).integer(1..=10), expected, "{value}");
        }
    }

    #[test]
    fn an_overlong_text_is_shown_shortened() {
        let body = json!("x".repeat(5000));
        let reader = Reader::default();
        let _ = reader.root(&body).text(1..=10);
        let Err(Violations(found)) = reader.finish::<()>(None) else { panic!("violations expected") };
        assert_eq!(found[0].rejected_value.as_ref().unwrap().as_str().unwrap().chars().count(), 201);
    }
}
