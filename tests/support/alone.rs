//! A deployment in which nothing happens by itself: no queue is worked, no stream is read, no clock ticks. Whoever
//! tests the ways between the functions goes them himself.

use reqwest::{Method, Response};
use serde_json::Value;

use crate::Behind;

impl Behind {
    /// Takes away what Lambda and the scheduler would invoke functions by.
    ///
    /// # Panics
    /// When the emulator does not do it.
    pub async fn leave_alone(&self) {
        let mappings = self.stop_clocks().await;
        assert!(mappings >= 3, "stream and queues have mappings: {mappings}");
    }

    /// Ends a deployment that nobody needs any more: it would else be asked for work, and keep processes waiting for it, to
    /// the end of the run.
    pub(crate) async fn end(&self) {
        self.stop_clocks().await;
        for arn in self.deployment.functions.values() {
            let name = arn.rsplit(':').next().unwrap_or_default();
            self.rest("lambda", Method::DELETE, &format!("/2015-03-31/functions/{name}")).await;
        }
    }

    /// How many mappings there were.
    async fn stop_clocks(&self) -> usize {
        let path = "/2015-03-31/event-source-mappings/";
        let listed: Value = self.rest("lambda", Method::GET, path).await.json().await.expect("a list");
        let own = |mapping: &&Value| {
            let arn = mapping["FunctionArn"].as_str().unwrap_or_default();
            self.deployment.functions.values().any(|function| arn.starts_with(function))
        };
        let mappings: Vec<_> = listed["EventSourceMappings"].as_array().into_iter().flatten().filter(own).collect();
        for mapping in &mappings {
            let uuid = mapping["UUID"].as_str().expect("a mapping has an id");
            self.rest("lambda", Method::DELETE, &format!("{path}{uuid}")).await;
        }
        let schedule = format!("/schedules/{}-run-due", self.deployment.stack_name);
        let _ = self.request("scheduler", Method::DELETE, &schedule).send().await;
        mappings.len()
    }

    async fn rest(&self, service: &str, method: Method, path: &str) -> Response {
        let answer = self.request(service, method, path).send().await.expect("the emulator answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer
    }
}
