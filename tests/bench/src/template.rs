//! What the SAM template says: functions, groups, environment, indexes.
//!
//! Read from the template so that nothing is listed twice: a function that is
//! added there is measured, and one whose environment lacks a variable fails
//! here as it would on Lambda.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use serde_yaml_ng::Value;

/// The part of the template that matters to a running function.
pub(crate) struct Template {
    /// In the template's order.
    pub(crate) functions: Vec<Function>,
    /// Global secondary indexes of all tables.
    pub(crate) indexes: Vec<Index>,
}

/// One Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its `Handler`, which picks the endpoint in the group's binary.
    pub(crate) name: String,
    /// The last folder of its `CodeUri`.
    pub(crate) group: String,
    /// Variables; `None` for what only a deployment knows.
    pub(crate) environment: BTreeMap<String, Option<String>>,
}

/// A global secondary index, as far as its reads and writes depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    /// `IndexName`
    pub(crate) name: String,
    /// Hash key, then range key. An item without all of them is not in the index.
    pub(crate) keys: Vec<String>,
    /// Attributes beside the keys; `None` for all.
    pub(crate) projected: Option<Vec<String>>,
}

impl Template {
    /// Reads a template in YAML.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("understand {}", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let template: Value = serde_yaml_ng::from_str(text)?;
        let defaults = &template["Parameters"];
        let shared = &template["Globals"]["Function"];
        let resources = template["Resources"].as_mapping().context("no Resources")?;
        let mut functions = Vec::new();
        let mut indexes = Vec::new();
        for resource in resources.values() {
            let properties = &resource["Properties"];
            match resource["Type"].as_str() {
                Some("AWS::Serverless::Function") => functions.push(function(properties, shared, defaults)?),
                Some("AWS::DynamoDB::Table") => {
                    let of_table = properties["GlobalSecondaryIndexes"].as_sequence();
                    indexes.extend(of_table.into_iter().flatten().filter_map(index));
                }
                _ => {}
            }
        }
        if functions.is_empty() {
            bail!("no AWS::Serverless::Function");
        }
        Ok(Self { functions, indexes })
    }
}

fn function(properties: &Value, shared: &Value, defaults: &Value) -> anyhow::Result<Function> {
    let name = properties["Handler"].as_str().context("a function without a plain Handler")?;
    let code = properties["CodeUri"].as_str().with_context(|| format!("{name}: no plain CodeUri"))?;
    let group = Path::new(code).file_name().and_then(|group| group.to_str());
    let mut environment = BTreeMap::new();
    for source in [shared, properties] {
        for (name, value) in source["Environment"]["Variables"].as_mapping().into_iter().flatten() {
            let name = name.as_str().context("the name of a variable is not a string")?;
            environment.insert(name.to_owned(), resolve(value, defaults));
        }
    }
    Ok(Function {
        name: name.to_owned(),
        group: group.with_context(|| format!("{name}: no group in its CodeUri"))?.to_owned(),
        environment,
    })
}

/// A literal, or the default of the parameter that `!Ref` names.
fn resolve(value: &Value, defaults: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Tagged(tagged) if tagged.tag == "Ref" => {
            let parameter = tagged.value.as_str()?;
            match &defaults[parameter]["Default"] {
                Value::Null => None,
                default => resolve(default, defaults),
            }
        }
        _ => None,
    }
}

fn index(properties: &Value) -> Option<Index> {
    let names = |list: &Value, member: Option<&str>| -> Option<Vec<String>> {
        let entries = list.as_sequence()?.iter();
        entries.map(|entry| Some(member.map_or(entry, |member| &entry[member]).as_str()?.to_owned())).collect()
    };
    let projection = &properties["Projection"];
    Some(Index {
        name: properties["IndexName"].as_str()?.to_owned(),
        keys: names(&properties["KeySchema"], Some("AttributeName"))?,
        projected: match projection["ProjectionType"].as_str()? {
            "ALL" => None,
            _ => Some(names(&projection["NonKeyAttributes"], None).unwrap_or_default()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
Parameters:
  ProblemBase: { Type: String, Default: https://problems.example/ }
  Issuer: { Type: String }
Globals:
  Function:
    Environment:
      Variables: { PROBLEM_BASE: !Ref ProblemBase, ISSUER: !Ref Issuer, LEVEL: info }
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      DeletionProtectionEnabled: !If [Prod, true, false]
      GlobalSecondaryIndexes:
        - IndexName: due
          KeySchema: [{ AttributeName: shard, KeyType: HASH }, { AttributeName: dueAt, KeyType: RANGE }]
          Projection: { ProjectionType: KEYS_ONLY }
        - IndexName: by-seller
          KeySchema: [{ AttributeName: seller, KeyType: HASH }]
          Projection: { ProjectionType: ALL }
  RunDue:
    Type: AWS::Serverless::Function
    Properties:
      Handler: run-due
      CodeUri: ../target/lambda/outbox/
      Environment:
        Variables: { TABLE_NAME: !Ref Table, LEVEL: debug, BUS: !Sub '${AWS::StackName}-bus' }
";

    #[test]
    fn a_function_has_its_handler_its_group_and_both_environments() {
        let template = Template::parse(TEMPLATE).unwrap();
        let [function] = &template.functions[..] else { panic!("one function") };
        assert_eq!((&*function.name, &*function.group), ("run-due", "outbox"));
        let environment: Vec<_> =
            function.environment.iter().map(|(name, value)| (&**name, value.as_deref())).collect();
        assert_eq!(
            environment,
            [
                ("BUS", None),
                ("ISSUER", None),
                ("LEVEL", Some("debug")),
                ("PROBLEM_BASE", Some("https://problems.example/")),
                ("TABLE_NAME", None),
            ]
        );
    }

    #[test]
    fn an_index_has_its_keys_and_what_it_projects() {
        let template = Template::parse(TEMPLATE).unwrap();
        assert_eq!(
            template.indexes,
            [
                Index { name: "due".into(), keys: vec!["shard".into(), "dueAt".into()], projected: Some(vec![]) },
                Index { name: "by-seller".into(), keys: vec!["seller".into()], projected: None },
            ]
        );
    }

    #[test]
    fn a_template_without_functions_is_not_one() {
        assert!(Template::parse("Resources: {}").is_err());
    }
}
