//! For tests: holds an answer against what the document says of it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::schemas::{Schemas, of};

/// Asserts that the answer is as the document says: its members, those that are always there, what each may be.
///
/// # Panics
/// When it is not, naming the member.
pub fn hold<T: JsonSchema + Serialize>(answer: &T) {
    let mut schemas = Schemas::new();
    let schema = schemas.answered(of::<T>);
    let components = schemas.into_components();
    fits(&components, &schema, &json!(answer), "");
}

fn fits(components: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/components/schemas/")) {
        return fits(components, &components[name], value, at);
    }
    if let Some(names) = schema["enum"].as_array() {
        assert!(names.contains(value), "{at}: {value} is none of {names:?}");
    }
    let types = &schema["type"];
    let is_one = |kind: &Value| kind == kind_of(value) || (kind == "number" && value.is_number());
    let allowed = types.as_array().map_or_else(|| is_one(types), |types| types.iter().any(is_one));
    assert!(allowed, "{at}: {value} is not {types}");
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(value.get(name).is_some(), "{at}/{name} is not there");
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let known = schema["properties"].get(name);
        fits(
            components,
            known.unwrap_or_else(|| panic!("{at}/{name} is not described")),
            member,
            &format!("{at}/{name}"),
        );
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        fits(components, &schema["items"], item, &format!("{at}/{index}"));
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;

    /// Something that is answered.
    #[derive(Serialize, JsonSchema)]
    #[schemars(rename = "Example")]
    struct Described {
        always: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sometimes: Option<Vec<Colour>>,
    }

    #[derive(Serialize, JsonSchema)]
    enum Colour {
        Red,
    }

    /// The same with other members.
    #[derive(Serialize)]
    struct Other(Value);

    impl JsonSchema for Other {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            Described::schema_name()
        }

        fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
            Described::json_schema(generator)
        }
    }

    #[test]
    fn an_answer_holds_if_it_is_as_described_and_not_otherwise() {
        hold(&Described { always: None, sometimes: Some(vec![Colour::Red]) });
        hold(&Other(json!({"always": 1})));
        for wrong in [
            json!({}),
            json!({"always": "text"}),
            json!({"always": 1.5}),
            json!({"always": 1, "sometimes": null}),
            json!({"always": 1, "sometimes": ["Blue"]}),
            json!({"always": 1, "newer": 1}),
        ] {
            assert!(catch_unwind(|| hold(&Other(wrong.clone()))).is_err(), "{wrong}");
        }
    }
}
