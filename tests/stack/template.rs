//! What the emulator does not enforce is asserted on the template itself.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;

fn template() -> Value {
    let text = include_str!("../../infra/template.yaml");
    serde_yaml_ng::from_str(text).expect("the template is YAML")
}

/// The value behind a `CloudFormation` tag such as `!Sub`.
fn plain(value: &Value) -> &Value {
    if let Value::Tagged(tagged) = value { plain(&tagged.value) } else { value }
}

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(plain(value), |value, name| value.get(name).map(plain))
}

fn resources(kind: &str) -> BTreeMap<String, Value> {
    let template = template();
    let all = at(&template, "Resources").and_then(Value::as_mapping).unwrap().clone();
    all.into_iter()
        .filter(|(_, resource)| at(resource, "Type").and_then(Value::as_str) == Some(kind))
        .map(|(name, resource)| (name.as_str().unwrap().to_owned(), resource))
        .collect()
}

/// Every statement of every policy in the template, with the resource it stands in.
fn statements() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let template = template();
    let all = at(&template, "Resources").and_then(Value::as_mapping).unwrap();
    for (name, resource) in all {
        collect(name.as_str().unwrap(), resource, &mut found);
    }
    found
}

fn collect(name: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    match plain(value) {
        Value::Mapping(mapping) => {
            if mapping.contains_key("Effect") && mapping.contains_key("Action") && !mapping.contains_key("Principal") {
                found.push((name.to_owned(), value.clone()));
            }
            mapping.values().for_each(|value| collect(name, value, found));
        }
        Value::Sequence(items) => items.iter().for_each(|value| collect(name, value, found)),
        _ => {}
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value.map(plain) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Sequence(items)) => items.iter().flat_map(|item| texts(Some(item))).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_right_on_the_table_is_bound_to_kinds_of_items() {
    let item_actions = ["GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"];
    let mut bound = 0;
    for (name, statement) in statements() {
        let actions = texts(at(&statement, "Action"));
        assert!(!actions.iter().any(|action| action == "*" || action.ends_with(":*")), "{name}: {actions:?}");
        assert!(!actions.iter().any(|action| action == "dynamodb:Scan"), "{name} scans");
        let on_items =
            actions.iter().any(|action| item_actions.iter().any(|item| *action == format!("dynamodb:{item}")));
        if on_items {
            let condition = at(&statement, "Condition").and_then(|c| at(c, "ForAllValues:StringLike"));
            let keys = texts(condition.and_then(|condition| condition.get("dynamodb:LeadingKeys")));
            assert!(!keys.is_empty(), "{name} {actions:?} is not bound to leading keys");
            assert!(keys.iter().all(|key| key.ends_with("#*") && key.len() > 2), "{name}: {keys:?}");
            bound += 1;
        }
    }
    assert!(bound >= 6, "only {bound} statements on items were found");
}

#[test]
fn every_function_has_a_handler_of_its_own_a_log_group_and_a_time_limit() {
    let functions = resources("AWS::Serverless::Function");
    let groups = resources("AWS::Logs::LogGroup");
    let globals = template();
    assert!(at(&globals, "Globals.Function.Timeout").and_then(Value::as_u64).is_some());
    let mut handlers = Vec::new();
    for (name, function) in &functions {
        let handler = at(function, "Properties.Handler").and_then(Value::as_str).unwrap().to_owned();
        let expected: String = handler.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        assert_eq!(*name, expected, "the resource is called as its function");
        let group = at(function, "Properties.LoggingConfig.LogGroup").and_then(Value::as_str).unwrap();
        assert!(groups.contains_key(group), "{name}");
        assert!(at(&groups[group], "Properties.RetentionInDays").is_some(), "{group}");
        handlers.push(handler);
    }
    let count = handlers.len();
    handlers.dedup();
    assert_eq!(handlers.len(), count);
    assert!(count >= 6);
}

#[test]
fn what_holds_data_is_encrypted_kept_and_recoverable() {
    for kind in ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"] {
        for (name, resource) in resources(kind) {
            for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
                // RetainExceptOnCreate: what a failed first deployment made is taken back.
                let kept = ["Retain", "RetainExceptOnCreate"];
                let found = at(&resource, policy).and_then(Value::as_str).unwrap_or_default();
                assert!(kept.contains(&found), "{name} {policy}: {found}");
            }
        }
    }
    for (name, table) in resources("AWS::DynamoDB::Table") {
        assert!(at(&table, "Properties.SSESpecification.KMSMasterKeyId").is_some(), "{name}");
        assert!(at(&table, "Properties.DeletionProtectionEnabled").is_some(), "{name}");
    }
    for (name, bucket) in resources("AWS::S3::Bucket") {
        let blocked = at(&bucket, "Properties.PublicAccessBlockConfiguration").unwrap().as_mapping().unwrap();
        assert!(blocked.len() == 4 && blocked.values().all(|value| value.as_bool() == Some(true)), "{name}");
    }
}
