//! Measures the Lambda binaries: size, start, calls, memory, and what they
//! consume on AWS.
//!
//! `cargo run --release -p bench` prints the table of `docs/PERFORMANCE.md`.
//! Each function runs as it does on Lambda, as a process that asks a Runtime
//! API for events, with a clean environment and a CPU share; only the Runtime
//! API and AWS are played by this program.
//!
//! `--deliveries` measures one worker that delivers webhooks, over as many as it
//! makes in its life.
//!
//! `--check` starts each function once for each of its answers, and fails when
//! one is not right or took other AWS calls than it should: the smoke test of
//! deploy builds.

#![cfg_attr(test, expect(clippy::float_cmp, reason = "capacity units are whole halves, medians are taken as they are"))]

mod arguments;
mod artefact;
mod documents;
mod endpoint;
mod event;
mod file;
mod instructions;
mod load;
mod measure;
mod park;
mod process;
mod report;
mod scenario;
mod seed;
mod statistics;
mod template;
mod throttle;

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use arguments::Arguments;
use artefact::{Artefact, Size};
use endpoint::Endpoint;
use event::Event;
use measure::{Share, Subject, Workbench};
use report::{Report, Row};
use scenario::Scenario;
use seed::World;
use template::{Function, Template};

/// How long a function may take to start or to answer before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let outcome = match (arguments.next().as_deref(), arguments.next()) {
        (Some(park::ARGUMENT), Some(program)) => park::park(&program),
        _ => measure_or_check(&Arguments::parse()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Everything that is measured lives in one future: on a signal it is dropped,
/// and with it go processes, cgroups and files.
fn measure_or_check(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let [mut interrupt, mut terminate, mut hang_up] =
            [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?];
        tokio::select! {
            outcome = run(arguments) => outcome,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("terminated"),
            _ = hang_up.recv() => bail!("hung up"),
        }
    })
}

async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let template = Template::read(&arguments.template)?;
    let functions = chosen(&template.functions, &arguments.functions)?;
    let scratch = tempfile::tempdir()?;
    let endpoint = Endpoint::start(scratch.path(), template.indexes).await?;
    let world = World::make(&endpoint, &arguments.events).await?;
    let workbench = Workbench { endpoint, world, scratch };
    if let Some(count) = arguments.deliveries {
        load::deliveries(arguments, &workbench, &template.functions, count).await
    } else if arguments.check {
        check(arguments, &workbench, &functions).await
    } else {
        measure(arguments, &workbench, &functions).await
    }
}

fn chosen(all: &[Function], names: &[String]) -> anyhow::Result<Vec<Function>> {
    if let Some(unknown) = names.iter().find(|name| all.iter().all(|function| function.name != **name)) {
        bail!("the template has no function {unknown}");
    }
    let wanted = |function: &&Function| names.is_empty() || names.contains(&function.name);
    Ok(all.iter().filter(wanted).cloned().collect())
}

async fn check(arguments: &Arguments, workbench: &Workbench, functions: &[Function]) -> anyhow::Result<()> {
    let mut wrong = 0;
    let mut all = 0;
    for function in functions {
        for scenario in &Scenario::of(&function.name) {
            let name = format!("{}/{}", function.group, function.name);
            let name = if scenario.name.is_empty() { name } else { format!("{name}, {}", scenario.name) };
            all += 1;
            match check_one(arguments, workbench, function, scenario).await {
                Ok(None) => println!("ok    {name}"),
                Ok(Some(processor)) => {
                    println!("skip  {name}: built for {processor}, this is {}", std::env::consts::ARCH);
                }
                Err(error) => {
                    wrong += 1;
                    println!("FAIL  {name}: {error:#}");
                }
            }
        }
    }
    if wrong > 0 {
        bail!("{wrong} of {all} answers failed");
    }
    Ok(())
}

/// Answers the foreign processor of a skipped function.
async fn check_one(
    arguments: &Arguments,
    workbench: &Workbench,
    function: &Function,
    scenario: &Scenario,
) -> anyhow::Result<Option<&'static str>> {
    let artefact = Artefact::of_group(&arguments.bin_dir, &function.group)?;
    if let Some(processor) = artefact.foreign_processor()? {
        return Ok(Some(processor));
    }
    let plain = Event::read(&arguments.events, &function.name, &workbench.world.placeholders())?;
    workbench.check(&Subject { function, artefact: &artefact, scenario, plain: &plain }).await?;
    Ok(None)
}

async fn measure(arguments: &Arguments, workbench: &Workbench, functions: &[Function]) -> anyhow::Result<()> {
    let shares = [Some(Share::full()), Share::of_memory(512), Share::of_memory(128)];
    if shares.iter().any(Option::is_none) {
        eprintln!("cgroups cannot be written here: no figures for the CPU shares of 512 and 128 MB");
    }
    let mut report = Report::begin(arguments.runs, arguments.warm);
    let mut sizes = BTreeMap::<&str, Size>::new();
    for function in functions {
        let artefact = Artefact::of_group(&arguments.bin_dir, &function.group)?;
        if let Some(processor) = artefact.foreign_processor()? {
            bail!("{} is built for {processor}: measure it there", artefact.path.display());
        }
        if !sizes.contains_key(&*function.group) {
            sizes.insert(&function.group, artefact.size(workbench.scratch.path())?);
        }
        let plain = Event::read(&arguments.events, &function.name, &workbench.world.placeholders())?;
        for scenario in &Scenario::of(&function.name) {
            eprintln!("{} {}", function.name, scenario.name);
            let subject = Subject { function, artefact: &artefact, scenario, plain: &plain };
            let [full_core, at_512_mb, at_128_mb] =
                workbench.measure(&subject, &shares, arguments.runs, arguments.warm).await?;
            report.rows.push(Row {
                group: function.group.clone(),
                function: function.name.clone(),
                answer: scenario.name,
                size_bytes: sizes[&*function.group],
                full_core: full_core.context("nothing was measured")?,
                at_512_mb,
                at_128_mb,
            });
        }
    }
    print!("{}", report.markdown());
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(&report)?;
        fs::write(path, json + "\n").with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}
