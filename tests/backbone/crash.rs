//! Whatever is killed, lost, repeated or reordered: every 202 has its result, and every event its id.
//!
//! While checks are requested, each of the three functions behind the queue is killed again and again, and nothing on
//! the ways between them can be relied on. Then nothing goes wrong any more, time passes, and all must come to its end.
//!
//! The seed is printed; `BACKBONE_SEED` repeats it. `BACKBONE_KILLS` asks for more kills than a thousand, and for more
//! checks with them.

use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use domain::BuyerId;
use simulators::Vies;
use simulators::vies::{COUNTRIES, magic_variant};
use tokio::task::JoinSet;

use crate::chaos::{ASKING, Asked, Chaos, Dice, KILLS, Mortal, number_of};
use crate::ground::{Ground, Promised};
use crate::ways::{self, Way};
use crate::{time, verdict};

/// At least so many processes are killed.
const LEAST_KILLS: usize = 1_000;
/// Checks for each hundred kills.
const CHECKS_A_HUNDRED: usize = 50;
/// Checks that are open beyond those that the kills so far were for.
const AHEAD: usize = 80;
/// Pairs of workers.
const PAIRS: u64 = 4;
/// Without a kill for that long there is too little to do: more is requested.
const STANDSTILL: Duration = Duration::from_secs(3);
/// Longest time for either half.
const PATIENCE: Duration = Duration::from_mins(10);
/// What VIES says about the number of every tenth buyer.
const CODES: [&str; 10] = ["100", "200", "705", "200", "100", "201", "200", "705", "400", "200"];

/// A buyer, and what VIES says about its number.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) buyer: BuyerId,
    pub(crate) code: &'static str,
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_lost_or_repeated_every_202_has_its_result_and_every_event_one_id() {
    let _alone = crate::alone().await;
    let chaos = Arc::new(Chaos::new());
    let kills = number_of("BACKBONE_KILLS").map_or(LEAST_KILLS, |kills| LEAST_KILLS.max(kills as usize));
    let vies = Vies::start(0).await.expect("a free port");
    let ground = Ground::new("crash", &[]).await;
    // As in the template but for its visibility timeout: nobody waits four and a half minutes here.
    ground.world().behind.change_queue("CheckViesQueue", ("VisibilityTimeout", "1")).await;
    let checks = kills * CHECKS_A_HUNDRED / 100;
    let subjects = subjects(&ground, checks).await;

    let ways = [Way::new(&ground, "CheckViesQueue", true)];
    let mut actors = set_off(&ground, &vies, &chaos, &ways[0]).await;
    let promised = request(&ground, &subjects, &chaos, (kills, checks), &mut actors).await;
    let killed = chaos.count(KILLS);
    chaos.calm();
    time::settle(&ground, &ways, &mut actors).await;
    verdict::redrive(&ground, &promised).await;
    time::settle(&ground, &ways, &mut actors).await;
    actors.shutdown().await;
    println!("{:#?}", chaos.tally());
    assert!(killed >= kills, "{killed} kills");
    for what in ["stream record lost", "stream record twice", "stream record late", "stream records out of order"] {
        assert!(chaos.count(what) > 0, "no {what}");
    }
    assert!(chaos.count(&format!("{ASKING}: check-vies")) > 0, "nobody was killed over VIES");
    for what in ["message lost", "message late", "message twice", "message twice at once", "message comes again"] {
        assert!(chaos.count(what) > 0, "no {what}");
    }
    for function in ["relay-outbox", "check-vies", "run-due"] {
        assert!(chaos.killed(function) > kills / 50, "{function}");
    }
    verdict::of(&ground, &subjects, &promised, checks).await;
}

/// Buyers of all states, each with an answer of VIES that its number leads to.
async fn subjects(ground: &Ground, count: usize) -> Vec<Subject> {
    let of = |n: usize| (COUNTRIES[n % COUNTRIES.len()], CODES[n % CODES.len()]);
    // A hundred numbers for each state.
    let count = count.min(100 * COUNTRIES.len());
    let numbers = (0..count).map(|n| magic_variant(of(n).0, of(n).1, n / COUNTRIES.len()));
    let buyers = ground.buyers(&numbers.collect::<Vec<_>>()).await;
    buyers.into_iter().enumerate().map(|(n, buyer)| Subject { buyer, code: of(n).1 }).collect()
}

/// Everybody begins to work.
async fn set_off(ground: &Ground, vies: &Vies, chaos: &Arc<Chaos>, way: &Way) -> JoinSet<()> {
    let world = ground.world();
    let mut actors = JoinSet::new();
    let relay = Mortal::start(world, ("relay-outbox", 1), Asked::Nobody, chaos).await;
    actors.spawn(ways::stream_to_relay(ground.clone(), relay, Arc::clone(chaos)));
    actors.spawn(ways::clock_to_run_due(Mortal::start(world, ("run-due", 2), Asked::Nobody, chaos).await));
    for pair in 0..PAIRS {
        let start = |whom| async move {
            Mortal::start(world, ("check-vies", whom), Asked::vies(&vies.url()).await, chaos).await
        };
        let pair = [start(10 + 2 * pair).await, start(11 + 2 * pair).await];
        actors.spawn(ways::queue_to_worker(way.clone(), pair, Arc::clone(chaos)));
    }
    actors.spawn(time::goes_by(ground.clone(), Arc::clone(chaos)));
    actors
}

/// Has checks made until enough were killed over them; what was promised, each once.
async fn request(
    ground: &Ground,
    subjects: &[Subject],
    chaos: &Chaos,
    (kills, checks): (usize, usize),
    actors: &mut JoinSet<()>,
) -> Vec<Promised> {
    let mut dice = Dice::of(chaos.seed, 4);
    let (mut promised, mut next) = (Vec::<Promised>::new(), 0);
    let (begun, mut last) = (Stopwatch::now(), (Stopwatch::now(), 0));
    loop {
        time::fail_with(actors);
        let killed = chaos.count(KILLS);
        let opened = promised.iter().filter(|check| check.opened).count();
        if killed >= kills && opened >= checks {
            println!("{opened} checks and {killed} kills in {:?}", begun.elapsed());
            return promised;
        }
        assert!(begun.elapsed() < PATIENCE, "{opened} checks, {killed} kills: {:#?}", chaos.tally());
        if killed > last.1 {
            last = (Stopwatch::now(), killed);
        }
        let stands_still = last.0.elapsed() > STANDSTILL;
        if next < AHEAD + killed * CHECKS_A_HUNDRED / 100 || stands_still {
            last.0 = Stopwatch::now();
            let mut some: Vec<_> = (next..next + 10).map(|n| subjects[n % subjects.len()].buyer).collect();
            // Now and then a buyer is checked again, or its check is open still.
            some.push(subjects[dice.below(next + 10) % subjects.len()].buyer);
            next += 10;
            promised.extend(ground.check(&some).await);
        } else {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
