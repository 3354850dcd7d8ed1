//! Code, committed document and template say the same.

use std::collections::BTreeSet;
use std::fs;

use domain::EventType;
use http_edge::Kind;
use serde_json::Value;

fn document() -> Value {
    serde_json::from_str(&openapi::made()).expect("the document is JSON")
}

/// Method, path and operation of everything in the document.
fn described() -> BTreeSet<(String, String, String)> {
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").iter();
        methods.map(move |(method, it)| {
            (method.to_uppercase(), path.clone(), it["operationId"].as_str().expect("an id").to_owned())
        })
    });
    operations.collect()
}

/// Method, path and function of every HTTP event in the template.
fn routed() -> BTreeSet<(String, String, String)> {
    let template: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(include_str!("../../../infra/template.yaml")).expect("the template is YAML");
    let mut routes = BTreeSet::new();
    for (_, resource) in template["Resources"].as_mapping().expect("resources") {
        let properties = &resource["Properties"];
        for (_, event) in properties["Events"].as_mapping().into_iter().flatten() {
            let text = |name: &str| event["Properties"][name].as_str().map(str::to_owned);
            // $default has neither.
            if let (Some("HttpApi"), Some(method), Some(path)) = (event["Type"].as_str(), text("Method"), text("Path"))
            {
                routes.insert((method, path, properties["Handler"].as_str().expect("a handler").to_owned()));
            }
        }
    }
    routes
}

#[test]
fn the_committed_document_is_what_the_code_says() {
    let committed = fs::read_to_string(openapi::path()).expect("docs/openapi.json");
    let made = openapi::made();
    let differs = committed.lines().zip(made.lines()).position(|(old, new)| old != new);
    assert!(
        committed == made,
        "docs/openapi.json is outdated, first in line {}: run `cargo openapi` and commit what it writes",
        differs.unwrap_or_default() + 1
    );
}

#[test]
fn the_document_has_every_route_of_the_template_and_no_other() {
    let (described, routed) = (described(), routed());
    assert!(routed.len() >= 8, "the template's events could not be read: {routed:?}");
    let without_id = |all: &BTreeSet<(String, String, String)>| -> BTreeSet<_> {
        all.iter().map(|(method, path, _)| (method.clone(), path.clone())).collect()
    };
    assert_eq!(without_id(&described), without_id(&routed));
    for ((method, path, operation), (_, _, function)) in described.iter().zip(&routed) {
        let named_so =
            operation == function || operation.strip_prefix(function).is_some_and(|rest| rest.starts_with('-'));
        assert!(named_so, "{method} {path} is {operation}, but calls {function}");
    }
}

#[test]
fn every_operation_has_an_id_of_its_own() {
    let ids: BTreeSet<_> = described().into_iter().map(|(_, _, id)| id).collect();
    assert_eq!(ids.len(), described().len());
}

#[test]
fn every_problem_can_be_the_answer_of_some_operation() {
    let responses = document()["components"]["responses"].to_string();
    for kind in Kind::ALL {
        // Of paths and methods that no operation has.
        let outside = kind == Kind::MethodNotAllowed;
        assert_eq!(responses.contains(&format!("\"{}\"", kind.uri())), !outside, "{kind:?}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let place = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads away"));
        assert!(document.pointer(place).is_some(), "{reference}");
    }
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| collect(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

const RECEIVERS: &str = include_str!("../../../docs/webhooks/README.md");

#[test]
fn what_receivers_are_sent_is_described_as_the_guide_for_receivers_says() {
    let document = document();
    let rows = RECEIVERS.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let types: BTreeSet<_> = EventType::ALL.iter().map(|kind| kind.name()).collect();
    let told: Vec<_> = rows.filter(|(kind, _)| types.contains(kind)).collect();
    let described = document["webhooks"].as_object().expect("webhooks");
    assert_eq!(
        told.iter().map(|(kind, _)| *kind).collect::<BTreeSet<_>>(),
        described.keys().map(String::as_str).collect()
    );
    for (kind, members) in told {
        let operation = &described[kind]["post"];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["allOf"];
        let data = at(&document, &schema[1]["properties"]["data"]);
        let members: BTreeSet<_> = members.split('`').skip(1).step_by(2).collect();
        for name in data["properties"].as_object().expect("members").keys() {
            assert!(members.contains(name.as_str()), "{kind}: the guide does not name {name}");
        }
        let envelope = at(&document, &schema[0]);
        for name in envelope["properties"].as_object().expect("members").keys() {
            assert!(RECEIVERS.contains(&format!("\n| `{name}` | ")), "the guide does not name {name}");
        }
        for header in operation["parameters"].as_array().expect("headers") {
            let name = header["name"].as_str().expect("a name");
            assert!(RECEIVERS.contains(&format!("`{name}`")), "the guide does not name {name}");
        }
    }
}

#[test]
fn the_example_of_the_guide_for_receivers_has_what_is_always_there() {
    let document = document();
    let (_, example) = RECEIVERS.split_once("```json\n").expect("an example");
    let example: Value = serde_json::from_str(example.split_once("```").expect("its end").0).expect("JSON");
    let operation = &document["webhooks"][example["type"].as_str().expect("a type")]["post"];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["allOf"];
    for (schema, shown) in [(&schema[0], &example), (&schema[1]["properties"]["data"], &example["data"])] {
        for name in at(&document, schema)["required"].as_array().expect("members") {
            assert!(shown.get(name.as_str().expect("a name")).is_some(), "{name} is not there");
        }
    }
}

/// What a schema refers to, or the schema.
fn at<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let place = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    place.map_or(schema, |place| document.pointer(place).expect("it leads somewhere"))
}
