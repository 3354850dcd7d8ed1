//! The document.

use aws::Aws;
use http_edge::{Door, Endpoint, Function};
use serde_json::{Map, Value, json};
use storage::Table;

use crate::Operation;
use crate::answer::Shown;
use crate::headers;
use crate::parameters::{self, reference};
use crate::refusals;
use crate::schemas::Schemas;
use crate::told::{self, Told};

/// A group of functions and how it describes its endpoints.
pub struct Group {
    /// The name that its operations are listed under.
    pub name: &'static str,
    /// What they are about.
    pub description: &'static str,
    /// The functions.
    pub functions: &'static [Function],
    /// Their operations.
    pub operations: Vec<Operation>,
    /// The events that they make known.
    pub told: Vec<Told>,
}

/// What the document says about the whole.
pub struct About {
    /// The API's name.
    pub title: &'static str,
    /// The service's version.
    pub version: &'static str,
    /// What everybody needs to know first; Markdown.
    pub description: &'static str,
    /// Where tokens come from.
    pub token_url: &'static str,
}

/// The document of these groups. The table is not called: endpoints are made with it, to ask them what they need.
///
/// # Panics
/// When an operation names a function that its group does not have, or two things have one name.
#[must_use]
pub fn document(about: &About, groups: &[Group], aws: &Aws) -> Value {
    let mut assembly = Assembly { schemas: Schemas::new(), responses: Map::new(), links: Map::new() };
    let all: Vec<_> = groups.iter().flat_map(|group| &group.operations).collect();
    let mut paths = Map::new();
    for group in groups {
        for operation in &group.operations {
            let endpoint = endpoint(group, operation, aws);
            let described = assembly.operation(group.name, operation, endpoint.as_ref(), &all);
            let methods = paths.entry(operation.path).or_insert_with(|| json!({}));
            let earlier = methods.as_object_mut().and_then(|all| all.insert(operation.method.to_owned(), described));
            assert!(earlier.is_none(), "{} {} is described twice", operation.method, operation.path);
        }
    }
    let told = groups.iter().flat_map(|group| group.told.iter().map(|told| (group.name, told)));
    let webhooks = told::webhooks(told, &mut assembly.schemas);
    let tags = groups.iter().map(|group| json!({ "name": group.name, "description": group.description }));
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": about.title,
            "version": about.version,
            "description": about.description,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
        },
        "servers": [{ "url": "/" }],
        "tags": tags.collect::<Vec<_>>(),
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": assembly.schemas.into_components(),
            "parameters": parameters::components(),
            "headers": headers::components(),
            "responses": assembly.responses,
            "links": assembly.links,
            "securitySchemes": security_schemes(about)
        }
    });
    // In one order, whatever features of serde_json somebody in the build asked for.
    document.sort_all_objects();
    document
}

/// The endpoint behind an operation; none where anyone may enter.
fn endpoint(group: &Group, operation: &Operation, aws: &Aws) -> Option<Endpoint> {
    let function = group.functions.iter().find(|(name, _)| *name == operation.function);
    let (_, door) = function.unwrap_or_else(|| panic!("there is no function {}", operation.function));
    match door {
        Door::Callers(endpoint) => Some(endpoint(&Table::new(aws, "none"))),
        // What it is opened with is never called.
        Door::Opening(endpoint) => endpoint(&Table::new(aws, "none"), aws, &|name| Ok(name.to_owned())).ok(),
        Door::Anyone(_) => None,
    }
}

struct Assembly {
    schemas: Schemas,
    responses: Map<String, Value>,
    links: Map<String, Value>,
}

