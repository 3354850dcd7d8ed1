//! The events that functions are given: `events/<function>.json`.
//!
//! The same files serve `sam local invoke`, so they hold placeholders where a
//! run has values of its own.

use std::path::Path;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

use crate::endpoint::Item;
use crate::file::pdf_of;

/// The largest file that a form may have, in bytes.
const LARGEST_IN_A_FORM: usize = 4 * 1024 * 1024;

/// Placeholder names (without `${}`) and their values of this run.
pub(crate) type Placeholders<'a> = [(&'a str, &'a str)];

/// One event, placeholders filled in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event(Value);

impl Event {
    /// Of `function`, from the folder of events.
    pub(crate) fn read(folder: &Path, function: &str, placeholders: &Placeholders) -> anyhow::Result<Self> {
        let path = folder.join(function).with_extension("json");
        let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        Self::parse(text, placeholders).with_context(|| format!("understand {}", path.display()))
    }

    fn parse(mut text: String, placeholders: &Placeholders) -> anyhow::Result<Self> {
        for (name, value) in placeholders {
            text = text.replace(&format!("${{{name}}}"), value);
        }
        if let Some((_, rest)) = text.split_once("${") {
            bail!("nothing known for the placeholder ${{{}", rest.split_inclusive('}').next().unwrap_or_default());
        }
        Ok(Self(serde_json::from_str(&text)?))
    }

    /// Another idempotency key: not a repeat of the same request.
    pub(crate) fn with_new_key(mut self) -> Self {
        if let Some(headers) = self.0["headers"].as_object_mut() {
            headers.insert("idempotency-key".to_owned(), json!("another-key-of-the-bench"));
        }
        self
    }

    /// Another company name: not the same buyer as before.
    pub(crate) fn with_other_company(mut self) -> Self {
        let body = self.0["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
        if let Some(Value::Object(mut body)) = body {
            body.insert("companyName".to_owned(), json!("Another Company of the Bench GmbH"));
            self.0["body"] = Value::Object(body).to_string().into();
        }
        self
    }

    /// With the largest file that a form may have instead of its own.
    pub(crate) fn with_largest_file(mut self) -> Self {
        const BOUNDARY: &str = "----example";
        let mut form = Vec::new();
        for (name, text) in [("type", "COC_EXTRACT"), ("documentDate", "2025-11-03")] {
            let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
            form.extend(part.into_bytes());
        }
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"scan.pdf\"\r\n\
             Content-Type: application/pdf\r\n\r\n"
        );
        form.extend(head.into_bytes());
        form.extend(pdf_of(LARGEST_IN_A_FORM));
        form.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
        self.0["headers"]["content-length"] = form.len().to_string().into();
        self.0["headers"]["content-type"] = format!("multipart/form-data; boundary={BOUNDARY}").into();
        self.0["body"] = STANDARD.encode(form).into();
        self
    }

    /// With another message of its queue.
    pub(crate) fn with_message(mut self, body: &impl Serialize) -> anyhow::Result<Self> {
        self.0["Records"][0]["body"] = serde_json::to_string(body)?.into();
        Ok(self)
    }

    /// The item that the first record of a table's stream shows.
    pub(crate) fn stream_image(&self) -> Option<&Item> {
        self.0["Records"][0]["dynamodb"]["NewImage"].as_object()
    }

    /// What the bus put into the queue with its message.
    pub(crate) fn detail(&self) -> anyhow::Result<Value> {
        let body = self.0["Records"][0]["body"].as_str().context("no message")?;
        Ok(serde_json::from_str::<Value>(body)?["detail"].take())
    }

    /// As it travels.
    pub(crate) fn content(&self) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPSERT: &str = r#"{
        "rawPath": "/v1/partners/${SELLER}/buyers",
        "headers": { "authorization": "Bearer ${TOKEN}", "idempotency-key": "k" },
        "body": "{\"companyName\": \"ACME\", \"vatNumber\": \"DE1\"}"
    }"#;

    #[test]
    fn placeholders_are_filled_in_wherever_they_stand() {
        let event = Event::parse(UPSERT.to_owned(), &[("SELLER", "s-1"), ("TOKEN", "t")]).unwrap();
        assert_eq!(event.0["rawPath"], "/v1/partners/s-1/buyers");
        assert_eq!(event.0["headers"]["authorization"], "Bearer t");
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        let error = Event::parse(UPSERT.to_owned(), &[("TOKEN", "t")]).unwrap_err();
        assert!(error.to_string().contains("${SELLER}"), "{error}");
    }

    #[test]
    fn a_new_key_and_another_company_change_nothing_else() {
        let event = Event::parse(UPSERT.to_owned(), &[("SELLER", "s"), ("TOKEN", "t")]).unwrap();
        let changed = event.clone().with_new_key().with_other_company();
        assert_ne!(changed.0["headers"]["idempotency-key"], event.0["headers"]["idempotency-key"]);
        let body: Value = serde_json::from_str(changed.0["body"].as_str().unwrap()).unwrap();
        assert_ne!(body["companyName"], "ACME");
        assert_eq!(body["vatNumber"], "DE1");
    }
}
