//! `infra/template.yaml` as it is, plus the two things the emulator needs told.
//!
//! The template is deployed unchanged but for `CodeUri`, which becomes the place
//! the code was uploaded to, as `sam deploy` does it. And because the emulator
//! ignores the OpenAPI body that SAM makes of `Events: HttpApi`, the routes are
//! read here, from those same events.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use crate::failure::{Doing as _, Failure};

/// A SAM template in JSON, its short forms (`!Ref`, `!Sub` ...) written out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template(Value);

/// One `AWS::Serverless::Function`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name in the template.
    pub(crate) logical_id: String,
    /// What the binary is told to be: the kebab-case name of the endpoint or worker.
    pub(crate) handler: String,
    /// The binary, by the last folder of its `CodeUri`.
    pub(crate) group: String,
    /// Route keys (`GET /v1/me`, `$default`) that lead to it.
    pub(crate) routes: Vec<String>,
}

impl Template {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).doing(format!("reading {}", path.display()))?;
        Self::parse(&text).doing(format!("understanding {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, serde_yaml_ng::Error> {
        let mut yaml: Yaml = serde_yaml_ng::from_str(text)?;
        yaml.apply_merge()?;
        Ok(Self(long_form(yaml)))
    }

    /// Back from where [`Self::to_json`] went.
    pub(crate) fn from_json(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map(Self).doing("reading the deployed template")
    }

    pub(crate) fn to_json(&self) -> String {
        self.0.to_string()
    }

    pub(crate) fn functions(&self) -> Vec<Function> {
        let of_kind = |(_, resource): &(&String, &Value)| resource["Type"] == "AWS::Serverless::Function";
        let functions = self.resources().filter(of_kind);
        functions
            .map(|(logical_id, resource)| {
                let properties = &resource["Properties"];
                Function {
                    logical_id: logical_id.clone(),
                    handler: properties["Handler"].as_str().unwrap_or_default().to_owned(),
                    group: last_folder(&properties["CodeUri"]),
                    routes: routes(&properties["Events"]),
                }
            })
            .collect()
    }

    /// Parameters that may be given.
    pub(crate) fn has_parameter(&self, name: &str) -> bool {
        self.0["Parameters"].get(name).is_some()
    }

    /// Logical ids of the resources of a type, `AWS::SQS::Queue` for one.
    pub(crate) fn logical_ids_of<'a>(&'a self, resource_type: &'a str) -> impl Iterator<Item = &'a str> {
        let of_type = move |(_, resource): &(&String, &Value)| resource["Type"] == resource_type;
        self.resources().filter(of_type).map(|(id, _)| id.as_str())
    }

    /// `CodeUri` of every function becomes the uploaded package of its group.
    pub(crate) fn with_code(mut self, bucket: &str, keys: &BTreeMap<String, String>) -> Result<Self, Failure> {
        for function in self.functions() {
            let key = keys.get(&function.group).ok_or_else(|| {
                Failure::new(format!("{} has no package: group '{}'", function.logical_id, function.group))
            })?;
            self.0["Resources"][&function.logical_id]["Properties"]["CodeUri"] = json!({"Bucket": bucket, "Key": key});
        }
        Ok(self)
    }

    fn resources(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0["Resources"].as_object().into_iter().flatten()
    }
}

/// `../target/lambda/buyers/` names the group `buyers`; the uploaded `buyers/ab12.zip` still does.
fn last_folder(code_uri: &Value) -> String {
    let text = code_uri.as_str().map(|path| path.trim_end_matches('/').rsplit('/').next());
    let uploaded = || code_uri["Key"].as_str().map(|key| key.split('/').next());
    text.or_else(uploaded).flatten().unwrap_or_default().to_owned()
}

