//! Where events of the bus go.

use std::collections::BTreeSet;

use domain::EventType;
use serde_yaml_ng::Value;

use super::{at, resources, texts};

/// Every event of the bus but those about webhooks, which never come there.
fn published() -> BTreeSet<String> {
    let all = EventType::ALL.iter().filter(|kind| !kind.is_about_webhooks());
    all.map(|kind| kind.name().to_owned()).collect()
}

#[test]
fn each_published_type_goes_to_the_fan_out_and_whatever_else_comes_is_caught() {
    let rules = resources("AWS::Events::Rule");
    let pattern = |rule: &str| at(&rules[rule], "Properties.EventPattern").unwrap().clone();
    let deliverable = pattern("DeliverableEvents");
    let types: BTreeSet<_> = texts(at(&deliverable, "detail-type")).into_iter().collect();
    assert_eq!((types, texts(at(&deliverable, "source"))), (published(), vec!["novatrade24.onboarding".to_owned()]));
    let others = pattern("UnmatchedEvents");
    let either = at(&others, "$or").and_then(Value::as_sequence).unwrap();
    let excepted = |index: usize, member: &str| {
        let listed = at(&either[index], member).and_then(|conditions| at(conditions.get(0)?, "anything-but")).cloned();
        texts(listed.as_ref()).into_iter().collect::<BTreeSet<_>>()
    };
    assert_eq!(excepted(0, "source"), BTreeSet::from(["novatrade24.onboarding".to_owned()]));
    assert_eq!(excepted(1, "detail-type"), published());
    assert_eq!((rules.len(), either.len()), (2, 2), "a rule more: who catches what it does not take?");
}

#[test]
fn what_a_rule_cannot_deliver_is_kept_and_its_queues_take_from_nobody_else() {
    let policies = resources("AWS::SQS::QueuePolicy");
    for (name, rule) in resources("AWS::Events::Rule") {
        let targets = at(&rule, "Properties.Targets").and_then(Value::as_sequence).unwrap().clone();
        for target in targets {
            for arn in ["Arn", "DeadLetterConfig.Arn"] {
                let arn = texts(at(&target, arn)).pop().unwrap_or_else(|| panic!("{name} has no {arn}"));
                let queue = arn.trim_end_matches(".Arn");
                let of_queue = |policy: &&Value| texts(at(policy, "Properties.Queues")) == [queue];
                let policy = policies.values().find(of_queue).unwrap_or_else(|| panic!("{queue} takes from nobody"));
                let statements =
                    at(policy, "Properties.PolicyDocument.Statement").and_then(Value::as_sequence).unwrap();
                let [statement] = statements.as_slice() else { panic!("{queue}: {statements:?}") };
                let from = at(statement, "Condition.ArnEquals").and_then(|it| it.get("aws:SourceArn"));
                assert_eq!(texts(from), [format!("{name}.Arn")], "{queue}");
                assert_eq!(texts(at(statement, "Principal.Service")), ["events.amazonaws.com"], "{queue}");
            }
        }
    }
}
