//! A small reference model beside the real thing, and random sequences of what clients do, compared step by step.
//!
//! ```text
//! steps ─┬▶ functions, as processes ─▶ table ─┐
//!        └▶ reference ────────────────────────┴▶ equal? status, problem, body, headers, state, history
//! ```
//!
//! `PROPTEST_CASES=1000 cargo test --test model` runs longer. A sequence that fails is made as short as it can be, is
//! printed step by step, and its seed is kept in `regressions.txt` beside this file: commit it with what mends it.

mod play;
mod reference;
mod step;

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use blackbox::{Crew, World};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

use crate::play::{Met, play};
use crate::step::steps;

/// Of up to 80 steps, 40 on average.
const CASES: u32 = 40;
/// At the same time: functions and emulator are processes of their own.
const PLAYERS: u32 = 4;
/// Steps are real calls, so the way to the shortest sequence is not walked to its end.
const TIME_TO_SHRINK: Duration = Duration::from_mins(1);
const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/model/regressions.txt");

/// What any run meets, or it tries less than it seems to.
const MET: [&str; 17] = [
    "upsert-buyer replayed",
    "upsert-buyer capability-required",
    "upsert-buyer resource-exists-different-body",
    "upsert-buyer idempotency-key-reused",
    "update-buyer malformed-request",
    "update-buyer not-found",
    "update-buyer version-mismatch",
    "update-buyer validation-error",
    "add-contact replayed",
    "add-contact idempotency-key-reused",
    "add-contact capability-required",
    "add-contact not-found",
    "update-contact replayed",
    "update-contact idempotency-key-reused",
    "update-contact not-found",
    "update-contact validation-error",
    "delete-contact not-found",
];

#[test]
fn whatever_organisations_of_one_seller_do_the_service_answers_as_the_reference_does() {
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().expect("a number of cases"));
    let config = Config {
        cases: cases.div_ceil(PLAYERS),
        max_shrink_iters: 1_000,
        max_shrink_time: TIME_TO_SHRINK.as_millis() as u32,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        ..Config::default()
    };
    let runtime = Runtime::new().expect("a runtime");
    let crew = Crew::of(World::shared());
    let met = Met::default();
    // One that has found something has the machine to itself, to make it short.
    let found = Mutex::new(None::<u32>);
    let run = |player| {
        let one = |steps: Vec<_>| {
            let finder = || *found.lock().expect("no panic while locked");
            if finder().is_some_and(|finder| finder != player) {
                return Ok(());
            }
            let played = runtime.block_on(play(&crew, &steps, &met));
            let is_finder =
                played.is_err() && *found.lock().expect("no panic while locked").get_or_insert(player) == player;
            if is_finder { played.map_err(TestCaseError::fail) } else { Ok(()) }
        };
        TestRunner::new(config.clone()).run(&steps(), one).map_err(|failure| failure.to_string())
    };
    let run = &run;
    let outcomes = thread::scope(|scope| {
        let players: Vec<_> = (0..PLAYERS).map(|player| scope.spawn(move || run(player))).collect();
        players.into_iter().map(|player| player.join().expect("a player does not panic")).collect::<Vec<_>>()
    });
    let failures: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for what in MET.iter().filter(|_| cases >= CASES) {
        assert!(met.lock().expect("no panic while locked").contains(*what), "{what} was never met");
    }
}
