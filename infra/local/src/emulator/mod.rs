//! The AWS emulator, spoken to in AWS's own wire protocols.
//!
//! Only the few calls a deployment takes, over plain HTTP: the SDK crates for them
//! would take longer to compile than everything else here. Nothing but
//! [`process`] knows which emulator it is.

mod cloudformation;
mod functions;
mod http_api;
mod mails;
pub(crate) mod process;
mod roles;
mod storage;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::failure::{Doing as _, Failure};

pub use functions::Invoked;

/// The account that the emulator takes every caller without a 12-digit key to be in.
pub(crate) const ACCOUNT: &str = "000000000000";

/// A client of one emulator in one region.
#[derive(Debug, Clone)]
pub(crate) struct Emulator {
    http: reqwest::Client,
    endpoint: String,
    region: String,
}

impl Emulator {
    pub(crate) fn at(endpoint: &str, region: &str) -> Self {
        Self { http: reqwest::Client::new(), endpoint: endpoint.to_owned(), region: region.to_owned() }
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A request to a service, in the form of a signed one: the emulator reads
    /// service and region from the signature's scope, and takes the key `test`
    /// for the account's root without checking further.
    fn request(&self, service: &str, method: Method, path: &str) -> RequestBuilder {
        let scope = format!("test/20260101/{}/{service}/aws4_request", self.region);
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={}", "0".repeat(64));
        self.http
            .request(method, format!("{}{path}", self.endpoint))
            .header("authorization", authorization)
            .header("x-amz-date", "20260101T000000Z")
    }

    /// The Query protocol: a form in, XML out. The error is AWS's message.
    async fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(String, String)],
    ) -> Result<String, Failure> {
        let fixed = [("Action", action), ("Version", version)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let form: Vec<_> = fixed.iter().chain(parameters).collect();
        let request = self.request(service, Method::POST, "/").form(&form);
        let answer = request.send().await.doing(format!("asking the emulator to {action}"))?;
        let (status, text) = (answer.status(), answer.text().await.doing("reading the emulator's answer")?);
        if status.is_success() {
            return Ok(text);
        }
        let message = first_text(&text, "Message").unwrap_or(text);
        Err(Failure::new(format!("{action}: {message}")))
    }

    /// The REST protocol with JSON in both directions.
    async fn json(&self, service: &str, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let what = format!("{method} {path}");
        let mut request = self.request(service, method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = successful(request.send().await.doing(&what)?, &what).await?;
        let text = answer.text().await.doing(&what)?;
        if text.is_empty() { Ok(Value::Null) } else { serde_json::from_str(&text).doing(what) }
    }
}

async fn successful(answer: Response, what: &str) -> Result<Response, Failure> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let status = answer.status();
    let text = answer.text().await.unwrap_or_default();
    Err(Failure::new(format!("{what}: {status} {text}")))
}

/// The text of the first element of that name.
fn first_text(xml: &str, name: &str) -> Option<String> {
    let document = roxmltree::Document::parse(xml).ok()?;
    let element = document.descendants().find(|node| node.tag_name().name() == name)?;
    element.text().map(str::to_owned)
}
