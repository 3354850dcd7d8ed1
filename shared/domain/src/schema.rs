//! How our rules are written in JSON Schema (2020-12).
//!
//! A schema is the form that a client should send. What [`Reader`](crate::Reader) forgives beyond it (space around a text,
//! lower case, separators in a VAT number) is told in words: everything the schema allows is accepted, and a
//! client that checks against it is never stricter than it has to be about meaning.

use schemars::Schema;
use serde_json::Value;

/// What [`Node::text`](crate::Node::text) takes: not blank, and no control, invisible or undecodable character.
pub const TEXT: &str = r"^[^\x00-\x1F\x7F-\x9F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF\uFFFD]*[^\s\x00-\x1F\x7F-\x9F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF\uFFFD][^\x00-\x1F\x7F-\x9F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF\uFFFD]*$";

/// Of an object: its members may be absent, but not `null`, as derived schemas of `Option` would have it. One that is always
/// there says `null` where there is nothing, and keeps it.
pub fn never_null(schema: &mut Schema) {
    let always: Vec<_> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let members = schema.get_mut("properties").and_then(Value::as_object_mut);
    let sometimes = members.into_iter().flatten().filter(|(name, _)| !always.iter().any(|it| it == name.as_str()));
    sometimes.for_each(|(_, member)| forget_null(member));
}

fn forget_null(member: &mut Value) {
    let Some(member) = member.as_object_mut() else { return };
    if let Some(Value::Array(types)) = member.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            member.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(options)) = member.get_mut("anyOf") {
        options.retain(|option| option["type"] != "null");
        if let [Value::Object(only)] = &mut options[..] {
            let mut only = std::mem::take(only);
            member.remove("anyOf");
            member.append(&mut only);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KycMode;
    use schemars::generate::SchemaSettings;
    use schemars::{JsonSchema, schema_for};
    use serde::Serialize;
    use serde_json::json;

    #[derive(JsonSchema)]
    #[schemars(transform = never_null)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Example {
        text: Option<String>,
        mode: Option<KycMode>,
    }

    #[test]
    fn an_optional_member_is_left_out_and_not_null() {
        let schema = schema_for!(Example);
        assert_eq!(schema.get("required"), None);
        assert_eq!(schema.get("properties").unwrap()["text"], json!({"type": "string"}));
        assert_eq!(schema.get("properties").unwrap()["mode"], json!({"$ref": "#/$defs/KycMode"}));
    }

    #[derive(Serialize, JsonSchema)]
    #[schemars(transform = never_null)]
    struct Answered {
        always: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sometimes: Option<u8>,
    }

    #[test]
    fn a_member_that_is_written_as_null_may_be_null() {
        let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Answered>();
        assert_eq!(json!(Answered { always: None, sometimes: None }), json!({"always": null}));
        assert_eq!(schema.get("required"), Some(&json!(["always"])));
        assert_eq!(schema.get("properties").unwrap()["always"]["type"], json!(["integer", "null"]));
        assert_eq!(schema.get("properties").unwrap()["sometimes"]["type"], "integer");
    }
}
