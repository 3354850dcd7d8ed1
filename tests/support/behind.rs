//! A look behind the API: functions, roles, queues and items of a deployment.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use local::{Deployment, Invoked, Stack};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Queue;

/// What is behind the API.
pub struct Behind {
    /// The deployment.
    pub deployment: Deployment,
    endpoint: String,
    region: String,
    http: Client,
    /// The URL of the queue that events are put into for the test.
    tap: OnceLock<String>,
}

/// A policy as it was before a statement was taken from it.
pub struct Taken {
    role: String,
    policy: String,
    document: Value,
}

impl Behind {
    pub(crate) fn new(stack: &Stack, deployment: Deployment) -> Self {
        Self {
            deployment,
            endpoint: stack.aws_endpoint.clone(),
            region: stack.region.clone(),
            http: Client::new(),
            tap: OnceLock::new(),
        }
    }

    /// Calls a function through Lambda's Invoke API.
    ///
    /// # Panics
    /// When the Invoke API itself fails.
    pub async fn invoke(&self, function: &str, event: &Value) -> Invoked {
        self.deployment.invoke(function, event).await.expect("the Invoke API answers")
    }

    /// Takes the statement of that Sid from a function's own policy.
    ///
    /// # Panics
    /// When the function has none of that Sid.
    pub async fn without_statement(&self, function: &str, sid: &str) -> Taken {
        let role = self.deployment.role_of(function).await.expect("a function has a role");
        for (policy, text) in self.deployment.policies_of(&role).await.expect("a role has policies") {
            let document: Value = serde_json::from_str(&text).expect("a policy is JSON");
            let mut stripped = document.clone();
            let statements = stripped["Statement"].as_array_mut().expect("a policy has statements");
            let before = statements.len();
            statements.retain(|statement| statement["Sid"] != sid);
            if statements.len() == before {
                continue;
            }
            if statements.is_empty() {
                self.deployment.delete_policy(&role, &policy).await.expect("IAM takes it away");
            } else {
                self.put_policy(&role, &policy, &stripped).await;
            }
            return Taken { role, policy, document };
        }
        panic!("{function} has no statement {sid}");
    }

    /// Puts the policy back to what it was.
    ///
    /// # Panics
    /// When IAM refuses it.
    pub async fn put_back(&self, Taken { role, policy, document }: Taken) {
        self.put_policy(&role, &policy, &document).await;
    }

    async fn put_policy(&self, role: &str, policy: &str, document: &Value) {
        self.deployment.put_policy(role, policy, &document.to_string()).await.expect("IAM takes it");
    }

    /// An operation of an AWS service that speaks JSON (`DynamoDB`, SQS).
    ///
    /// # Panics
    /// When it fails.
    pub async fn aws(&self, service: &str, target: &str, body: &Value) -> Value {
        let answer = self.try_aws(service, target, body).await;
        answer.unwrap_or_else(|failure| panic!("{target}: {failure}"))
    }

