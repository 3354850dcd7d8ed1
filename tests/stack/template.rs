//! What the emulator does not enforce is asserted on the template itself.

mod agreed_rights;
mod alarms;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_yaml_ng::Value;

fn template() -> Value {
    let text = include_str!("../../infra/template.yaml");
    serde_yaml_ng::from_str(text).expect("the template is YAML")
}

/// The value behind a `CloudFormation` tag such as `!Sub`.
fn plain(value: &Value) -> &Value {
    if let Value::Tagged(tagged) = value { plain(&tagged.value) } else { value }
}

fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(plain(value), |value, name| value.get(name).map(plain))
}

fn resources(kind: &str) -> BTreeMap<String, Value> {
    let template = template();
    let all = at(&template, "Resources").and_then(Value::as_mapping).unwrap().clone();
    all.into_iter()
        .filter(|(_, resource)| at(resource, "Type").and_then(Value::as_str) == Some(kind))
        .map(|(name, resource)| (name.as_str().unwrap().to_owned(), resource))
        .collect()
}

/// Every statement of every role's policy in the template, with the resource it stands in.
fn statements() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let template = template();
    let all = at(&template, "Resources").and_then(Value::as_mapping).unwrap();
    for (name, resource) in all {
        collect(name.as_str().unwrap(), resource, &mut found);
    }
    found
}

fn collect(name: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    match plain(value) {
        Value::Mapping(mapping) => {
            if mapping.contains_key("Effect") && !mapping.contains_key("Principal") {
                found.push((name.to_owned(), value.clone()));
            }
            mapping.values().for_each(|value| collect(name, value, found));
        }
        Value::Sequence(items) => items.iter().for_each(|value| collect(name, value, found)),
        _ => {}
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value.map(plain) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Sequence(items)) => items.iter().flat_map(|item| texts(Some(item))).collect(),
        _ => Vec::new(),
    }
}

/// What a statement's items must be called, by its condition.
fn leading_keys(statement: &Value) -> Vec<String> {
    let condition = at(statement, "Condition").and_then(|conditions| at(conditions, "ForAllValues:StringLike"));
    texts(condition.and_then(|condition| condition.get("dynamodb:LeadingKeys")))
}

/// Actions on a stream, which has no items to name.
const ON_STREAMS: [&str; 4] =
    ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"];

#[test]
fn every_right_on_the_table_is_bound_to_kinds_of_items() {
    for (name, statement) in statements() {
        let actions = texts(at(&statement, "Action"));
        assert!(!actions.is_empty(), "{name} has a statement without an Action: {statement:?}");
        assert!(!actions.iter().any(|action| action.contains(['*', '?'])), "{name}: {actions:?}");
        assert!(!actions.iter().any(|action| action == "dynamodb:Scan"), "{name} scans");
        // Whatever is not known as a stream's action counts as one on items, PartiQL and what is still to come included.
        let on_items = actions.iter().any(|action| action.starts_with("dynamodb:") && !ON_STREAMS.contains(&&**action));
        if on_items {
            let keys = leading_keys(&statement);
            assert!(!keys.is_empty(), "{name} {actions:?} is not bound to leading keys");
            assert!(keys.iter().all(|key| key.ends_with("#*") && key.len() > 2), "{name}: {keys:?}");
        }
    }
}

/// Rights do not come in by another door: a policy of AWS or a policy template of SAM.
#[test]
fn policies_from_elsewhere_are_logging_and_tracing_only() {
    for (name, function) in resources("AWS::Serverless::Function") {
        for policy in at(&function, "Properties.Policies").and_then(Value::as_sequence).into_iter().flatten() {
            let written_here = at(policy, "Statement").is_some();
            assert!(written_here || plain(policy).as_str() == Some("Caller"), "{name}: {policy:?}");
        }
    }
    for (name, role) in resources("AWS::IAM::Role") {
        for policy in texts(at(&role, "Properties.ManagedPolicyArns")) {
            let known = ["service-role/AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"];
            assert!(known.iter().any(|known| policy.ends_with(&format!(":policy/{known}"))), "{name}: {policy}");
        }
    }
}

