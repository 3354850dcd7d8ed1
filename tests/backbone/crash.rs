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

use crate::chaos::{Chaos, Dice, KILLS, Mortal};
use crate::ground::{Ground, Promised};
use crate::ways::{self, Late};
use crate::{time, verdict};

/// At least so many processes are killed.
const LEAST_KILLS: usize = 1_000;
/// Checks for each hundred kills.
const CHECKS_A_HUNDRED: usize = 50;
/// Checks that are open beyond those that the kills so far were for.
const AHEAD: usize = 80;
/// Entries of the index that are brought forward at a time.
const SOME: usize = 12;
/// Pairs of workers.
const PAIRS: u64 = 4;
/// Without a kill for that long there is too little to do: more is requested.
const STANDSTILL: Duration = Duration::from_secs(3);
/// Longest time for either half.
const PATIENCE: Duration = Duration::from_mins(4);
/// What VIES says about the number of every tenth buyer.
const CODES: [&str; 10] = ["100", "200", "705", "200", "100", "201", "200", "705", "400", "200"];

/// A buyer, and what VIES says about its number.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) buyer: BuyerId,
    pub(crate) code: &'static str,
}

fn number_of(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_lost_or_repeated_every_202_has_its_result_and_every_event_one_id() {
    let _alone = crate::alone().await;
    let seed = number_of("BACKBONE_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
    let kills = number_of("BACKBONE_KILLS").map_or(LEAST_KILLS, |kills| LEAST_KILLS.max(kills as usize));
    println!("BACKBONE_SEED={seed} BACKBONE_KILLS={kills}");
    let vies = Vies::start(0).await.expect("a free port");
    let ground = Ground::new("crash", &[]).await;
    // As in the template but for its visibility timeout: nobody waits four and a half minutes here.
    ground.world().behind.change_queue("CheckViesQueue", ("VisibilityTimeout", "1")).await;
    let checks = kills * CHECKS_A_HUNDRED / 100;
    let subjects = subjects(&ground, checks).await;

    let (chaos, late) = (Arc::new(Chaos::new(seed)), Late::default());
    let mut actors = set_off(&ground, &vies, &chaos, &late).await;
    let promised = request(&ground, &subjects, &chaos, (kills, checks), &mut actors).await;
    let killed = chaos.count(KILLS);
    chaos.calm();
    settle(&ground, &late, &mut actors).await;
    verdict::redrive(&ground, &promised).await;
    settle(&ground, &late, &mut actors).await;
    actors.shutdown().await;
    println!("{:#?}", chaos.tally());
    assert!(killed >= kills, "{killed} kills");
    for what in ["stream record lost", "stream record twice", "stream record late", "stream records out of order"] {
        assert!(chaos.count(what) > 0, "no {what}");
    }
    for what in ["message lost", "message late", "message twice", "message twice at once", "message comes again"] {
        assert!(chaos.count(what) > 0, "no {what}");
    }
    for function in ["relay-outbox", "check-vies", "run-due"] {
        assert!(chaos.count(&format!("killed: {function}")) > kills / 50, "{function}");
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
async fn set_off(ground: &Ground, vies: &Vies, chaos: &Arc<Chaos>, late: &Late) -> JoinSet<()> {
    let world = ground.world();
    let start = |name, whom, vies: Option<String>| async move {
        Mortal::start(world, (name, whom), vies.as_deref(), Arc::clone(chaos)).await
    };
    let mut actors = JoinSet::new();
    let relay = start("relay-outbox", 1, None).await;
    actors.spawn(ways::stream_to_relay(ground.clone(), relay, Arc::clone(chaos)));
    actors.spawn(ways::clock_to_run_due(start("run-due", 2, None).await));
    for pair in 0..PAIRS {
        let (one, other) = (10 + 2 * pair, 11 + 2 * pair);
        let pair = [one, other].map(|whom| start("check-vies", whom, Some(vies.url())));
        let [one, other] = pair;
        let pair = [one.await, other.await];
        let queue = world.behind.queue_of("CheckViesQueue");
        actors.spawn(ways::queue_to_worker(queue, late.clone(), pair, Arc::clone(chaos)));
    }
    actors.spawn(time_goes_by(ground.clone(), Arc::clone(chaos)));
    actors
}

/// As long as things go wrong, some of what waits for its time gets it, again and again: few enough that run-due is
/// done with them soon, and can be killed over the next ones.
async fn time_goes_by(ground: Ground, chaos: Arc<Chaos>) {
    let mut dice = Dice::of(chaos.seed, 3);
    while !chaos.is_calm() {
        let mut entries = time::due(&ground).await;
        dice.shuffle(&mut entries);
        time::pass(&ground, entries.into_iter().take(SOME)).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // Not to be taken for one that failed.
    std::future::pending::<()>().await;
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
        fail_with(actors);
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

/// Nothing goes wrong any more, and time passes whenever nothing else moves on: until there is nothing left to do.
async fn settle(ground: &Ground, late: &Late, actors: &mut JoinSet<()>) {
    let queue = ground.world().behind.queue_of("CheckViesQueue");
    let (begun, mut quiet) = (Stopwatch::now(), 0);
    while quiet < 3 {
        fail_with(actors);
        let left = (time::due(ground).await, queue.messages().await, late.is_empty());
        quiet = if left.0.is_empty() && left.1 == 0 && left.2 { quiet + 1 } else { 0 };
        assert!(begun.elapsed() < PATIENCE, "there always is something left to do: {left:?}");
        if left.1 == 0 && left.2 {
            time::pass(ground, left.0).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    println!("nothing left to do after {:?}", begun.elapsed());
}

/// Whoever panicked is heard.
fn fail_with(actors: &mut JoinSet<()>) {
    while let Some(ended) = actors.try_join_next() {
        ended.expect("everybody goes on until the end");
    }
}
