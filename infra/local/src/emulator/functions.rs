//! Lambda: invoke, look at and change a function.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Emulator, successful};
use crate::failure::{Doing as _, Failure};

const SERVICE: &str = "lambda";

/// What the Invoke API answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoked {
    /// The function's answer, or the error's description.
    pub payload: Value,
    /// `Unhandled` and the like, when the function failed.
    pub function_error: Option<String>,
    /// What the function logged during this call, at most 4 KB.
    pub log_tail: String,
}

impl Invoked {
    /// The lines of the log that are JSON, as all of ours are.
    pub fn lines(&self) -> impl Iterator<Item = Value> + '_ {
        self.log_tail.lines().filter_map(|line| serde_json::from_str(line).ok())
    }
}

impl Emulator {
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Result<Invoked, Failure> {
        let what = format!("invoking {function}");
        let request = self
            .request(SERVICE, Method::POST, &format!("/2015-03-31/functions/{function}/invocations"))
            .header("x-amz-log-type", "Tail")
            .json(event);
        let answer = successful(request.send().await.doing(&what)?, &what).await?;
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let function_error = header("x-amz-function-error");
        let log = header("x-amz-log-result").and_then(|encoded| STANDARD.decode(encoded).ok()).unwrap_or_default();
        let text = answer.text().await.doing(&what)?;
        Ok(Invoked {
            payload: serde_json::from_str(&text).unwrap_or(Value::String(text)),
            function_error,
            log_tail: String::from_utf8_lossy(&log).into_owned(),
        })
    }

    pub(crate) async fn configuration_of(&self, function: &str) -> Result<Value, Failure> {
        self.json(SERVICE, Method::GET, &format!("/2015-03-31/functions/{function}/configuration"), None).await
    }

    /// Sets these variables beside those there are; `None` removes one. The next call finds a cold process.
    pub(crate) async fn change_environment(
        &self,
        function: &str,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Result<(), Failure> {
        let mut configuration = self.configuration_of(function).await?;
        let mut variables = configuration["Environment"]["Variables"].take();
        for (name, value) in changes {
            match (value, &mut variables) {
                (None, Value::Object(variables)) => drop(variables.remove(name)),
                (None, _) => {}
                (Some(value), variables) => variables[name] = json!(value),
            }
        }
        let path = format!("/2015-03-31/functions/{function}/configuration");
        let body = json!({"Environment": {"Variables": variables}});
        self.json(SERVICE, Method::PUT, &path, Some(&body)).await.map(drop)
    }
}