#[test]
fn every_function_has_a_handler_of_its_own_a_log_group_and_a_time_limit() {
    let functions = resources("AWS::Serverless::Function");
    let groups = resources("AWS::Logs::LogGroup");
    let globals = template();
    assert!(at(&globals, "Globals.Function.Timeout").and_then(Value::as_u64).is_some());
    let mut handlers = Vec::new();
    for (name, function) in &functions {
        let handler = at(function, "Properties.Handler").and_then(Value::as_str).unwrap().to_owned();
        let expected: String = handler.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        assert_eq!(*name, expected, "the resource is called as its function");
        let group = at(function, "Properties.LoggingConfig.LogGroup").and_then(Value::as_str).unwrap();
        assert!(groups.contains_key(group), "{name}");
        assert!(at(&groups[group], "Properties.RetentionInDays").is_some(), "{group}");
        handlers.push(handler);
    }
    let count = handlers.len();
    handlers.dedup();
    assert_eq!(handlers.len(), count);
    assert!(count >= 6);
}

/// Deployment builds the packages that the folders are called after: see OPERATIONS.
#[test]
fn a_groups_folder_its_package_and_what_is_deployed_have_one_name() {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let mut groups = BTreeSet::new();
    for folder in fs::read_dir(folders).unwrap() {
        let folder = folder.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "the package in functions/{name}");
        groups.insert(name);
    }
    let functions = resources("AWS::Serverless::Function");
    let uris = functions.values().map(|function| texts(at(function, "Properties.CodeUri")).join(""));
    let deployed: BTreeSet<_> =
        uris.map(|uri| uri.trim_end_matches('/').rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(deployed, groups);
}

/// The emulator works a FIFO queue one message at a time, and would not tell.
#[test]
fn a_member_state_that_hangs_holds_up_no_other() {
    let (queues, functions) = (resources("AWS::SQS::Queue"), resources("AWS::Serverless::Function"));
    let queue = at(&queues["CheckViesQueue"], "Properties").unwrap();
    assert_eq!(at(queue, "FifoQueue").and_then(Value::as_bool), Some(true));
    let text = |name: &str| at(queue, name).and_then(Value::as_str).map(str::to_owned);
    assert_eq!(text("DeduplicationScope").as_deref(), Some("messageGroup"));
    assert_eq!(text("FifoThroughputLimit").as_deref(), Some("perMessageGroupId"));
    assert_eq!(at(&queues["CheckViesDlq"], "Properties.FifoQueue").and_then(Value::as_bool), Some(true));
    let mapping = at(&functions["CheckVies"], "Properties.Events.Checks.Properties").unwrap();
    assert_eq!(at(mapping, "BatchSize").and_then(Value::as_u64), Some(1), "nothing waits beside it");
    assert!(at(mapping, "ScalingConfig").is_none(), "as many at once as there are lanes");
}

#[test]
fn whatever_a_queue_brings_may_fail_alone_and_comes_again_after_the_function_has_ended() {
    let queues = resources("AWS::SQS::Queue");
    let mut found = 0;
    for (name, function) in resources("AWS::Serverless::Function") {
        let timeout = at(&function, "Properties.Timeout").and_then(Value::as_u64);
        let events = at(&function, "Properties.Events").and_then(Value::as_mapping).cloned().unwrap_or_default();
        for event in events.values().filter(|event| texts(at(event, "Type")) == ["SQS"]) {
            found += 1;
            assert_eq!(texts(at(event, "Properties.FunctionResponseTypes")), ["ReportBatchItemFailures"], "{name}");
            let queue = texts(at(event, "Properties.Queue")).join("");
            let queue = at(&queues[queue.trim_end_matches(".Arn")], "Properties").unwrap();
            let visibility = at(queue, "VisibilityTimeout").and_then(Value::as_u64).unwrap();
            assert!(timeout.is_some_and(|timeout| visibility >= 6 * timeout), "{name}: {visibility} s");
            assert!(at(queue, "RedrivePolicy.maxReceiveCount").and_then(Value::as_u64) >= Some(5), "{name}");
        }
    }
    assert!(found >= 3);
}

