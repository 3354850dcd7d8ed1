//! The ways in which a delivery ends its turn, each with what it asks of AWS on the way.

use domain::Lane;

/// What there is before the message comes, and what comes of it.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What the receiver says.
    pub(crate) answer: u16,
    /// How often in a row it failed before.
    pub(crate) failures: u32,
    /// The status that the client sets once the delivery is recorded.
    pub(crate) set: &'static str,
    pub(crate) lane: Lane,
    pub(crate) calls: &'static [&'static str],
    /// From which call on it is broken: until there it goes as in another.
    pub(crate) from: usize,
    /// Whether calls are refused in all the words there are.
    pub(crate) in_all_words: bool,
    pub(crate) end: End,
}

/// How a delivery and its endpoint are afterwards.
pub(crate) struct End {
    pub(crate) state: &'static str,
    /// Once its message came again.
    pub(crate) settled: &'static str,
    pub(crate) reason: &'static str,
    /// Whether an attempt is made.
    pub(crate) tried: bool,
    /// Of the endpoint.
    pub(crate) status: &'static str,
    /// What the system changes of the endpoint.
    pub(crate) changes: &'static [&'static str],
    /// What the other endpoint is told.
    pub(crate) told: &'static [&'static str],
    /// What the admin is mailed.
    pub(crate) mail: Option<&'static str>,
    /// Whether it goes to the slow queue.
    pub(crate) moved: bool,
}

const PENDING: End = End {
    state: "PENDING",
    settled: "PENDING",
    reason: "",
    tried: true,
    status: "ACTIVE",
    changes: &[],
    told: &[],
    mail: None,
    moved: false,
};
const DELIVERED: End = End { state: "DELIVERED", settled: "DELIVERED", ..PENDING };
const HELD: End = End { state: "HELD", settled: "HELD", tried: false, status: "PAUSED", ..PENDING };
const FAILED: End = End { state: "FAILED", settled: "FAILED", status: "DISABLED", ..PENDING };

const HEALTHY: Scenario = Scenario {
    name: "taken",
    answer: 200,
    failures: 0,
    set: "ACTIVE",
    lane: Lane::Fast,
    calls: &["BatchGetItem", "Decrypt", "GetItem", "PutItem"],
    from: 0,
    in_all_words: true,
    end: DELIVERED,
};
const FAILING: Scenario = Scenario { answer: 500, lane: Lane::Slow, from: 2, in_all_words: false, ..HEALTHY };

pub(crate) const SCENARIOS: [Scenario; 9] = [
    HEALTHY,
    Scenario {
        name: "taken after failures",
        answer: 200,
        failures: 3,
        calls: &["BatchGetItem", "Decrypt", "GetItem", "TransactWriteItems"],
        from: 3,
        end: DELIVERED,
        ..FAILING
    },
    Scenario {
        name: "the first failure",
        lane: Lane::Fast,
        calls: &["BatchGetItem", "Decrypt", "TransactWriteItems", "GetItem"],
        end: PENDING,
        in_all_words: true,
        ..FAILING
    },
    Scenario {
        name: "the tenth failure",
        failures: 9,
        calls: &["BatchGetItem", "Decrypt", "TransactWriteItems", "GetItem", "TransactWriteItems"],
        from: 4,
        end: End { mail: Some("webhookFailing"), ..PENDING },
        ..FAILING
    },
    Scenario {
        name: "the twentieth failure",
        failures: 19,
        calls: &["BatchGetItem", "Decrypt", "TransactWriteItems", "GetItem", "Query", "TransactWriteItems"],
        end: End {
            settled: "HELD",
            status: "PAUSED",
            changes: &["AUTO_PAUSED"],
            told: &["webhook.endpoint_auto_paused"],
            mail: Some("webhookPaused"),
            ..PENDING
        },
        ..FAILING
    },
    Scenario {
        name: "gone",
        answer: 410,
        lane: Lane::Fast,
        calls: &["BatchGetItem", "Decrypt", "Query", "TransactWriteItems", "GetItem", "TransactWriteItems"],
        end: End {
            reason: "GONE",
            changes: &["AUTO_DISABLED"],
            told: &["webhook.delivery_failed_terminal"],
            mail: Some("webhookDisabled"),
            ..FAILED
        },
        ..FAILING
    },
    Scenario {
        name: "paused",
        set: "PAUSED",
        calls: &["BatchGetItem", "TransactWriteItems"],
        from: 1,
        end: HELD,
        ..FAILING
    },
    Scenario {
        name: "disabled",
        set: "DISABLED",
        calls: &["BatchGetItem", "PutItem"],
        from: 1,
        end: End { reason: "NO_ENDPOINT", tried: false, ..FAILED },
        ..FAILING
    },
    Scenario {
        name: "failing, and among those that do not",
        failures: 3,
        lane: Lane::Fast,
        calls: &["BatchGetItem", "SendMessage"],
        from: 1,
        end: End { tried: false, moved: true, ..PENDING },
        ..FAILING
    },
];
