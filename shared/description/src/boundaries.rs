//! For tests: keeps the schema of a body and its hand-written parser together.
//!
//! From the schema's examples a complete document is made. Then every place of it is taken to each of its limits,
//! which the parser must accept, and one step beyond, which it must refuse.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// Asserts that a body which the schema of `T` allows is accepted, and that one just beyond it is refused.
///
/// # Panics
/// When the parser and the schema do not agree, naming the document.
pub fn hold<T: JsonSchema>(accepts: impl Fn(&Value) -> bool) {
    let root = SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    let schema = Resolved { root: &root };
    let whole = schema.example(&root);
    assert!(accepts(&whole), "the example is refused: {whole}");
    let mut tried = 0;
    for (place, found) in schema.places(&root, "") {
        for (value, expected) in schema.variations(&found) {
            let mut document = whole.clone();
            replace(&mut document, &place, value);
            assert_eq!(accepts(&document), expected, "{place}: {document}");
            tried += 1;
        }
    }
    assert!(tried > 3, "nothing was tried");
}

struct Resolved<'s> {
    root: &'s Value,
}

/// Nothing at all, in place of a value.
const ABSENT: Option<Value> = None;

impl Resolved<'_> {
    /// The schema itself, where a reference or the non-null half of an `anyOf` leads to one; and whether `null` is one of
    /// its values.
    fn of(&self, schema: &Value) -> (Value, bool) {
        let options = schema["anyOf"].as_array();
        let nullable = options.is_some_and(|options| options.iter().any(|option| option["type"] == "null"))
            || schema["type"].as_array().is_some_and(|types| types.contains(&json!("null")));
        let inner = options.and_then(|options| options.iter().find(|option| option["type"] != "null"));
        let mut schema = inner.unwrap_or(schema).clone();
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
            let mut target = self.root["$defs"][name].clone();
            if let Some(example) = schema.get("examples") {
                target["examples"] = example.clone();
            }
            schema = target;
        }
        (schema, nullable)
    }

    /// A document with every member.
    fn example(&self, schema: &Value) -> Value {
        let (schema, _) = self.of(schema);
        if let Some(example) = schema["examples"].get(0) {
            return example.clone();
        }
        if let Some(name) = names(&schema).first() {
            return name.clone();
        }
        match kind(&schema) {
            "object" => {
                let members = schema["properties"].as_object().into_iter().flatten();
                Value::Object(members.map(|(name, member)| (name.clone(), self.example(member))).collect::<Map<_, _>>())
            }
            "array" => json!([self.example(&schema["items"])]),
            "string" if schema["format"] == "uuid" => json!("0f8e2c5a-51b7-5d0a-9e63-4b1fa7c2d895"),
            "integer" => schema["minimum"].clone(),
            "string" => json!(text(&schema, schema["minLength"].as_u64().unwrap_or(1))),
            other => panic!("no example of {other}: {schema}"),
        }
    }

    /// Every member of every object, by its JSON pointer, with its schema and whether it is required.
    fn places(&self, schema: &Value, at: &str) -> Vec<(String, (Value, bool))> {
        let (schema, _) = self.of(schema);
        let mut found = Vec::new();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{at}/{name}");
            let required = schema["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
            found.push((place.clone(), (member.clone(), required)));
            found.extend(self.places(member, &place));
        }
        if kind(&schema) == "array" {
            found.extend(self.places(&schema["items"], &format!("{at}/0")));
        }
        found
    }

    /// What may stand there and what may not.
    fn variations(&self, (schema, required): &(Value, bool)) -> Vec<(Option<Value>, bool)> {
        let (schema, nullable) = self.of(schema);
        let mut tried = vec![(ABSENT, !required), (Some(Value::Null), nullable)];
        let names = names(&schema);
        if names.is_empty() && kind(&schema) == "string" {
            let length = |limit: &str| schema[limit].as_u64();
            let of = |length| Some(json!(text(&schema, length)));
            if let Some(least) = length("minLength") {
                tried.extend([(of(least), true), (of(least - 1), false)]);
            }
            if let Some(most) = length("maxLength") {
                tried.extend([(of(most), true), (of(most + 1), false)]);
            }
            if schema.get("pattern").is_some() {
                tried.extend([
                    (Some(json!(" ")), false),
                    (Some(json!("a\u{0}b")), false),
                    (Some(json!("a\u{202E}b")), false),
                ]);
            }
        }
        if !names.is_empty() {
            tried.push((Some(json!("NO_SUCH_NAME")), false));
            tried.extend(names.into_iter().map(|name| (Some(name), true)));
        }
        match kind(&schema) {
            "array" => {
                let most = schema["maxItems"].as_u64().expect("a list has an end") as usize;
                let items = |count| Some(Value::Array(vec![self.example(&schema["items"]); count]));
                let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
                tried.extend(least.checked_sub(1).map(|too_few| (items(too_few), false)));
                tried.extend([
                    (items(least), true),
                    (items(most), true),
                    (items(most + 1), false),
                    (Some(json!({})), false),
                ]);
            }
            "object" => tried.extend([(Some(json!("text")), false), (Some(json!([])), false)]),
            "integer" => {
                let limit = |name: &str| schema[name].as_u64().expect("a number has limits");
                let (least, most) = (limit("minimum"), limit("maximum"));
                tried.extend([(Some(json!(least)), true), (Some(json!(most)), true)]);
                tried.extend(
                    [least.checked_sub(1), Some(most + 1)].into_iter().flatten().map(|n| (Some(json!(n)), false)),
                );
                tried.extend([(Some(json!(1.5)), false), (Some(json!("7")), false)]);
            }
            _ => tried.extend([(Some(json!(7)), false), (Some(json!(["text"])), false)]),
        }
        tried
    }
}