#[test]
fn what_holds_data_is_encrypted_kept_and_recoverable() {
    for kind in ["AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"] {
        for (name, resource) in resources(kind) {
            for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
                // RetainExceptOnCreate: what a failed first deployment made is taken back. Not so tables: DynamoDB
                // refuses to delete protected ones, and the rollback would fail.
                let kept: &[&str] = match kind {
                    "AWS::DynamoDB::Table" => &["Retain"],
                    _ => &["Retain", "RetainExceptOnCreate"],
                };
                let found = at(&resource, policy).and_then(Value::as_str).unwrap_or_default();
                assert!(kept.contains(&found), "{name} {policy}: {found}");
            }
        }
    }
    for (name, table) in resources("AWS::DynamoDB::Table") {
        assert!(at(&table, "Properties.SSESpecification.KMSMasterKeyId").is_some(), "{name}");
        assert!(at(&table, "Properties.DeletionProtectionEnabled").is_some(), "{name}");
    }
    for (name, bucket) in resources("AWS::S3::Bucket") {
        let blocked = at(&bucket, "Properties.PublicAccessBlockConfiguration").unwrap().as_mapping().unwrap();
        assert!(blocked.len() == 4 && blocked.values().all(|value| value.as_bool() == Some(true)), "{name}");
    }
}

#[test]
fn buckets_of_documents_are_as_safe_as_they_are_said_to_be() {
    let buckets = resources("AWS::S3::Bucket");
    let property = |bucket: &str, path: &str| {
        let found = at(&buckets[bucket], &format!("Properties.{path}")).cloned();
        found.unwrap_or_else(|| panic!("{bucket}: {path}"))
    };
    let key = |bucket| {
        let rule = property(bucket, "BucketEncryption.ServerSideEncryptionConfiguration")[0].clone();
        texts(at(&rule, "ServerSideEncryptionByDefault.KMSMasterKeyID")).join(" ")
    };
    assert_eq!((key("IncomingBucket"), key("DocumentsBucket")), ("SpecialKey.Arn".into(), "DataKey.Arn".into()));
    assert_eq!(property("DocumentsBucket", "VersioningConfiguration.Status").as_str(), Some("Enabled"));
    assert!(at(&buckets["DocumentsBucket"], "Properties.ObjectLockConfiguration").is_some());
    assert_eq!(property("IncomingBucket", "LifecycleConfiguration.Rules")[0]["ExpirationInDays"].as_u64(), Some(1));
    let cors = property("IncomingBucket", "CorsConfiguration.CorsRules")[0].clone();
    assert_eq!(texts(cors.get("AllowedMethods")), ["PUT"]);
    // Nothing expires that is part of a buyer's history.
    let kept = property("DocumentsBucket", "LifecycleConfiguration.Rules");
    assert!(kept.as_sequence().unwrap().iter().all(|rule| rule.get("ExpirationInDays").is_none()));
    let policies = resources("AWS::S3::BucketPolicy");
    for bucket in buckets.keys() {
        let policy = policies.values().find(|policy| texts(at(policy, "Properties.Bucket")) == [bucket.clone()]);
        let statements = at(policy.expect(bucket), "Properties.PolicyDocument.Statement").unwrap();
        let tls = &statements[0]["Condition"]["Bool"]["aws:SecureTransport"];
        assert_eq!((statements[0]["Effect"].as_str(), tls.as_bool()), (Some("Deny"), Some(false)), "{bucket}");
    }
}