    /// The same; what it says to a refusal.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn try_aws(&self, service: &str, target: &str, body: &Value) -> Result<Value, String> {
        call(&self.http, (&self.endpoint, &self.region), (service, target), body).await
    }

    /// A queue (by logical id), to be worked by hand.
    #[must_use]
    pub fn queue_of(&self, logical_id: &str) -> Queue {
        Queue::new(self.queue(logical_id), &self.endpoint, &self.region, &self.http)
    }

    /// A request to a service that speaks REST.
    pub(crate) fn request(&self, service: &str, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.endpoint));
        request.header("authorization", authorization(&self.region, service))
    }

    /// All items of a partition of the table, in the service's own JSON.
    pub async fn items(&self, pk: &str) -> Vec<Value> {
        let query = json!({
            "TableName": self.deployment.table_name(),
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": true
        });
        let answer = self.aws("dynamodb", "DynamoDB_20120810.Query", &query).await;
        answer["Items"].as_array().cloned().unwrap_or_default()
    }

    /// Replaces an item of the table, past all rules.
    pub async fn overwrite(&self, item: &Value) {
        let put = json!({ "TableName": self.deployment.table_name(), "Item": item });
        self.aws("dynamodb", "DynamoDB_20120810.PutItem", &put).await;
    }

    /// The key that an object of a bucket (by logical id) is encrypted under, if it names one.
    ///
    /// # Panics
    /// When there is no such object.
    pub async fn key_of_object(&self, logical_id: &str, key: &str) -> Option<String> {
        let answer = self.object(Method::HEAD, logical_id, key, Vec::new()).await;
        let name = "x-amz-server-side-encryption-aws-kms-key-id";
        answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    /// Puts an object into a bucket (by logical id), past what a signed address allows.
    ///
    /// # Panics
    /// When the bucket refuses it.
    pub async fn put_object(&self, logical_id: &str, key: &str, bytes: &[u8]) {
        self.object(Method::PUT, logical_id, key, bytes.to_vec()).await;
    }

    /// Tags an object of a bucket (by logical id), as the malware scan does.
    ///
    /// # Panics
    /// When there is no such object.
    pub async fn tag_object(&self, logical_id: &str, key: &str, (name, value): (&str, &str)) {
        let tag = format!("<Tag><Key>{name}</Key><Value>{value}</Value></Tag>");
        let tagging = format!("<Tagging><TagSet>{tag}</TagSet></Tagging>");
        self.object(Method::PUT, logical_id, &format!("{key}?tagging"), tagging.into_bytes()).await;
    }

    async fn object(&self, method: Method, logical_id: &str, key: &str, bytes: Vec<u8>) -> reqwest::Response {
        let bucket = self.deployment.buckets.get(logical_id).unwrap_or_else(|| panic!("no bucket {logical_id}"));
        let request = self.request("s3", method, &format!("/{bucket}/{key}")).body(bytes);
        let answer = request.send().await.expect("the emulator answers");
        assert!(answer.status().is_success(), "{key}: {}", answer.status());
        answer
    }

    fn queue(&self, logical_id: &str) -> &str {
        self.deployment.queues.get(logical_id).unwrap_or_else(|| panic!("no queue {logical_id}"))
    }

    /// Puts a message into a queue (by logical id).
    pub async fn put_message(&self, logical_id: &str, body: &str) {
        let send = json!({ "QueueUrl": self.queue(logical_id), "MessageBody": body });
        self.aws("sqs", "AmazonSQS.SendMessage", &send).await;
    }

    /// Puts a message into a group of a FIFO queue (by logical id).
    pub async fn put_into_group(&self, logical_id: &str, group: &str, body: &str) {
        let id = Uuid::new_v4().to_string();
        let send = json!({
            "QueueUrl": self.queue(logical_id), "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": id
        });
        self.aws("sqs", "AmazonSQS.SendMessage", &send).await;
    }

    /// Sets an attribute of a queue (by logical id).
    pub async fn change_queue(&self, logical_id: &str, (name, value): (&str, &str)) {
        let set = json!({ "QueueUrl": self.queue(logical_id), "Attributes": { name: value } });
        self.aws("sqs", "AmazonSQS.SetQueueAttributes", &set).await;
    }

    /// How many messages a queue (by logical id) has, those being worked on included.
    ///
    /// # Panics
    /// When it does not say.
    pub async fn messages_of(&self, logical_id: &str) -> u32 {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let get = json!({ "QueueUrl": self.queue(logical_id), "AttributeNames": names });
        let answer = self.aws("sqs", "AmazonSQS.GetQueueAttributes", &get).await;
        let number = |name: &str| answer["Attributes"][name].as_str().expect("a number").parse::<u32>();
        names.iter().map(|name| number(name).expect("a number")).sum()
    }

    /// The bodies of the messages that wait in a queue (by logical id), removed from it.
    ///
    /// # Panics
    /// When the template has no such queue.
    pub async fn drain_queue(&self, logical_id: &str) -> Vec<Value> {
        self.drain(self.queue(logical_id)).await
    }

    /// Has every event of the bus put into a queue of the test's own, from now on. Whoever consumes events goes on doing so.
    ///
    /// # Panics
    /// When it was done before.
    pub async fn tap_events(&self) {
        let name = format!("tap-{}", Uuid::new_v4().simple());
        let made = self.aws("sqs", "AmazonSQS.CreateQueue", &json!({ "QueueName": name })).await;
        let url = made["QueueUrl"].as_str().expect("a queue has a URL").to_owned();
        let attributes = json!({ "QueueUrl": url, "AttributeNames": ["QueueArn"] });
        let attributes = self.aws("sqs", "AmazonSQS.GetQueueAttributes", &attributes).await;
        let bus = self.deployment.outputs["EventBusName"].as_str();
        let rule = json!({
            "Name": name, "EventBusName": bus, "EventPattern": r#"{"source": ["novatrade24.onboarding"]}"#,
        });
        self.aws("events", "AWSEvents.PutRule", &rule).await;
        let targets = json!([{ "Id": "tap", "Arn": attributes["Attributes"]["QueueArn"] }]);
        let put = json!({ "Rule": name, "EventBusName": bus, "Targets": targets });
        self.aws("events", "AWSEvents.PutTargets", &put).await;
        self.tap.set(url).expect("tapped once");
    }

    /// The events that came out of the bus since [`Self::tap_events`] and were not looked at yet.
    ///
    /// # Panics
    /// When the bus was not tapped.
    pub async fn drain_events(&self) -> Vec<Value> {
        self.drain(self.tap.get().expect("the bus is tapped")).await
    }

    async fn drain(&self, url: &str) -> Vec<Value> {
        let mut bodies = Vec::new();
        loop {
            let receive = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1 });
            let answer = self.aws("sqs", "AmazonSQS.ReceiveMessage", &receive).await;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return bodies;
            }
            for message in messages {
                let delete = json!({ "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"] });
                self.aws("sqs", "AmazonSQS.DeleteMessage", &delete).await;
                let body = message["Body"].as_str().unwrap_or_default();
                bodies.push(serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned())));
            }
        }
    }
}

/// An operation of an AWS service that speaks JSON; whatever is no success is told.
pub(crate) async fn call(
    http: &Client,
    (endpoint, region): (&str, &str),
    (service, target): (&str, &str),
    body: &Value,
) -> Result<Value, String> {
    let answer = http
        .post(endpoint)
        .header("authorization", authorization(region, service))
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.0")
        .body(body.to_string())
        .send()
        .await
        .expect("the emulator answers");
    let (status, text) = (answer.status(), answer.text().await.expect("a whole answer"));
    if status.is_success() {
        Ok(serde_json::from_str(&text).unwrap_or_default())
    } else {
        Err(format!("{status} {text}"))
    }
}

/// The emulator reads service and region from it, and takes the key `test` for the account's root.
fn authorization(region: &str, service: &str) -> String {
    let scope = format!("Credential=test/20260101/{region}/{service}/aws4_request");
    format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0")
}

/// The event of `events/<function>.json` with its placeholders (`${TOKEN}` and the like; `${NOW}` by itself) filled in.
///
/// # Panics
/// When there is no such file, or a placeholder is left over.
#[must_use]
pub fn event_file(function: &str, values: &[(&str, &str)]) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../events/{function}.json"));
    let mut text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (name, value) in values.iter().chain(&[("NOW", storage::now().to_string().as_str())]) {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    assert!(!text.contains("${"), "{function}: a placeholder is left over");
    serde_json::from_str(&text).expect("an event is JSON")
}
