//! An event that was handed out is recorded once for each endpoint that asks for it, and each delivery is in its queue, or
//! due, or the event comes again, whatever goes wrong.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use blackbox::{Crew, World};
use domain::{DeliveryId, Event, EventId, EventType, SellerId, Source};
use serde_json::{Value, json};
use simulators::fault_proxy::Call;
use uuid::Uuid;

use crate::delivery_ground::{
    Ended, Hook, Owner, assert_whole, is_put_off, message, still, text, work_amid, work_in_peace,
};
use crate::struck::{Struck, all_of};
use crate::together;

const FUNCTION: &str = "fan-out-event";

/// An endpoint, by what becomes of an event there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It asks, and fares well.
    Healthy,
    /// It asks, and fails.
    Failing,
    /// It asks, and is PAUSED.
    Paused,
    /// It asks, and is DISABLED.
    Disabled,
    /// It asks for something else.
    Other,
}
use Kind::{Disabled, Failing, Healthy, Other, Paused};

/// The endpoints of each organisation that acts for the seller, and what an event then asks of AWS.
struct Scenario {
    name: &'static str,
    organisations: &'static [&'static [Kind]],
    /// Sorted where endpoints are worked at the same time.
    calls: &'static [&'static str],
    /// From which call on it is broken: until there it goes as in another.
    from: usize,
    in_all_words: bool,
}

/// The last has the calls of the others within it, so it is broken only by what stops it half way.
const SCENARIOS: [Scenario; 3] = [
    Scenario {
        name: "one",
        organisations: &[&[Healthy, Disabled, Other]],
        calls: &["Query", "BatchGetItem", "Query", "PutItem", "SendMessage"],
        from: 0,
        in_all_words: true,
    },
    Scenario {
        name: "one that is paused",
        organisations: &[&[Paused]],
        calls: &["Query", "BatchGetItem", "Query", "TransactWriteItems"],
        from: 3,
        in_all_words: false,
    },
    Scenario {
        name: "many",
        organisations: &[&[Healthy, Failing, Paused, Other], &[Disabled, Failing]],
        calls: &[
            "BatchGetItem",
            "PutItem",
            "PutItem",
            "PutItem",
            "Query",
            "Query",
            "Query",
            "SendMessage",
            "SendMessage",
            "SendMessage",
            "TransactWriteItems",
        ],
        from: 0,
        in_all_words: false,
    },
];

/// What stops it half way.
const HALF_WAY: [&str; 4] = ["refused", "lost", "killed before", "killed after"];

impl Kind {
    /// The queue that a new delivery goes to.
    const fn queue(self) -> Option<&'static str> {
        match self {
            Self::Healthy => Some("DeliverWebhookQueue"),
            Self::Failing => Some("RetryWebhookQueue"),
            Self::Paused | Self::Disabled | Self::Other => None,
        }
    }
}

/// An event, and whom it may go to.
struct Reported {
    name: String,
    hooks: Vec<(Kind, Hook)>,
    event: Event,
    message: Value,
}