/// Who may use the key of special categories says so in its own role; no policy of the key lets anybody else in.
#[test]
fn the_key_of_special_categories_is_granted_only_to_functions_that_read_or_write_them() {
    let policy = at(&resources("AWS::KMS::Key")["SpecialKey"], "Properties.KeyPolicy.Statement").unwrap().clone();
    let who: Vec<_> = policy.as_sequence().unwrap().iter().flat_map(|s| texts(at(s, "Principal.AWS"))).collect();
    assert_eq!(who, ["arn:${AWS::Partition}:iam::${AWS::AccountId}:root"]);
    let granted: Vec<_> = statements()
        .into_iter()
        .filter(|(_, statement)| texts(at(statement, "Resource")) == ["SpecialKey.Arn"])
        .map(|(name, statement)| {
            let via = at(&statement, "Condition.StringEquals").and_then(|condition| condition.get("kms:ViaService"));
            assert_eq!(texts(via), ["s3.${AWS::Region}.amazonaws.com"], "{name}");
            name
        })
        .collect();
    assert_eq!(granted, ["UploadDocument", "StartUpload", "DownloadDocument", "RegisterUploadRole"]);
}

/// The emulator would not miss it: the name that mails go out in is one, and no stranger's queue or bucket gives orders.
#[test]
fn mails_go_out_in_one_name_and_orders_come_from_nobody_else() {
    let (_, right) = statements().into_iter().find(|(_, s)| texts(at(s, "Sid")) == ["SendMail"]).unwrap();
    let condition = at(&right, "Condition").and_then(Value::as_sequence).unwrap();
    assert_eq!(condition[0].as_str(), Some("KnowsSenders"));
    assert_eq!(texts(condition[1]["StringEquals"].get("ses:FromAddress")), ["MailFrom"]);
    let known = at(&template(), "Conditions.KnowsSenders").cloned().unwrap();
    assert_eq!(texts(Some(&known[0])), ["Stage", "local"], "everywhere but here");
    for (name, policy) in resources("AWS::SQS::QueuePolicy") {
        let open = texts(at(&policy, "Properties.Queues"));
        assert!(open.iter().all(|queue| !queue.starts_with("SendMail")), "{name}");
    }
}

/// Who may use the key of webhook secrets says so in its own role; no
/// policy of the key lets anybody else in, and who shows, lists, changes or deletes endpoints may neither seal nor open.
#[test]
fn the_key_of_webhook_secrets_is_granted_only_to_functions_that_make_repeat_or_use_them() {
    let policy = at(&resources("AWS::KMS::Key")["WebhookKey"], "Properties.KeyPolicy.Statement").unwrap().clone();
    let who: Vec<_> = policy.as_sequence().unwrap().iter().flat_map(|s| texts(at(s, "Principal.AWS"))).collect();
    assert_eq!(who, ["arn:${AWS::Partition}:iam::${AWS::AccountId}:root"]);
    let granted: Vec<_> = statements()
        .into_iter()
        .filter(|(_, statement)| texts(at(statement, "Resource")) == ["WebhookKey.Arn"])
        .map(|(name, _)| name)
        .collect();
    assert_eq!(granted, ["RegisterWebhook", "RotateWebhookSecret", "DeliverWebhookRole"]);
}

/// What `CloudFormation` makes of a condition with these parameters; of what rules use.
fn holds(condition: &Value, parameters: &BTreeMap<String, String>) -> bool {
    let Value::Tagged(tagged) = condition else { panic!("no condition: {condition:?}") };
    let of = tagged.value.as_sequence().expect("a list");
    match tagged.tag.to_string().as_str() {
        "!Not" => !holds(&of[0], parameters),
        "!Equals" => value_of(&of[0], parameters) == value_of(&of[1], parameters),
        other => panic!("{other} is not known here"),
    }
}

