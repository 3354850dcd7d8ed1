//! Schemas of types, collected once for what is sent and once for what is answered.

use std::collections::BTreeMap;

use domain::never_null;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

/// The schema of one type.
pub(crate) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// That of `T`.
pub(crate) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The two kinds of schemas: a type may be answered otherwise than it is sent.
pub(crate) struct Schemas {
    sent: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self { sent: settings().for_deserialize().into(), answered: settings().for_serialize().into() }
    }

    pub(crate) fn sent(&mut self, schema: SchemaOf) -> Value {
        schema(&mut self.sent).to_value()
    }

    pub(crate) fn answered(&mut self, schema: SchemaOf) -> Value {
        schema(&mut self.answered).to_value()
    }

    /// All that was referred to, by name.
    ///
    /// # Panics
    /// When two types have one name and different schemas: one of them needs `#[schemars(rename)]`.
    pub(crate) fn into_components(mut self) -> Value {
        let mut all = BTreeMap::new();
        let sent = self.sent.take_definitions(true).into_iter().map(|found| (found, false));
        let answered = self.answered.take_definitions(true).into_iter().map(|found| (found, true));
        for ((name, schema), is_answer) in sent.chain(answered) {
            let mut schema = Schema::try_from(schema).expect("a definition is a schema");
            if is_answer {
                // Ours leave out what is not there, but for what is always there and says so.
                RecursiveTransform(|schema: &mut Schema| never_null(schema)).transform(&mut schema);
            }
            RecursiveTransform(one_enum).transform(&mut schema);
            let schema = schema.to_value();
            let earlier = all.insert(name.clone(), schema.clone());
            assert!(earlier.is_none_or(|earlier| earlier == schema), "two types are called {name}");
        }
        json!(all)
    }
}

/// Names that a derived schema tells apart by `const`, for the sake of their descriptions, as one `enum`; the descriptions
/// stand in its own.
fn one_enum(schema: &mut Schema) {
    let Some(Value::Array(options)) = schema.get("oneOf") else { return };
    let names: Option<Vec<_>> = options.iter().map(|option| option.get("const").cloned()).collect();
    let Some(names) = names else { return };
    let told = options.iter().filter_map(|option| {
        let name = option["const"].as_str()?;
        Some(format!("- `{name}`: {}", option["description"].as_str()?))
    });
    let own = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{own}\n\n{}", told.collect::<Vec<_>>().join("\n"));
    schema.remove("oneOf");
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), names.into());
    schema.insert("description".to_owned(), description.trim().into());
}