/// Without path and method SAM means the route that catches what no other does.
fn routes(events: &Value) -> Vec<String> {
    let of_api = |event: &&Value| event["Type"] == "HttpApi";
    let route = |event: &Value| {
        let property = |name: &str| event["Properties"][name].as_str();
        match (property("Method"), property("Path")) {
            (_, None | Some("$default")) => "$default".to_owned(),
            (None, Some(path)) => format!("ANY {path}"),
            (Some(method), Some(path)) if method.eq_ignore_ascii_case("any") => format!("ANY {path}"),
            (Some(method), Some(path)) => format!("{} {path}", method.to_uppercase()),
        }
    };
    events.as_object().into_iter().flatten().map(|(_, event)| event).filter(of_api).map(route).collect()
}

/// YAML with the tags of templates to the JSON they abbreviate.
fn long_form(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(number) => serde_json::to_value(number).expect("YAML's numbers fit JSON but for NaN"),
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => items.into_iter().map(long_form).collect(),
        Yaml::Mapping(members) => members.into_iter().map(|(key, value)| (key_text(key), long_form(value))).collect(),
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string().trim_start_matches('!').to_owned();
            let value = long_form(tagged.value);
            let (name, value) = match (name.as_str(), value) {
                ("Ref" | "Condition", value) => (name, value),
                ("GetAtt", Value::String(text)) => {
                    let (resource, attribute) = text.split_once('.').unwrap_or((text.as_str(), ""));
                    ("Fn::GetAtt".to_owned(), json!([resource, attribute]))
                }
                (_, value) => (format!("Fn::{name}"), value),
            };
            Value::Object(Map::from_iter([(name, value)]))
        }
    }
}

fn key_text(key: Yaml) -> String {
    match key {
        Yaml::String(text) => text,
        other => long_form(other).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"
Parameters: { Stage: { Type: String } }
Resources:
  GetMe:
    Type: AWS::Serverless::Function
    Properties:
      Handler: get-me
      CodeUri: ../target/lambda/account/
      Role: !GetAtt Role.Arn
      Policies: [{ Version: 2012-10-17, Resource: !Sub "${Table.Arn}/index/due", Size: !If [A, 1, !Ref B] }]
      Events:
        Route: { Type: HttpApi, Properties: { ApiId: !Ref Api, Method: get, Path: /v1/me } }
        Rest: { Type: HttpApi, Properties: { ApiId: !Ref Api } }
        Tick: { Type: ScheduleV2, Properties: { ScheduleExpression: rate(1 minute) } }
  Queue: { Type: AWS::SQS::Queue }
"#;

    #[test]
    fn short_forms_are_written_out_and_dates_stay_text() {
        let template = Template::parse(TEMPLATE).unwrap();
        let properties = &template.0["Resources"]["GetMe"]["Properties"];
        assert_eq!(properties["Role"], json!({"Fn::GetAtt": ["Role", "Arn"]}));
        assert_eq!(
            properties["Policies"][0],
            json!({
                "Version": "2012-10-17",
                "Resource": {"Fn::Sub": "${Table.Arn}/index/due"},
                "Size": {"Fn::If": ["A", 1, {"Ref": "B"}]},
            })
        );
    }

    #[test]
    fn functions_know_group_handler_and_routes_also_after_the_upload() {
        let expected = Function {
            logical_id: "GetMe".to_owned(),
            handler: "get-me".to_owned(),
            group: "account".to_owned(),
            routes: vec!["$default".to_owned(), "GET /v1/me".to_owned()],
        };
        let template = Template::parse(TEMPLATE).unwrap();
        let sorted = |template: &Template| {
            let mut functions = template.functions();
            functions[0].routes.sort();
            functions
        };
        assert_eq!(sorted(&template), std::slice::from_ref(&expected));
        assert_eq!(template.logical_ids_of("AWS::SQS::Queue").collect::<Vec<_>>(), ["Queue"]);
        assert!(template.has_parameter("Stage") && !template.has_parameter("Issuer"));

        let keys = BTreeMap::from([("account".to_owned(), "account/ab12.zip".to_owned())]);
        let uploaded = template.with_code("code", &keys).unwrap();
        assert_eq!(sorted(&uploaded), [expected]);
        assert_eq!(Template::from_json(&uploaded.to_json()).unwrap(), uploaded);
    }
}
