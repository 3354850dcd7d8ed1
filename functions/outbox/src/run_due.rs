//! Every minute: what should have happened by now, and did not.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use domain::{OrganisationId, SellerId};
use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use storage::{DailyCheck, Line, MonitorVies, Monitored, Partners, StorageError, now};
use tracing::{Instrument, error, info, info_span};

use crate::sender::Sender;

/// Entries claimed at a time; a claim is a lease, so few are left waiting should this process die.
const BATCH: usize = 50;
/// Left over at the end of an invocation: a batch that is begun before has the time that the bus and the queues may
/// take.
const RESERVE: Duration = Duration::from_secs(25);

/// What looks after what is due.
pub(crate) struct Due {
    pub(crate) sender: Sender,
    pub(crate) partners: Partners,
    pub(crate) monitor: MonitorVies,
}

/// What was done in one invocation.
#[derive(Default)]
struct Tally {
    sent: usize,
    unsent: usize,
    checks: usize,
}

/// Looks after due entries until none is left or time is nearly up: sends effects and work, and opens the checks of the
/// day. What cannot be done stays leased and comes up again when its lease ends.
pub(crate) async fn run_due(event: LambdaEvent<Value>, due: &Due) -> Result<Value, Error> {
    let span = info_span!("tick", invocation = event.context.request_id, function = "run-due");
    let deadline = event.context.deadline().checked_sub(RESERVE);
    due.drain(|| deadline.is_some_and(|deadline| std::time::SystemTime::now() < deadline)).instrument(span).await
}

impl Due {
    /// What is urgent first, and again after every batch of what is not.
    async fn drain(&self, time_is_left: impl Fn() -> bool) -> Result<Value, Error> {
        let mut tally = Tally::default();
        loop {
            while self.send(&mut tally).await? && time_is_left() {}
            if !time_is_left() || !self.check(&mut tally, &time_is_left).await? {
                break;
            }
        }
        let Tally { sent, unsent, checks } = tally;
        if sent + unsent + checks > 0 {
            info!(sent, unsent, checks, "Looked after what was due");
        }
        Ok(serde_json::json!({ "sent": sent, "unsent": unsent, "checks": checks }))
    }

    /// A batch of effects and work; whether there may be more.
    async fn send(&self, tally: &mut Tally) -> Result<bool, Error> {
        let claimed = self.sender.outbox.claim_due(Line::Work, now(), BATCH).await?;
        let unsent = self.sender.send(&claimed.effects).await?.len();
        tally.unsent += unsent;
        tally.sent += claimed.effects.len() - unsent;
        Ok(claimed.may_be_more(BATCH))
    }

    /// A batch of checks of the day, each for the first of the organisations that want it; whether there may be more.
    async fn check(&self, tally: &mut Tally, time_is_left: impl Fn() -> bool) -> Result<bool, Error> {
        let claimed = self.sender.outbox.claim_due(Line::Daily, now(), BATCH).await?;
        let mut watchers = HashMap::new();
        for due in &claimed.daily_checks {
            if !time_is_left() {
                return Ok(false);
            }
            match self.check_one(due, &mut watchers).await {
                Ok(Monitored::Opened) => tally.checks += 1,
                Ok(Monitored::InProgress | Monitored::Ended) => {}
                Err(cause) => {
                    error!(buyer = %due.buyer, %cause, alarm = cause.alarm(), "The check of the day cannot be opened");
                }
            }
        }
        Ok(claimed.may_be_more(BATCH))
    }

    async fn check_one(
        &self,
        due: &DailyCheck,
        watchers: &mut HashMap<SellerId, Option<OrganisationId>>,
    ) -> Result<Monitored, StorageError> {
        let watcher = match watchers.entry(due.seller) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let partners = self.partners.of(due.seller).await?;
                let watcher = partners.iter().find(|partner| partner.organisation.monitor_vies);
                *unknown.insert(watcher.map(|partner| partner.organisation.uuid))
            }
        };
        self.monitor.check(due, watcher, now()).await
    }
}
