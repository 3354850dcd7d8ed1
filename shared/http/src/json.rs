//! JSON bodies, read strictly: what two readers could understand differently is refused.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads a body. Duplicate member names, trailing text, invalid UTF-8 and nesting beyond 128 levels are errors.
///
/// # Errors
/// A sentence that says what is wrong and where, without quoting the body.
pub(crate) fn parse(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| format!("is not UTF-8 at byte {}", error.valid_up_to()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let parsed = Strict::deserialize(&mut reader).and_then(|value| reader.end().map(|()| value.0));
    parsed.map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Eof => format!("is not JSON: it ends too early ({place})"),
            serde_json::error::Category::Data => format!("names a member twice ({place})"),
            _ if error.to_string().starts_with("recursion limit") => format!("is nested too deeply ({place})"),
            _ => format!("is not JSON ({place})"),
        }
    })
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_read_as_it_stands() {
        let text = br#"{"a": [1, -2, 3.5, null, true, "x"], "b": {}}"#;
        assert_eq!(parse(text).unwrap(), json!({"a": [1, -2, 3.5, null, true, "x"], "b": {}}));
    }

    #[test]
    fn every_doubt_is_an_error_with_a_place_and_without_a_quote() {
        let deep = "[".repeat(200);
        for (body, message) in [
            (&b"{\"a\": 1, \"a\": 2}"[..], "names a member twice"),
            (b"{\"a\": {\"secret\": 1, \"secret\": 2}}", "names a member twice"),
            (b"\xff\xfe", "is not UTF-8 at byte 0"),
            (b"", "is not JSON: it ends too early"),
            (b"{\"a\": 1", "is not JSON: it ends too early"),
            (b"{} {}", "is not JSON"),
            (b"{'a': 1}", "is not JSON"),
            (deep.as_bytes(), "is nested too deeply"),
        ] {
            let why = parse(body).unwrap_err();
            assert!(why.starts_with(message), "{why}");
            assert!(why.contains("line 1, column ") || why.contains("byte 0"), "{why}");
            assert!(!why.contains("secret"), "{why}");
        }
    }
}