fn value_of(value: &Value, parameters: &BTreeMap<String, String>) -> String {
    match value {
        Value::Tagged(tagged) if tagged.tag == "Ref" => {
            let name = tagged.value.as_str().expect("a name");
            parameters.get(name).unwrap_or_else(|| panic!("{name} has no value")).clone()
        }
        literal => texts(Some(literal)).join(""),
    }
}

/// Whether `CloudFormation` would deploy with these parameters: values that are allowed, and no rule that is broken.
fn is_deployed_with(parameters: &BTreeMap<String, String>) -> bool {
    let template = template();
    let described = at(&template, "Parameters").and_then(Value::as_mapping).unwrap();
    let allowed = described.iter().all(|(name, described)| {
        let values = texts(described.get("AllowedValues"));
        let value = parameters.get(name.as_str().unwrap());
        values.is_empty() || value.is_some_and(|value| values.contains(value))
    });
    let rules = at(&template, "Rules").and_then(Value::as_mapping).unwrap().values();
    let mut applying = rules.filter(|rule| holds(&rule["RuleCondition"], parameters));
    let kept = |rule: &Value| {
        rule["Assertions"].as_sequence().unwrap().iter().all(|assertion| holds(&assertion["Assert"], parameters))
    };
    allowed && applying.all(kept)
}

/// The parameters that an environment of `samconfig.toml` is deployed with: the template's defaults, and its own.
fn parameters_of(environment: &str) -> BTreeMap<String, String> {
    let template = template();
    let described = at(&template, "Parameters").and_then(Value::as_mapping).unwrap();
    let default = |described: &Value| {
        let default = described.get("Default").map(plain)?;
        Some(default.as_str().map_or_else(|| format!("{}", default.as_i64().unwrap_or_default()), str::to_owned))
    };
    let defaults = described.iter().filter_map(|(name, it)| Some((name.as_str()?.to_owned(), default(it)?)));
    let config: toml::Table = include_str!("../../samconfig.toml").parse().expect("TOML");
    let overrides = config[environment]["global"]["parameters"]["parameter_overrides"].as_array().expect("a list");
    let overrides = overrides.iter().map(|line| {
        let (name, value) = line.as_str().and_then(|line| line.split_once('=')).expect("Name=value");
        assert!(described.contains_key(name), "{environment} sets {name}, which the template does not have");
        (name.to_owned(), value.to_owned())
    });
    defaults.chain(overrides).collect()
}

#[test]
fn only_the_local_stack_can_allow_webhooks_to_the_own_machine() {
    let local = parameters_of("local");
    assert_eq!(local["WebhookTargets"], "https-and-loopback");
    assert!(is_deployed_with(&local));
    for environment in ["dev", "staging", "prod"] {
        let own = parameters_of(environment);
        assert_eq!((own["Stage"].as_str(), own["WebhookTargets"].as_str()), (environment, "https"));
        assert!(is_deployed_with(&own), "{environment}");
        // Whoever overrides it on the command line is refused by the rule, and by the list any other spelling.
        for value in ["https-and-loopback", "http", "HTTPS-AND-LOOPBACK", ""] {
            let mut overridden = own.clone();
            overridden.insert("WebhookTargets".to_owned(), value.to_owned());
            assert!(!is_deployed_with(&overridden), "{environment} with {value:?}");
        }
    }
    // The functions are told by this parameter and nothing else.
    for name in ["RegisterWebhook", "UpdateWebhook", "DeliverWebhook"] {
        let functions = resources("AWS::Serverless::Function");
        let told = at(&functions[name], "Properties.Environment.Variables.WEBHOOK_TARGETS").unwrap();
        assert_eq!(told.as_str(), Some("WebhookTargets"), "{name}");
    }
}

#[test]
fn rules_are_evaluated_as_cloudformation_does() {
    let mut prod = parameters_of("prod");
    prod.insert("DeletionProtection".to_owned(), "false".to_owned());
    assert!(!is_deployed_with(&prod), "prod keeps its tables");
}
