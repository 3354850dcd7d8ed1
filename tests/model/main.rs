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

use std::thread;

use blackbox::{Crew, World};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use tokio::runtime::Runtime;

use crate::play::play;
use crate::step::steps;

/// Of up to 80 steps, 40 on average.
const CASES: u32 = 40;
/// At the same time: functions and emulator are processes of their own.
const PLAYERS: u32 = 4;
/// Steps are real calls, so the way to the shortest sequence is not walked to its end.
const MOST_SHRINKS: u32 = 400;

#[test]
fn whatever_two_organisations_do_the_service_answers_as_the_reference_does() {
    let cases = std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().expect("a number of cases"));
    let runtime = Runtime::new().expect("a runtime");
    let crew = Crew::of(World::shared());
    let config = Config {
        cases: cases.div_ceil(PLAYERS),
        max_shrink_iters: MOST_SHRINKS,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/model/regressions.txt"
        )))),
        ..Config::default()
    };
    let run = || {
        let one = |steps: Vec<_>| runtime.block_on(play(&crew, &steps)).map_err(TestCaseError::fail);
        TestRunner::new(config.clone()).run(&steps(), one).map_err(|failure| failure.to_string())
    };
    let outcomes = thread::scope(|scope| {
        let players: Vec<_> = (0..PLAYERS).map(|_| scope.spawn(run)).collect();
        players.into_iter().map(|player| player.join().expect("a player does not panic")).collect::<Vec<_>>()
    });
    for failure in outcomes.into_iter().filter_map(Result::err) {
        panic!("{failure}");
    }
}
