//! Routes of an HTTP API, for the emulator only: AWS gets them from the OpenAPI
//! body that SAM makes of `Events: HttpApi`, which the emulator does not read.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use super::Emulator;
use crate::failure::Failure;

const SERVICE: &str = "apigateway";

impl Emulator {
    /// Makes the API have exactly these routes (route key to function ARN).
    pub(crate) async fn set_routes(&self, api: &str, wanted: &BTreeMap<String, String>) -> Result<(), Failure> {
        let integrations = self.integrations(api).await?;
        let mut served = BTreeSet::new();
        for route in self.items(&format!("/v2/apis/{api}/routes")).await? {
            let text = |name: &str| route[name].as_str().unwrap_or_default();
            let function = integrations.get(text("target").trim_start_matches("integrations/"));
            if function.is_some() && function == wanted.get(text("routeKey")) {
                served.insert(text("routeKey").to_owned());
            } else {
                let path = format!("/v2/apis/{api}/routes/{}", text("routeId"));
                self.json(SERVICE, Method::DELETE, &path, None).await?;
            }
        }
        for (route_key, function) in wanted.iter().filter(|(route_key, _)| !served.contains(*route_key)) {
            self.make_route(api, route_key, function).await?;
        }
        Ok(())
    }

    /// Integration id to function ARN.
    async fn integrations(&self, api: &str) -> Result<BTreeMap<String, String>, Failure> {
        let items = self.items(&format!("/v2/apis/{api}/integrations")).await?;
        let entry = |item: &Value| {
            Some((item["integrationId"].as_str()?.to_owned(), item["integrationUri"].as_str()?.to_owned()))
        };
        Ok(items.iter().filter_map(entry).collect())
    }

    async fn make_route(&self, api: &str, route_key: &str, function: &str) -> Result<(), Failure> {
        let integration = json!({
            "integrationType": "AWS_PROXY",
            "integrationUri": function,
            "payloadFormatVersion": "2.0",
        });
        let made =
            self.json(SERVICE, Method::POST, &format!("/v2/apis/{api}/integrations"), Some(&integration)).await?;
        let target = format!("integrations/{}", made["integrationId"].as_str().unwrap_or_default());
        let route = json!({"routeKey": route_key, "target": target});
        self.json(SERVICE, Method::POST, &format!("/v2/apis/{api}/routes"), Some(&route)).await.map(drop)
    }

    async fn items(&self, path: &str) -> Result<Vec<Value>, Failure> {
        let mut all = Vec::new();
        let mut token = None::<String>;
        loop {
            let page = token.map(|token| format!("&nextToken={token}")).unwrap_or_default();
            let answer = self.json(SERVICE, Method::GET, &format!("{path}?maxResults=500{page}"), None).await?;
            all.extend(answer["items"].as_array().cloned().unwrap_or_default());
            token = answer["nextToken"].as_str().map(str::to_owned);
            if token.is_none() {
                return Ok(all);
            }
        }
    }
}