/// How often each delivery must have been put into its queue, at least.
type Owed = Arc<Mutex<BTreeMap<(&'static str, String), (usize, String)>>>;

impl Reported {
    async fn of(crew: &Crew, scenario: &Scenario, name: &str) -> Self {
        let (world, seller) = (crew.world(), SellerId(Uuid::new_v4()));
        let mut hooks = Vec::new();
        for kinds in scenario.organisations {
            let owner = Owner::acting_for(world, name, seller).await;
            for kind in *kinds {
                let asked = if *kind == Other { "kyc.verification_completed" } else { "kyc.vies_check_failed" };
                let hook = owner.hook(crew, &[asked]).await;
                match kind {
                    Failing => hook.failing(world, 3).await,
                    Paused => owner.set(crew, &hook, "PAUSED").await,
                    Disabled => owner.set(crew, &hook, "DISABLED").await,
                    Healthy | Other => {}
                }
                hooks.push((*kind, hook));
            }
        }
        let kind = EventType::ViesCheckFailed;
        let event = Event {
            id: EventId::of_webhook(&hooks[0].1.id, "event", kind.name()),
            kind,
            schema_version: 1,
            source: Source::System,
            created_at: storage::now(),
            partner_uuid: seller,
            data: json!({ "seq": 2 }),
        };
        let message = message(FUNCTION, &json!({ "detail": event }));
        Self { name: name.to_owned(), hooks, event, message }
    }

    /// All deliveries, each right as far as it is there.
    async fn recorded(&self, world: &World) -> Vec<Option<Value>> {
        let mut found = Vec::new();
        for (kind, hook) in &self.hooks {
            let (name, mut deliveries) = (&self.name, hook.deliveries(world).await);
            assert!(deliveries.len() <= 1, "{name}: recorded more than once: {deliveries:?}");
            let delivery = deliveries.pop();
            if let Some(delivery) = &delivery {
                assert!(!matches!(kind, Disabled | Other), "{name}: nobody asked for {delivery}");
                assert_whole(delivery, name);
                assert_eq!(text(delivery, "id"), self.delivery(hook), "{name}: {delivery}");
                let held = *kind == Paused && !is_put_off(delivery, name);
                let state = if held { "HELD" } else { "PENDING" };
                assert_eq!((text(delivery, "state"), text(delivery, "attempts")), (state, "0"), "{name}: {delivery}");
            }
            found.push(delivery);
        }
        found
    }

    fn delivery(&self, hook: &Hook) -> String {
        DeliveryId::of(&self.event.id, &hook.id).to_string()
    }

    /// Whether everybody who asked has it.
    fn is_complete(&self, recorded: &[Option<Value>]) -> bool {
        let asked = self.hooks.iter().map(|(kind, _)| !matches!(kind, Disabled | Other));
        asked.eq(recorded.iter().map(Option::is_some))
    }

    /// Each delivery must have been put into its queue once more.
    fn owe(&self, owed: &Owed) {
        for (kind, hook) in &self.hooks {
            if let Some(queue) = kind.queue() {
                let mut owed = owed.lock().expect("nobody panics with it");
                let entry = owed.entry((queue, self.delivery(hook))).or_insert_with(|| (0, self.name.clone()));
                entry.0 += 1;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_at_whichever_call_an_event_is_recorded_once_and_sent_or_comes_again() {
    let crew = Crew::of(still("fan-out-faults").await);
    let owed = Owed::default();
    let mut cases = Vec::new();
    for scenario in &SCENARIOS {
        let calls = Arc::new(calls_of(&crew, scenario, &owed).await);
        let mut struck = all_of(&calls, scenario.from, scenario.in_all_words);
        if scenario.name == "many" {
            struck.retain(|struck| {
                HALF_WAY.contains(&struck.fault.name) && (struck.fault.name != "lost" || !struck.lasting)
            });
        }
        for struck in struck {
            let name = format!("{}: {}", scenario.name, struck.name(&calls));
            let (crew, calls, owed, case) = (crew.clone(), calls.clone(), owed.clone(), name.clone());
            cases.push((name, async move { troubled(&crew, scenario, (struck, &calls), &owed, &case).await }));
        }
    }
    assert!(cases.len() > 150, "{} cases", cases.len());
    together::run(cases).await;
    for queue in ["DeliverWebhookQueue", "RetryWebhookQueue"] {
        let mut found = BTreeMap::<String, usize>::new();
        for order in crew.world().behind.drain_queue(queue).await {
            *found.entry(order["delivery"].as_str().expect("an id").to_owned()).or_default() += 1;
        }
        for ((_, delivery), (times, name)) in owed.lock().unwrap().iter().filter(|((of, _), _)| *of == queue) {
            let found = found.get(delivery).copied().unwrap_or_default();
            assert!(found >= *times, "{name}: in its queue {found} times, not {times}");
        }
    }
}

/// What an event asks of AWS when nothing goes wrong.
async fn calls_of(crew: &Crew, scenario: &Scenario, owed: &Owed) -> Vec<Call> {
    let reported = Reported::of(crew, scenario, scenario.name).await;
    let mut worker = crew.lend(FUNCTION).await;
    let _ = worker.proxy.take_calls();
    work_in_peace(&mut worker, &reported.message, scenario.name).await;
    let calls = worker.proxy.take_calls();
    let mut operations: Vec<_> = calls.iter().map(Call::operation).collect();
    if scenario.name == "many" {
        operations.sort_unstable();
    }
    assert_eq!(operations, scenario.calls, "{}", scenario.name);
    reported.owe(owed);
    calls
}

async fn troubled(crew: &Crew, scenario: &Scenario, trouble: (Struck, &[Call]), owed: &Owed, name: &str) {
    let (world, reported) = (crew.world(), Reported::of(crew, scenario, name).await);
    let mut worker = crew.lend(FUNCTION).await;
    let ended = work_amid(&mut worker, &reported.message, trouble, name).await;
    let first = reported.recorded(world).await;
    if ended == Ended::Done {
        assert!(reported.is_complete(&first), "{name}: done with, and not recorded for all: {first:?}");
        reported.owe(owed);
    }
    // It is not acknowledged, or a second one of it is on its way.
    work_in_peace(&mut worker, &reported.message, name).await;
    reported.owe(owed);
    let then = reported.recorded(world).await;
    assert!(reported.is_complete(&then), "{name}: came again, and is not recorded for all: {then:?}");
    for (before, after) in first.iter().zip(&then).filter(|(before, _)| before.is_some()) {
        assert_eq!(before, after, "{name}: recorded anew");
    }
}
