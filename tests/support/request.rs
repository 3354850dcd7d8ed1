//! A request as the HTTP API hands it to a function, and the function's answer as a client would get it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use uuid::Uuid;

use crate::Reply;

/// A request to a function's route. Cheap to send again: it is data.
#[derive(Clone, Debug)]
pub struct Request {
    /// The function it is for: its route is what the template says.
    pub function: String,
    /// The client's token.
    pub token: String,
    /// Values of the route's parameters.
    pub parameters: BTreeMap<String, String>,
    /// The query.
    pub query: BTreeMap<String, String>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// What is sent, if anything is.
    pub body: Option<Body>,
}

/// What a client sends.
#[derive(Clone, Debug)]
pub enum Body {
    /// JSON: API Gateway hands it on as text.
    Json(Value),
    /// Of another media type: API Gateway hands it on in base64.
    Bytes(Vec<u8>),
}

#[expect(clippy::needless_pass_by_value, reason = "a chain of values reads better than one of references")]
impl Request {
    /// With nothing but its token.
    #[must_use]
    pub fn new(function: &str, token: &str) -> Self {
        Self {
            function: function.to_owned(),
            token: token.to_owned(),
            parameters: BTreeMap::new(),
            query: BTreeMap::new(),
            headers: BTreeMap::new(),
            body: None,
        }
    }

    /// With a parameter of the path.
    #[must_use]
    pub fn of(mut self, parameter: &str, value: impl ToString) -> Self {
        self.parameters.insert(parameter.to_owned(), value.to_string());
        self
    }

    /// With a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.insert(name.to_owned(), value.to_string());
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.insert(name.to_owned(), value.to_string());
        self
    }

    /// With an idempotency key.
    #[must_use]
    pub fn key(self, key: impl ToString) -> Self {
        self.header("idempotency-key", key)
    }

    /// With a body.
    #[must_use]
    pub fn json(self, body: Value) -> Self {
        Self { body: Some(Body::Json(body)), ..self }.header("content-type", "application/json")
    }

    /// With a form, as [`form`](crate::form) makes it.
    #[must_use]
    pub fn form(self, (media_type, bytes): (String, Vec<u8>)) -> Self {
        Self { body: Some(Body::Bytes(bytes)), ..self }.header("content-type", media_type)
    }

    /// As API Gateway puts it (payload format 2.0), on this route.
    pub(crate) fn event(&self, route: &Route) -> Value {
        let path = self
            .parameters
            .iter()
            .fold(route.path.clone(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
        let query: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = self.headers.clone();
        headers.insert("authorization".to_owned(), format!("Bearer {}", self.token));
        headers.insert("host".to_owned(), "api.example.com".to_owned());
        let key = route.key();
        json!({
            "version": "2.0",
            "routeKey": key,
            "rawPath": path,
            "rawQueryString": query.join("&"),
            "headers": headers,
            "queryStringParameters": self.query,
            "pathParameters": self.parameters,
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "a1b2c3d4e5",
                "domainName": "api.example.com",
                "domainPrefix": "api",
                "http": {
                    "method": route.method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.10",
                    "userAgent": "test"
                },
                "requestId": Uuid::new_v4(),
                "routeKey": key,
                "stage": "$default",
                "time": "20/Nov/2026:09:15:00 +0000",
                "timeEpoch": 1_795_166_100_000_u64
            },
            "body": self.body.as_ref().map(Body::text),
            "isBase64Encoded": matches!(self.body, Some(Body::Bytes(_)))
        })
    }
}

impl Body {
    fn text(&self) -> String {
        match self {
            Self::Json(value) => value.to_string(),
            Self::Bytes(bytes) => STANDARD.encode(bytes),
        }
    }
}

/// A route of the API: `PATCH`, `/v1/partners/{sellerId}/buyers/{buyerId}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// In capitals.
    pub method: String,
    /// With its parameters in braces.
    pub path: String,
}

impl Route {
    fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Every route of the template by the function that it leads to; `$default` is none.
///
/// # Panics
/// When the template is not what it was.
#[must_use]
pub fn routes() -> &'static BTreeMap<String, Route> {
    static ROUTES: LazyLock<BTreeMap<String, Route>> = LazyLock::new(read_routes);
    &ROUTES
}

fn read_routes() -> BTreeMap<String, Route> {
    let template: Yaml =
        serde_yaml_ng::from_str(include_str!("../../infra/template.yaml")).expect("the template is YAML");
    let resources = template["Resources"].as_mapping().expect("a template has resources");
    let of_functions = resources.values().map(|resource| &resource["Properties"]).filter_map(|properties| {
        let handler = properties["Handler"].as_str()?;
        let mut events = properties["Events"].as_mapping()?.values();
        let route = events.find(|event| event["Type"].as_str() == Some("HttpApi"))?["Properties"].clone();
        let (method, path) = (route["Method"].as_str()?.to_uppercase(), route["Path"].as_str()?.to_owned());
        Some((handler.to_owned(), Route { method, path }))
    });
    of_functions.collect()
}

/// What a function answers, as its client gets it.
pub(crate) fn reply(answer: &Value) -> Reply {
    let mut headers = HeaderMap::new();
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
        headers.insert(name, HeaderValue::from_str(value.as_str().unwrap_or_default()).expect("a header's value"));
    }
    let status = answer["statusCode"].as_u64().and_then(|status| status.try_into().ok());
    let status = status.unwrap_or_else(|| panic!("no answer of an HTTP function: {answer}"));
    let text = answer["body"].as_str().unwrap_or_default().to_owned();
    let json = serde_json::from_str(&text).unwrap_or_default();
    Reply { status, headers, text, json }
}
