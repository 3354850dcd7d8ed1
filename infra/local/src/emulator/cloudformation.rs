//! Stacks: create or update, wait, read what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Emulator, first_text};
use crate::failure::{Doing as _, Failure};

const SERVICE: &str = "cloudformation";
const VERSION: &str = "2010-05-15";

impl Emulator {
    /// Creates the stack, or updates it when there is one; returns when it is done.
    pub(crate) async fn deploy_stack(
        &self,
        name: &str,
        template_url: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        let mut form = vec![pair("StackName", name), pair("TemplateURL", template_url)];
        for (number, capability) in (1..).zip(["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]) {
            form.push(pair(format!("Capabilities.member.{number}"), capability));
        }
        for (number, (key, value)) in (1..).zip(parameters) {
            form.push(pair(format!("Parameters.member.{number}.ParameterKey"), key));
            form.push(pair(format!("Parameters.member.{number}.ParameterValue"), value));
        }
        let action = if self.stack_status(name).await?.is_some() { "UpdateStack" } else { "CreateStack" };
        match self.query(SERVICE, VERSION, action, &form).await {
            Err(failure) if failure.to_string().contains("No updates are to be performed") => return Ok(()),
            other => other?,
        };
        self.wait_for_stack(name).await
    }

    async fn wait_for_stack(&self, name: &str) -> Result<(), Failure> {
        loop {
            let status = self.stack_status(name).await?.unwrap_or_default();
            match status.as_str() {
                "CREATE_COMPLETE" | "UPDATE_COMPLETE" => return Ok(()),
                status if status.ends_with("_IN_PROGRESS") => tokio::time::sleep(Duration::from_millis(50)).await,
                status => {
                    let reasons = self.failures_of_stack(name).await?.join("\n  ");
                    return Err(Failure::new(format!("The stack {name} ended as {status}:\n  {reasons}")));
                }
            }
        }
    }

    /// `None` when there is no such stack.
    async fn stack_status(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.query(SERVICE, VERSION, "DescribeStacks", &[pair("StackName", name)]).await {
            Ok(xml) => Ok(first_text(&xml, "StackStatus")),
            Err(failure) if failure.to_string().contains("does not exist") => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn failures_of_stack(&self, name: &str) -> Result<Vec<String>, Failure> {
        let events = self.query(SERVICE, VERSION, "DescribeStackEvents", &[pair("StackName", name)]).await?;
        let fields = ["LogicalResourceId", "ResourceStatus", "ResourceStatusReason"];
        let failed = table(&events, "StackEvents", &fields)?.into_iter();
        Ok(failed.filter(|row| row[1].ends_with("FAILED")).map(|row| format!("{}: {}", row[0], row[2])).collect())
    }

    /// The outputs by name.
    pub(crate) async fn outputs_of_stack(&self, name: &str) -> Result<BTreeMap<String, String>, Failure> {
        let xml = self.query(SERVICE, VERSION, "DescribeStacks", &[pair("StackName", name)]).await?;
        let rows = table(&xml, "Outputs", &["OutputKey", "OutputValue"])?;
        Ok(rows.into_iter().map(|[key, value]| (key, value)).collect())
    }

    /// Logical to physical id of every resource.
    pub(crate) async fn resources_of_stack(&self, name: &str) -> Result<BTreeMap<String, String>, Failure> {
        let xml = self.query(SERVICE, VERSION, "DescribeStackResources", &[pair("StackName", name)]).await?;
        let rows = table(&xml, "StackResources", &["LogicalResourceId", "PhysicalResourceId"])?;
        Ok(rows.into_iter().map(|[logical, physical]| (logical, physical)).collect())
    }
}

/// The members of the first list of that name, as rows of these fields.
fn table<const N: usize>(xml: &str, list: &str, fields: &[&str; N]) -> Result<Vec<[String; N]>, Failure> {
    let document = roxmltree::Document::parse(xml).doing("reading the emulator's answer")?;
    let list = document.descendants().find(|node| node.tag_name().name() == list);
    let members = list.into_iter().flat_map(|list| list.children()).filter(roxmltree::Node::is_element);
    let row = |member: roxmltree::Node| {
        fields.map(|field| {
            let child = member.children().find(|child| child.tag_name().name() == field);
            child.and_then(|child| child.text()).unwrap_or_default().to_owned()
        })
    };
    Ok(members.map(row).collect())
}

fn pair(name: impl Into<String>, value: &str) -> (String, String) {
    (name.into(), value.to_owned())
}
