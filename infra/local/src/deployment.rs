//! One deployed copy of the template, and what can be done to it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::emulator::{ACCOUNT, Emulator, Invoked};
use crate::failure::Failure;
use crate::template::Template;

/// The bucket that packages and the template are uploaded to.
pub(crate) const CODE_BUCKET: &str = "local-code";

/// A stack in the emulator: what it is made of, by the names of the template.
///
/// Functions go by the name their binary knows them by (`upsert-buyer`).
#[derive(Debug, Clone)]
pub struct Deployment {
    pub(crate) emulator: Emulator,
    /// The stack's name.
    pub stack_name: String,
    /// The HTTP API's id.
    pub api_id: String,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// Bucket names by logical id.
    pub buckets: BTreeMap<String, String>,
    /// Queue URLs by logical id.
    pub queues: BTreeMap<String, String>,
    /// Function ARNs by handler.
    pub functions: BTreeMap<String, String>,
}

/// What a function was deployed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Its environment, references resolved.
    pub environment: BTreeMap<String, String>,
    /// Most time for an answer.
    pub time_limit: Duration,
    /// MB.
    pub memory: u32,
}

/// Deploys an uploaded template, or brings what is deployed up to date.
pub(crate) async fn deploy(
    emulator: &Emulator,
    template: &Template,
    template_url: &str,
    stack_name: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<Deployment, Failure> {
    emulator.deploy_stack(stack_name, template_url, parameters).await?;
    if let Some(sender) = parameters.get("MailFrom") {
        emulator.verify_sender(sender).await?;
    }
    let outputs = emulator.outputs_of_stack(stack_name).await?;
    let resources = emulator.resources_of_stack(stack_name).await?;
    let physical = |logical_id: &str| resources.get(logical_id).cloned().unwrap_or_default();
    let of_type = |resource_type: &str| {
        template.logical_ids_of(resource_type).map(|id| (id.to_owned(), physical(id))).collect::<BTreeMap<_, _>>()
    };
    let mut functions = BTreeMap::new();
    let mut routes = BTreeMap::new();
    for function in template.functions() {
        let name = physical(&function.logical_id);
        let arn = format!("arn:aws:lambda:{}:{ACCOUNT}:function:{name}", emulator.region());
        routes.extend(function.routes.into_iter().map(|route| (route, arn.clone())));
        functions.insert(function.handler, arn);
    }
    let api_id = outputs.get("ApiId").cloned().ok_or_else(|| Failure::new("The template has no output ApiId"))?;
    emulator.set_routes(&api_id, &routes).await?;
    Ok(Deployment {
        emulator: emulator.clone(),
        stack_name: stack_name.to_owned(),
        api_id,
        buckets: of_type("AWS::S3::Bucket"),
        queues: of_type("AWS::SQS::Queue"),
        outputs,
        functions,
    })
}

impl Deployment {
    /// The table that holds buyers.
    #[must_use]
    pub fn table_name(&self) -> &str {
        self.outputs.get("TableName").map_or("", String::as_str)
    }

    /// Calls a function with an event, through the Invoke API.
    pub async fn invoke(&self, handler: &str, event: &Value) -> Result<Invoked, Failure> {
        self.emulator.invoke(self.function(handler)?, event).await
    }

    /// Sets environment variables of a function, or removes them (`None`). Its next call finds a new process.
    pub async fn change_environment(&self, handler: &str, changes: &[(&str, Option<&str>)]) -> Result<(), Failure> {
        let owned = changes.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
        self.emulator.change_environment(self.function(handler)?, &owned.collect()).await
    }

    /// What a function was deployed with.
    pub async fn configuration_of(&self, handler: &str) -> Result<Configuration, Failure> {
        let configuration = self.emulator.configuration_of(self.function(handler)?).await?;
        let variables = configuration["Environment"]["Variables"].as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Configuration {
            environment: variables.map(|(name, value)| (name.clone(), text(value))).collect(),
            time_limit: Duration::from_secs(configuration["Timeout"].as_u64().unwrap_or(3)),
            memory: configuration["MemorySize"].as_u64().and_then(|size| size.try_into().ok()).unwrap_or(128),
        })
    }

    /// The name of the role a function runs under.
    pub async fn role_of(&self, handler: &str) -> Result<String, Failure> {
        let configuration = self.emulator.configuration_of(self.function(handler)?).await?;
        let arn = configuration["Role"].as_str().unwrap_or_default();
        Ok(arn.rsplit('/').next().unwrap_or_default().to_owned())
    }

    /// The inline policies of a role: name to document (JSON text).
    pub async fn policies_of(&self, role: &str) -> Result<BTreeMap<String, String>, Failure> {
        self.emulator.inline_policies(role).await
    }

    /// Creates or replaces an inline policy of a role; works from the next AWS call on.
    pub async fn put_policy(&self, role: &str, name: &str, document: &str) -> Result<(), Failure> {
        self.emulator.put_inline_policy(role, name, document).await
    }

    /// Takes an inline policy away from a role.
    pub async fn delete_policy(&self, role: &str, name: &str) -> Result<(), Failure> {
        self.emulator.delete_inline_policy(role, name).await
    }

    fn function(&self, handler: &str) -> Result<&str, Failure> {
        let arn = self.functions.get(handler).map(String::as_str);
        arn.ok_or_else(|| Failure::new(format!("{} has no function {handler}", self.stack_name)))
    }
}