/// The values that a schema lists, be it as `enum` or as `const`s.
fn names(schema: &Value) -> Vec<Value> {
    let constants = schema["oneOf"].as_array().into_iter().flatten().filter_map(|option| option.get("const"));
    schema["enum"].as_array().into_iter().flatten().chain(constants).cloned().collect()
}

fn kind(schema: &Value) -> &str {
    let types = schema["type"].as_array().into_iter().flatten();
    types.chain([&schema["type"]]).filter_map(Value::as_str).find(|name| *name != "null").unwrap_or_default()
}

/// A text of so many characters that fits in all else: two bytes each where that is allowed.
fn text(schema: &Value, length: u64) -> String {
    let length = length as usize;
    if schema["format"] == "uri" {
        let host = "https://hooks.example.com/";
        return format!("{host}{}", "p".repeat(length.saturating_sub(host.len())));
    }
    if schema["format"] == "email" {
        let domain = "d.".repeat(length.saturating_sub(64) / 2);
        let rest = length.saturating_sub(domain.len() + "@xx".len());
        return format!("{}@{domain}xx", "e".repeat(rest));
    }
    let digits = schema["pattern"].as_str().is_some_and(|pattern| pattern.starts_with("^[0-9"));
    (if digits { "4" } else { "ä" }).repeat(length)
}

fn replace(document: &mut Value, place: &str, value: Option<Value>) {
    let (parent, name) = place.rsplit_once('/').expect("a pointer");
    let parent = document.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Example {
        #[schemars(length(min = 1, max = 5))]
        name: String,
        note: Option<String>,
    }

    /// A parser of that many characters that asks for a note, or not.
    fn parser(most: usize, needs_note: bool) -> impl Fn(&Value) -> bool {
        move |body| {
            let name = body["name"].as_str().is_some_and(|name| (1..=most).contains(&name.chars().count()));
            let note =
                if needs_note { body["note"].is_string() } else { body["note"].is_string() || body["note"].is_null() };
            name && note
        }
    }

    #[test]
    fn a_parser_of_the_same_rules_holds() {
        hold::<Example>(parser(5, false));
    }

    #[test]
    #[should_panic(expected = "/name")]
    fn a_parser_that_takes_more_is_found_out() {
        hold::<Example>(parser(6, false));
    }

    #[test]
    #[should_panic(expected = "/name")]
    fn a_parser_that_takes_less_is_found_out() {
        hold::<Example>(parser(4, false));
    }

    #[test]
    #[should_panic(expected = "/note")]
    fn a_parser_that_needs_more_is_found_out() {
        hold::<Example>(parser(5, true));
    }
}