impl Assembly {
    fn operation(&mut self, tag: &str, it: &Operation, endpoint: Option<&Endpoint>, all: &[&Operation]) -> Value {
        let writes = endpoint.is_some_and(Endpoint::writes);
        let mut parameters: Vec<_> = it.path_parameters().map(reference).collect();
        parameters.extend(it.query.iter().map(|query| query.shown(&mut self.schemas)));
        let headers = [
            ("Idempotency-Key", writes),
            ("If-Match", it.if_match),
            ("If-None-Match", it.if_none_match),
            ("X-Purpose", it.discloses),
        ];
        parameters.extend(headers.iter().filter(|(_, taken)| *taken).map(|(name, _)| reference(name)));
        parameters.push(reference("X-Request-Id"));

        let mut responses = Map::new();
        for answer in &it.answers {
            let described = self.answer(it, answer, endpoint, all);
            let earlier = responses.insert(answer.status.to_string(), described);
            assert!(earlier.is_none(), "{} describes {} twice", it.id, answer.status);
        }
        responses.extend(refusals::responses(it, endpoint, &mut self.schemas, &mut self.responses));

        let security = if endpoint.is_some() { json!([{ "bearer": [] }, { "oauth2": [] }]) } else { json!([]) };
        let mut described = json!({
            "operationId": it.id,
            "tags": [tag],
            "summary": it.summary,
            "parameters": parameters,
            "responses": responses,
            "security": security
        });
        if let Some(details) = it.details {
            described["description"] = details.into();
        }
        if let Some(body) = &it.body {
            let schema = self.schemas.sent(body.schema);
            let mut shown = json!({ "schema": schema });
            if let Some(types) = body.file_types {
                shown["encoding"] = json!({ "file": { "contentType": types } });
            }
            let content: Map<_, _> = body.media_types.iter().map(|name| ((*name).to_owned(), shown.clone())).collect();
            described["requestBody"] = json!({ "required": body.required, "content": content });
        }
        described
    }

    fn answer(&mut self, of: &Operation, answer: &Shown, endpoint: Option<&Endpoint>, all: &[&Operation]) -> Value {
        let mut names = headers::common(endpoint.is_some(), answer.status);
        names.extend(&answer.headers);
        if endpoint.is_some_and(Endpoint::writes) {
            names.push("Idempotent-Replayed");
        }
        let mut described = json!({ "description": answer.description, "headers": headers::references(&names) });
        if let Some((media_type, schema)) = answer.content {
            let schema = schema.map_or(json!({}), |schema| json!({ "schema": self.schemas.answered(schema) }));
            described["content"] = json!({ media_type: schema });
        }
        let links = self.links(of, answer, all);
        if !links.is_empty() {
            described["links"] = Value::Object(links);
        }
        described
    }

    /// From an answer to every operation that takes what it names.
    fn links(&mut self, of: &Operation, answer: &Shown, all: &[&Operation]) -> Map<String, Value> {
        let mut links = Map::new();
        for target in all {
            let mut parameters = Map::new();
            let mut named = false;
            for name in target.path_parameters() {
                let place = answer.identifies.iter().find(|(parameter, _)| *parameter == name);
                let value = if let Some((_, place)) = place {
                    named = true;
                    format!("$response.body#{place}")
                } else if of.path_parameters().any(|own| own == name) {
                    format!("$request.path.{name}")
                } else {
                    named = false;
                    break;
                };
                parameters.insert(format!("path.{name}"), value.into());
            }
            if !named {
                continue;
            }
            if target.if_match {
                parameters.insert("header.If-Match".to_owned(), "$response.header.ETag".into());
            }
            let link = json!({ "operationId": target.id, "description": target.summary, "parameters": parameters });
            // Shared by all answers that lead there in the same way.
            let taken = self.links.get(target.id).is_some_and(|earlier| *earlier != link);
            let name = if taken { format!("{}.{}", of.id, target.id) } else { target.id.to_owned() };
            links.insert(target.id.to_owned(), json!({ "$ref": format!("#/components/links/{name}") }));
            self.links.insert(name, link);
        }
        links
    }
}

fn security_schemes(about: &About) -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of the identity provider; it lives 300 s."
        },
        "oauth2": {
            "type": "oauth2",
            "description": "How programs fetch the token. (The page `/docs` loads nothing from elsewhere: paste a token there.)",
            "flows": { "clientCredentials": { "tokenUrl": about.token_url, "scopes": {} } }
        }
    })
}
