//! The endpoints that write webhook endpoints, each with the requests that end differently.

use blackbox::Request;
use domain::webhook::TestFire;
use domain::{DeliveryId, EventType};
use serde_json::{Value, json};

use crate::endpoints::KEY;
use crate::ground::Ground;

/// A request as it is made up when its turn comes, about the endpoint of that id if one was registered before.
pub(crate) type Asking = fn(&Ground, &str) -> Request;

/// One kind of request.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) function: &'static str,
    /// What is special about it.
    pub(crate) case: &'static str,
    /// Whether an endpoint was registered before.
    pub(crate) registered: bool,
    pub(crate) request: Asking,
    /// Whether it was answered before, too: all that is to come of it is that answer again.
    pub(crate) answered: bool,
    /// Whether it is refused in all the words there are.
    pub(crate) in_all_words: bool,
    pub(crate) outcome: Outcome,
}

/// What it comes to, however often it is sent.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    /// Whether it shows a secret.
    pub(crate) secret: bool,
    /// Endpoints that the organisation has after it.
    pub(crate) endpoints: usize,
    /// Changes that it adds.
    pub(crate) changes: usize,
    /// Deliveries to the endpoint after it.
    pub(crate) deliveries: usize,
}

/// A secret that a client supplies.
pub(crate) const OWN: &str = "a-secret-of-the-receivers-own";

pub(crate) fn register(ground: &Ground, key: &str, own: Option<&str>) -> Request {
    let mut body = json!({"url": "https://hooks.example.com/novatrade24", "events": ["kyc.*"]});
    if let Some(own) = own {
        body["secret"] = json!(own);
    }
    ground.about_webhooks("register-webhook", key).json(body)
}

fn about(ground: &Ground, function: &str, webhook: &str) -> Request {
    ground.about_webhooks(function, KEY).of("webhookId", webhook)
}

fn update(ground: &Ground, webhook: &str, body: Value) -> Request {
    about(ground, "update-webhook", webhook).json(body)
}

/// Under which a delivery was ordered that is replayed.
pub(crate) const TESTED: &str = "tested before";

fn fire() -> TestFire {
    TestFire { event_type: EventType::VerificationCompleted, data: json!({"outcome": "VERIFIED"}) }
}

pub(crate) fn test(ground: &Ground, webhook: &str, key: &str) -> Request {
    let fire = serde_json::to_value(fire()).expect("JSON");
    ground.about_webhooks("test-webhook", key).of("webhookId", webhook).json(fire)
}

fn replay(ground: &Ground, webhook: &str) -> Request {
    let (organisation, id) = (ground.organisation(), webhook.parse().expect("an id"));
    let envelope = fire().envelope(organisation, &id, TESTED, storage::now());
    let delivery = DeliveryId::of(&envelope.id, &id).to_string();
    about(ground, "replay-delivery", webhook).of("deliveryId", &delivery)
}

impl Row {
    /// The same request, once it was answered.
    fn answered(self) -> Self {
        Self { answered: true, in_all_words: false, outcome: Outcome { changes: 0, ..self.outcome }, ..self }
    }
}

/// Every endpoint of webhooks whose method is not GET.
pub(crate) fn rows() -> Vec<Row> {
    let row = |function, case, registered, request, outcome| Row {
        function,
        case,
        registered,
        request,
        answered: false,
        in_all_words: false,
        outcome,
    };
    let changed = Outcome { status: 200, secret: false, endpoints: 1, changes: 1, deliveries: 0 };
    let ordered = Outcome { status: 202, changes: 0, ..changed };
    let registered = Outcome { status: 201, secret: true, ..changed };
    let rotated = Outcome { secret: true, ..changed };
    let mut rows = vec![
        Row {
            in_all_words: true,
            ..row("register-webhook", "ours", false, |ground, _| register(ground, KEY, None), registered)
        },
        row("register-webhook", "with a secret", false, |ground, _| register(ground, KEY, Some(OWN)), registered),
        Row {
            in_all_words: true,
            ..row(
                "update-webhook",
                "changing",
                true,
                |ground, webhook| update(ground, webhook, json!({"status": "PAUSED"})),
                changed,
            )
        },
        row(
            "update-webhook",
            "unchanged",
            true,
            |ground, webhook| update(ground, webhook, json!({"status": "ACTIVE"})),
            Outcome { changes: 0, ..changed },
        ),
        Row {
            in_all_words: true,
            ..row(
                "rotate-webhook-secret",
                "ours",
                true,
                |ground, webhook| about(ground, "rotate-webhook-secret", webhook),
                rotated,
            )
        },
        row(
            "rotate-webhook-secret",
            "with a secret, at once",
            true,
            |ground, webhook| {
                about(ground, "rotate-webhook-secret", webhook).json(json!({"overlapHours": 0, "secret": OWN}))
            },
            rotated,
        ),
        Row {
            in_all_words: true,
            ..row(
                "delete-webhook",
                "there",
                true,
                |ground, webhook| about(ground, "delete-webhook", webhook),
                Outcome { status: 204, endpoints: 0, ..changed },
            )
        },
    ];
    rows.extend([
        row(
            "test-webhook",
            "",
            true,
            |ground, webhook| test(ground, webhook, KEY),
            Outcome { deliveries: 1, ..ordered },
        ),
        row("replay-delivery", "of a test", true, replay, Outcome { deliveries: 1, ..ordered }),
        row(
            "recover-webhook",
            "",
            true,
            |ground, webhook| about(ground, "recover-webhook", webhook).json(json!({"since": "2026-11-22T00:00:00Z"})),
            ordered,
        ),
    ]);
    let answered: Vec<_> = rows.iter().cloned().map(Row::answered).collect();
    rows.extend(answered);
    rows
}
