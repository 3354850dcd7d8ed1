//! Who hears when a function or a queue is not well.

use std::collections::BTreeSet;

use serde_yaml_ng::Value;

use super::{at, plain, resources, texts};

#[test]
fn an_alarm_hears_of_every_function_that_fails_or_is_throttled() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    for metric in ["Errors", "Throttles"] {
        let mut watched = Vec::new();
        for alarm in alarms.values() {
            let metrics = at(alarm, "Properties.Metrics").and_then(Value::as_sequence).into_iter().flatten();
            let metrics: Vec<_> = metrics.filter_map(|entry| at(entry, "MetricStat.Metric")).collect();
            assert!(metrics.len() <= 10, "an alarm takes ten metrics");
            for found in metrics.iter().filter(|found| at(found, "MetricName").and_then(Value::as_str) == Some(metric))
            {
                let dimension = at(found, "Dimensions").and_then(|dimensions| dimensions.get(0));
                watched.extend(dimension.and_then(|dimension| at(dimension, "Value")?.as_str()).map(str::to_owned));
            }
        }
        watched.sort();
        // What a source calls too often is called again by it; a client is not.
        let is_concerned = |function: &Value| metric == "Errors" || is_called_by_clients(function);
        let functions = resources("AWS::Serverless::Function").into_iter();
        let expected: Vec<_> = functions.filter(|(_, function)| is_concerned(function)).map(|(name, _)| name).collect();
        assert_eq!(watched, expected, "{metric}");
    }
}

fn is_called_by_clients(function: &Value) -> bool {
    let events = at(function, "Properties.Events").and_then(Value::as_mapping);
    events.into_iter().flat_map(|events| events.values()).any(|event| texts(at(event, "Type")) == ["HttpApi"])
}

/// Queues that an alarm watches by this metric.
fn watched_by(metric: &str) -> BTreeSet<String> {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let of_metric = alarms.values().filter(|alarm| texts(at(alarm, "Properties.MetricName")) == [metric]);
    let dimensions = of_metric.filter_map(|alarm| at(alarm, "Properties.Dimensions")?.get(0).map(plain));
    let names = dimensions.flat_map(|dimension| texts(at(dimension, "Value")));
    names.filter_map(|name| name.strip_suffix(".QueueName").map(str::to_owned)).collect()
}

#[test]
fn a_queue_that_is_worked_leads_to_a_dead_letter_queue_and_an_alarm_hears_when_either_waits() {
    let functions = resources("AWS::Serverless::Function");
    let events = functions.values().filter_map(|function| at(function, "Properties.Events")?.as_mapping());
    let events = events.flat_map(serde_yaml_ng::Mapping::values);
    let queues = events.filter(|event| texts(at(event, "Type")) == ["SQS"]);
    let arns = queues.flat_map(|event| texts(at(event, "Properties.Queue")));
    let worked: BTreeSet<_> = arns.filter_map(|arn| arn.strip_suffix(".Arn").map(str::to_owned)).collect();
    let all = resources("AWS::SQS::Queue");
    for queue in &worked {
        assert!(at(&all[queue], "Properties.RedrivePolicy.deadLetterTargetArn").is_some(), "{queue}");
    }
    assert_eq!(watched_by("ApproximateAgeOfOldestMessage"), worked);
    let others: BTreeSet<_> = all.into_keys().filter(|queue| !worked.contains(queue)).collect();
    assert_eq!(watched_by("ApproximateNumberOfMessagesVisible"), others);
}

/// Namespace and name of a metric, as a filter makes it or an alarm hears it.
fn metrics(of: &Value) -> (Vec<String>, Vec<String>) {
    (texts(at(of, "MetricNamespace").or_else(|| at(of, "Namespace"))), texts(at(of, "MetricName")))
}

#[test]
fn what_the_log_says_for_an_alarm_is_counted_in_the_log_group_of_who_says_it_and_the_alarm_hears_it() {
    let filters = resources("AWS::Logs::MetricFilter");
    let alarms = resources("AWS::CloudWatch::Alarm");
    let heard: Vec<_> = alarms.values().filter_map(|alarm| Some(metrics(at(alarm, "Properties")?))).collect();
    let mut counted = BTreeSet::new();
    for (name, filter) in &filters {
        let text = |place: &str| texts(at(filter, &format!("Properties.{place}"))).join(" ");
        let made = at(filter, "Properties.MetricTransformations").and_then(|made| made.get(0)).map(plain).expect(name);
        assert!(heard.contains(&metrics(made)), "{name}: no alarm hears {:?}", metrics(made));
        counted.insert((text("LogGroupName"), text("FilterPattern")));
    }
    let counts = [
        ("CheckViesLogGroup", "{ $.alarm = \"stuck\" }"),
        ("CheckViesLogGroup", "{ $.alarm = \"vies-refused\" }"),
        ("RunDueLogGroup", "{ $.alarm = \"stuck\" }"),
        ("RunDueLogGroup", "{ $.unsent > 0 }"),
    ];
    assert_eq!(counted, counts.map(|(group, pattern)| (group.to_owned(), pattern.to_owned())).into());
}
