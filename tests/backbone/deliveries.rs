//! Whatever is killed, lost, repeated or reordered: every event is recorded once for each endpoint that asks for it, and
//! comes to an end there.
//!
//! While events happen, and clients pause and resume their endpoints, each of the five functions on their way is killed again and
//! again, with calls to AWS and to receivers. Then nothing goes wrong any more, time passes, and all must come to its end; then what is
//! paused is resumed, and must get all that was held for it. As in [`crate::crash`], the seed is printed, and
//! `BACKBONE_SEED` repeats it; `BACKBONE_KILLS` asks for more kills.

use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use domain::{BuyerId, Event};
use simulators::WebhookSink;
use simulators::vies::{COUNTRIES, magic_variant};
use tokio::task::JoinSet;

use crate::cast::{Cast, Client, HAPPENS, HAPPENS_FIRST};
use crate::chaos::{ASKING, Asked, Chaos, Dice, KILLS, Mortal, number_of};
use crate::ground::Ground;
use crate::ways::{self, Way};
use crate::{delivered, time};

/// At least so many processes are killed.
const LEAST_KILLS: usize = 600;
/// Of each function one of so many.
const SHARE: usize = 20;
const FUNCTIONS: [&str; 5] = ["relay-outbox", "run-due", "fan-out-event", "deliver-webhook", "release-deliveries"];
/// Events that happen in any case.
const LEAST_EVENTS: usize = 60;
/// The first of them, for those who are paused then.
const FIRST_EVENTS: usize = 5;
/// Between two of them.
const APART: Duration = Duration::from_millis(200);
/// Between two decisions of clients.
const RESTLESS: Duration = Duration::from_millis(300);
const BUYERS: usize = 6;
/// Longest time for things to go wrong.
const PATIENCE: Duration = Duration::from_mins(10);
/// Queues and their workers; how many pairs; whether a message that is lost comes again by the index. What carries an event that
/// was not recorded yet, or an order that is in no index any more, cannot.
const QUEUES: [(&str, &str, u64, bool); 4] = [
    ("FanOutEventQueue", "fan-out-event", 1, false),
    ("DeliverWebhookQueue", "deliver-webhook", 2, true),
    ("RetryWebhookQueue", "deliver-webhook", 2, true),
    ("ReleaseDeliveriesQueue", "release-deliveries", 1, false),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_lost_or_repeated_every_event_comes_to_its_end_at_every_endpoint_that_asks() {
    let _alone = crate::alone().await;
    let chaos = Arc::new(Chaos::new());
    let kills = number_of("BACKBONE_KILLS").map_or(LEAST_KILLS, |kills| LEAST_KILLS.max(kills as usize));
    let sink = WebhookSink::start(0).await.expect("a free port");
    let ground = Ground::new("deliveries", &[]).await;
    let cast = Arc::new(Cast::assemble(&ground, &sink).await);
    let numbers: Vec<_> = (0..BUYERS).map(|n| magic_variant(COUNTRIES[n], "100", n)).collect();
    let buyers = ground.buyers(&numbers).await;
    let mut all_ways = Vec::new();
    for (queue, _, _, can_be_lost) in QUEUES {
        // As in the template but for its visibility timeout: nobody waits minutes here.
        ground.world().behind.change_queue(queue, ("VisibilityTimeout", "1")).await;
        all_ways.push(Way::new(&ground, queue, can_be_lost));
    }

    let mut actors = set_off(&ground, &cast, &chaos, &all_ways).await;
    let happened = happen(&ground, &buyers, &chaos, kills, &mut actors).await;
    chaos.calm();
    time::settle(&ground, &all_ways, &mut actors).await;
    delivered::redrive(&ground).await;
    time::settle(&ground, &all_ways, &mut actors).await;
    cast.repair(&ground, &sink).await;
    time::settle(&ground, &all_ways, &mut actors).await;
    actors.shutdown().await;
    println!("{:#?}", chaos.tally());
    assert!(chaos.count(&format!("{ASKING}: deliver-webhook")) > 0, "nobody was killed over a receiver");
    for what in ["message lost", "message late", "message twice", "message twice at once", "message comes again"] {
        assert!(chaos.count(what) > 0, "no {what}");
    }
    delivered::verdict(&ground, &cast, &sink, &happened).await;
}

/// Everybody begins to work.
async fn set_off(ground: &Ground, cast: &Arc<Cast>, chaos: &Arc<Chaos>, all_ways: &[Way]) -> JoinSet<()> {
    let world = ground.world();
    let mut actors = JoinSet::new();
    let relay = Mortal::start(world, ("relay-outbox", 1), Asked::Nobody, chaos).await;
    actors.spawn(ways::stream_to_relay(ground.clone(), relay, Arc::clone(chaos)));
    actors.spawn(ways::clock_to_run_due(Mortal::start(world, ("run-due", 2), Asked::Nobody, chaos).await));
    for (way, (of, (_, worker, pairs, _))) in all_ways.iter().zip((1..).zip(QUEUES)) {
        for pair in 0..pairs {
            let start = |whom| {
                let asked = match worker {
                    "deliver-webhook" => Asked::Receivers(Arc::clone(&cast.proxies)),
                    _ => Asked::Nobody,
                };
                Mortal::start(world, (worker, 10 * of + whom), asked, chaos)
            };
            let pair = [start(2 * pair).await, start(2 * pair + 1).await];
            actors.spawn(ways::queue_to_worker(way.clone(), pair, Arc::clone(chaos)));
        }
    }
    actors.spawn(time::goes_by(ground.clone(), Arc::clone(chaos)));
    actors.spawn(clients_change_their_minds(ground.clone(), Arc::clone(cast), Arc::clone(chaos)));
    actors
}

/// As long as things go wrong, some endpoint is paused or resumed, again and again.
async fn clients_change_their_minds(ground: Ground, cast: Arc<Cast>, chaos: Arc<Chaos>) {
    let mut dice = Dice::of(chaos.seed, 4);
    let (wavering, mut once) = (cast.of(Client::Wavers), cast.of(Client::ResumesOnce));
    while !chaos.is_calm() {
        match dice.below(100) {
            0..40 => {
                let hook = wavering[dice.below(wavering.len())];
                hook.becomes(&ground, if hook.is_paused(&ground).await { "ACTIVE" } else { "PAUSED" }).await;
            }
            40..60 => {
                for hook in cast.of(Client::Looks) {
                    hook.resume(&ground).await;
                }
            }
            _ => {
                if let Some(hook) = once.pop() {
                    hook.resume(&ground).await;
                }
            }
        }
        tokio::time::sleep(RESTLESS).await;
    }
    // Not to be taken for one that failed.
    std::future::pending::<()>().await;
}

/// Has events happen until enough were killed over them; all of these.
async fn happen(
    ground: &Ground,
    buyers: &[BuyerId],
    chaos: &Chaos,
    kills: usize,
    actors: &mut JoinSet<()>,
) -> Vec<Event> {
    let mut dice = Dice::of(chaos.seed, 5);
    let (begun, mut happened) = (Stopwatch::now(), Vec::new());
    loop {
        time::fail_with(actors);
        let killed = chaos.count(KILLS);
        let spared: Vec<_> = FUNCTIONS.into_iter().filter(|function| chaos.killed(function) < kills / SHARE).collect();
        if killed >= kills && spared.is_empty() && happened.len() >= LEAST_EVENTS {
            println!("{} events and {killed} kills in {:?}", happened.len(), begun.elapsed());
            return happened;
        }
        assert!(begun.elapsed() < PATIENCE, "{killed} kills, too few of {spared:?}: {:#?}", chaos.tally());
        // Beyond what happens in any case only what it takes to kill more.
        if happened.len() < LEAST_EVENTS || dice.percent(20) {
            let first = happened.len() < FIRST_EVENTS;
            let kind = if first { HAPPENS_FIRST } else { HAPPENS[dice.below(HAPPENS.len())] };
            happened.push(ground.report(buyers[dice.below(buyers.len())], kind).await);
        }
        tokio::time::sleep(APART).await;
    }
}
