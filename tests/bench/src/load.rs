//! One worker that delivers webhooks, over as many deliveries as it makes in its life: how many a second, and whether
//! the memory that it takes grows.
//!
//! They are recorded, and read by the worker, as in the product; only the queue is left out. The receiver is on this machine, takes
//! all of them, and says more than is kept of it every tenth time. It is spoken to without TLS.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use axum::extract::State;
use domain::webhook::{Delivery, Envelope};
use domain::{BuyerId, Event as DomainEvent, EventId};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::arguments::Arguments;
use crate::artefact::Artefact;
use crate::event::Event;
use crate::measure::{Subject, Workbench, milliseconds};
use crate::report::megabytes;
use crate::scenario::{Scenario, Stage};
use crate::statistics::Summary;
use crate::template::Function;
use crate::throttle::MEMORY_OF_A_FULL_CORE;

const FUNCTION: &str = "deliver-webhook";
/// After so many deliveries what was recorded is forgotten: the table is not what is measured.
const REMEMBERED: u32 = 500;
/// An answer that is longer than what a worker reads of one, in bytes.
const LONG: usize = 100 * 1024;
/// After so many deliveries everything was in use once.
const SETTLED: u32 = 1_000;
/// In how many places memory is looked at.
const LOOKS: u32 = 10;

/// How many a receiver took.
type Taken = Arc<AtomicU32>;

/// Measures `count` deliveries and prints what came of it.
pub(crate) async fn deliveries(
    arguments: &Arguments,
    workbench: &Workbench,
    functions: &[Function],
    count: u32,
) -> anyhow::Result<()> {
    let function = functions.iter().find(|function| function.name == FUNCTION);
    let function = function.with_context(|| format!("the template has no function {FUNCTION}"))?;
    let artefact = Artefact::of_group(&arguments.bin_dir, &function.group)?;
    let placeholders = workbench.world.placeholders();
    let plain = Event::read(&arguments.events, FUNCTION, &placeholders)?;
    let scenario = Scenario::delivered();
    let subject = Subject { function, artefact: &artefact, scenario: &scenario, plain: &plain };

    let (url, taken) = receiver().await?;
    let (table, watched) = workbench.world.receiver(&workbench.endpoint, &url).await?;
    let mut happened: DomainEvent =
        serde_json::from_value(Event::read(&arguments.events, "fan-out-event", &placeholders)?.detail()?)?;
    let before = workbench.endpoint.stored();
    let (mut running, _, mut waiting) = workbench.start(&subject, MEMORY_OF_A_FULL_CORE).await?;
    let (mut walls, mut cpu, mut memory) = (Vec::with_capacity(count as usize), Duration::ZERO, Vec::new());
    let buyer = BuyerId(Uuid::new_v4());
    for number in 1..=count {
        happened.id = EventId::of(buyer, number.into(), happened.kind.name());
        let envelope = Envelope::of(&happened, watched.endpoint.organisation);
        let delivery = Delivery::of_event(&envelope, &watched.endpoint, storage::now());
        table.record_deliveries().record(&delivery, &watched.endpoint).await.context("record a delivery")?;
        let event = plain.clone().with_message(&delivery.command())?;

        workbench.endpoint.take_tally();
        let cpu_before = running.process.cpu_time()?;
        let (handed_out, answer) = running.invoke(waiting, &event).await?;
        cpu += running.process.cpu_time()?.saturating_sub(cpu_before);
        walls.push(answer.at - handed_out);
        running.judge(&subject, answer)?;
        let calls = workbench.endpoint.take_tally();
        scenario.judge_calls(Stage::Warm, &calls).map_err(anyhow::Error::msg)?;
        waiting = running.arrival().await?;
        if number.is_multiple_of(REMEMBERED) {
            workbench.endpoint.restore(&before);
        }
        if number == SETTLED || number.is_multiple_of(count.div_ceil(LOOKS)) {
            memory.push((number, running.process.memory()?));
        }
    }
    ensure!(taken.load(Ordering::Relaxed) == count, "the receiver took {}", taken.load(Ordering::Relaxed));
    report(&walls, cpu, &memory, running.process.peak_memory()?);
    Ok(())
}

fn report(walls: &[Duration], cpu: Duration, memory: &[(u32, u64)], peak: u64) {
    let Some(wall) = Summary::of(walls.iter().copied().map(milliseconds)) else { return };
    let count = u32::try_from(walls.len()).unwrap_or(u32::MAX);
    let second = f64::from(count) / walls.iter().sum::<Duration>().as_secs_f64();
    println!("{count} deliveries by one worker, {second:.0} a second");
    println!("each: median {:.2} ms, p90 {:.2} ms, CPU {:.2} ms", wall.median, wall.p90, milliseconds(cpu / count));
    println!("| deliveries | resident MB |\n|---|---|");
    for (number, bytes) in memory {
        println!("| {number} | {} |", megabytes(*bytes));
    }
    println!("| peak | {} |", megabytes(peak));
}

/// Its URL, and how many it took so far. The simulator for tests keeps whatever it gets.
async fn receiver() -> anyhow::Result<(String, Taken)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://localhost:{}/hook", listener.local_addr()?.port());
    let taken = Taken::default();
    let routes = Router::new().fallback(take).with_state(Arc::clone(&taken));
    tokio::spawn(async move {
        // Ends with this program only.
        let _ = axum::serve(listener, routes).await;
    });
    Ok((url, taken))
}

async fn take(State(taken): State<Taken>, _body: axum::body::Bytes) -> Vec<u8> {
    let number = taken.fetch_add(1, Ordering::Relaxed);
    vec![b'.'; if number.is_multiple_of(10) { LONG } else { 2 }]
}
