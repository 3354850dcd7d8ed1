//! One process from its start to its last warm invocation, and many of them.

use std::time::{Duration, Instant};

use anyhow::{Context, Error, anyhow, bail};
use lambda_process::runtime_api::{Answer, Call, RuntimeApi, Waiting};
use serde::Serialize;
use tempfile::TempDir;

use crate::PATIENCE;
use crate::artefact::Artefact;
use crate::endpoint::{Endpoint, Stored, Tally};
use crate::event::Event;
use crate::instructions::Instructions;
use crate::process::Process;
use crate::scenario::{Before, Scenario, Stage};
use crate::seed::World;
use crate::statistics::Summary;
use crate::template::Function;
use crate::throttle::{MEMORY_OF_A_FULL_CORE, Throttle};

/// Before each warm invocation, at every share: long enough for a fresh quota,
/// and for the caches to go cold as they do between two requests.
const PAUSE: Duration = Duration::from_millis(25);

/// Everything the functions under test find around them.
pub(crate) struct Workbench {
    /// The AWS endpoint.
    pub(crate) endpoint: Endpoint,
    /// What the tables were filled with.
    pub(crate) world: World,
    /// For logs and certificates; gone in the end.
    pub(crate) scratch: TempDir,
}

/// What is measured.
pub(crate) struct Subject<'a> {
    /// The function.
    pub(crate) function: &'a Function,
    /// Its group's binary.
    pub(crate) artefact: &'a Artefact,
    /// Which of its answers.
    pub(crate) scenario: &'a Scenario,
    /// Its event before the scenario changed it.
    pub(crate) plain: &'a Event,
}

/// The CPU share of a memory size. In a cgroup at every size where there are
/// some, so that shares differ in nothing but their quota.
pub(crate) struct Share {
    memory: u32,
    throttle: Option<Throttle>,
}

impl Share {
    /// The whole core; unlimited where that cannot be enforced.
    pub(crate) fn full() -> Self {
        Self { memory: MEMORY_OF_A_FULL_CORE, throttle: Throttle::for_memory(MEMORY_OF_A_FULL_CORE) }
    }

    /// Whatever the machine has.
    fn unlimited() -> Self {
        Self { memory: MEMORY_OF_A_FULL_CORE, throttle: None }
    }

    /// What Lambda gives to `memory` MB; `None` where that cannot be enforced.
    pub(crate) fn of_memory(memory: u32) -> Option<Self> {
        Some(Self { memory, throttle: Some(Throttle::for_memory(memory)?) })
    }
}

/// A stretch of a process's life.
#[derive(Debug)]
pub(crate) struct Stretch {
    wall: Duration,
    cpu: Duration,
    instructions: Option<u64>,
    tally: Tally,
}

struct Sample {
    init: Stretch,
    first: Stretch,
    warm: Vec<Stretch>,
    peak_bytes: u64,
}

/// The result for one subject at one share.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    /// Start to the first `/next`, never throttled.
    pub(crate) init: Phase,
    /// The first event handed out to its answer received.
    pub(crate) first: Phase,
    /// The same for the events after it.
    pub(crate) warm: Phase,
    /// `VmHWM` in the end.
    pub(crate) peak_bytes: Summary,
}

/// One phase over all processes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Phase {
    /// On the clock.
    pub(crate) wall_ms: Summary,
    /// User and system time of the process.
    pub(crate) cpu_ms: Summary,
    /// Retired in user mode; none where the machine does not count them.
    pub(crate) instructions: Option<Summary>,
    /// What one of them called and consumed.
    pub(crate) aws: Tally,
    /// Whether that was the same each time.
    pub(crate) aws_is_constant: bool,
}

/// A process together with what it talks to.
pub(crate) struct Running {
    pub(crate) process: Process,
    runtime: RuntimeApi,
    instructions: Option<Instructions>,
    function: String,
}

impl Workbench {
    /// Starts `subject` once, for a cold and some warm invocations: whether it
    /// answers, calls AWS and takes memory as it should.
    pub(crate) async fn check(&self, subject: &Subject<'_>) -> anyhow::Result<()> {
        let before = self.prepare(subject).await?;
        let sample = self.sample(subject, &Share::unlimited(), &before, subject.scenario.warm_to_check()).await?;
        let stages = [(Stage::Start, &sample.init), (Stage::First, &sample.first)];
        let warm = sample.warm.iter().map(|stretch| (Stage::Warm, stretch));
        for (stage, stretch) in stages.into_iter().chain(warm) {
            subject.scenario.judge_calls(stage, &stretch.tally).map_err(Error::msg)?;
        }
        if subject.artefact.is_deployed {
            subject.scenario.judge_peak(sample.peak_bytes).map_err(Error::msg)
        } else {
            Ok(())
        }
    }

    /// Measures `subject` in `runs` processes at each of `shares`, in turns, so
    /// that a busy moment of the machine does not fall on one share alone.
    pub(crate) async fn measure(
        &self,
        subject: &Subject<'_>,
        shares: &[Option<Share>; 3],
        runs: u16,
        warm: u16,
    ) -> anyhow::Result<[Option<Figures>; 3]> {
        let before = self.prepare(subject).await?;
        let mut samples = [const { Vec::new() }; 3];
        let (runs, shares_measured) = subject.scenario.thrift(runs);
        for _ in 0..runs {
            for (share, samples) in shares.iter().zip(&mut samples).take(shares_measured) {
                if let Some(share) = share {
                    samples.push(self.sample(subject, share, &before, warm).await?);
                }
            }
        }
        Ok(samples.map(|samples| Figures::of(&samples)))
    }

    /// Tables and buckets as they have to be before each invocation.
    async fn prepare(&self, subject: &Subject<'_>) -> anyhow::Result<Stored> {
        self.endpoint.restore(self.world.stored(subject.scenario.before));
        if subject.scenario.before == Before::PlainEvent {
            let (mut running, _, waiting) = self.start(subject, MEMORY_OF_A_FULL_CORE).await?;
            running.invoke(waiting, subject.plain).await?;
        }
        Ok(self.endpoint.stored())
    }

    async fn sample(&self, subject: &Subject<'_>, share: &Share, before: &Stored, warm: u16) -> anyhow::Result<Sample> {
        self.endpoint.restore(before);
        let event = subject.scenario.event(subject.plain);
        let (mut running, init, mut waiting) = self.start(subject, share.memory).await?;
        let mut stretches = Vec::new();
        for invocation in 0..=warm {
            self.endpoint.restore(before);
            self.endpoint.take_tally();
            let instructions = running.instructions_so_far();
            let cpu = running.process.cpu_time()?;
            match &share.throttle {
                Some(throttle) if invocation == 0 => {
                    throttle.admit(running.process.pid()).context("throttle the process")?;
                }
                // Lambda has the first event ready when the function asks for it.
                None if invocation == 0 => {}
                _ => tokio::time::sleep(PAUSE).await,
            }
            let (handed_out, answer) = running.invoke(waiting, &event).await?;
            let cpu = running.process.cpu_time()?.saturating_sub(cpu);
            let instructions = running.instructions_since(instructions);
            stretches.push(Stretch {
                wall: answer.at - handed_out,
                cpu,
                instructions,
                tally: self.endpoint.take_tally(),
            });
            running.judge(subject, answer)?;
            waiting = running.arrival().await?;
        }
        let peak_bytes = running.process.peak_memory()?;
        let first = stretches.remove(0);
        Ok(Sample { init, first, warm: stretches, peak_bytes })
    }

    /// Starts the function and waits until it wants an event.
    pub(crate) async fn start(
        &self,
        subject: &Subject<'_>,
        memory: u32,
    ) -> anyhow::Result<(Running, Stretch, Waiting)> {
        let function = subject.function;
        let runtime = RuntimeApi::start().await?;
        let mut environment = self.world.environment(function, memory, runtime.address(), &self.endpoint);
        let of_scenario = subject.scenario.variables.iter();
        environment.extend(of_scenario.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let log = self.scratch.path().join(&function.name).with_extension("log");
        let mut process = Process::park(&subject.artefact.path, &environment, log)?;
        let mut instructions = Instructions::of(process.pid());
        self.endpoint.take_tally();
        let counted = instructions.as_mut().and_then(Instructions::so_far);
        let cpu = process.cpu_time()?;
        let started = process.go()?;
        let mut running = Running { process, runtime, instructions, function: function.name.clone() };
        let waiting = running.arrival().await?;
        let init = Stretch {
            wall: waiting.since - started,
            cpu: running.process.cpu_time()?.saturating_sub(cpu),
            instructions: running.instructions_since(counted),
            tally: self.endpoint.take_tally(),
        };
        Ok((running, init, waiting))
    }
}

impl Running {
    fn instructions_so_far(&mut self) -> Option<u64> {
        self.instructions.as_mut().and_then(Instructions::so_far)
    }

    fn instructions_since(&mut self, before: Option<u64>) -> Option<u64> {
        before.zip(self.instructions_so_far()).map(|(before, now)| now - before)
    }

    pub(crate) async fn arrival(&mut self) -> anyhow::Result<Waiting> {
        match self.call().await? {
            Call::Next(waiting) => Ok(waiting),
            Call::InitFailed(error) => Err(self.failure(&format!("could not start: {error}"))),
            Call::Answered(_) => Err(self.failure("answered twice")),
        }
    }

    pub(crate) async fn invoke(&mut self, waiting: Waiting, event: &Event) -> anyhow::Result<(Instant, Answer)> {
        let handed_out = waiting.hand_out(&self.function, event.content(), PATIENCE)?;
        match self.call().await? {
            Call::Answered(answer) => Ok((handed_out, answer)),
            Call::Next(_) => Err(self.failure("wanted another event without an answer to the first")),
            Call::InitFailed(error) => Err(self.failure(&format!("reported a failed start late: {error}"))),
        }
    }

    /// What the process does next, unless it ends or sleeps.
    async fn call(&mut self) -> anyhow::Result<Call> {
        let patience = Instant::now() + PATIENCE;
        loop {
            match tokio::time::timeout(Duration::from_millis(200), self.runtime.call()).await {
                Ok(call) => return call,
                Err(_) if Instant::now() > patience => {
                    return Err(self.failure(&format!("did nothing for {} s", PATIENCE.as_secs())));
                }
                Err(_) => {
                    if let Some(status) = self.process.ended() {
                        return Err(self.failure(&format!("ended with {status}")));
                    }
                }
            }
        }
    }

    pub(crate) fn judge(&self, subject: &Subject<'_>, answer: Answer) -> anyhow::Result<()> {
        match answer.content {
            Ok(content) => subject.scenario.judge(&content).map_err(|wrong| self.failure(&wrong)),
            Err(error) => bail!(self.failure(&format!("failed: {error}"))),
        }
    }

    fn failure(&self, what: &str) -> anyhow::Error {
        let words = self.process.last_words();
        let said = if words.is_empty() { "and wrote nothing".to_owned() } else { format!("its last words:\n{words}") };
        anyhow!("{} {what}; {said}", self.function)
    }
}

impl Figures {
    /// `None` without samples.
    fn of(samples: &[Sample]) -> Option<Self> {
        Some(Self {
            init: Phase::of(&samples.iter().map(|sample| &sample.init))?,
            first: Phase::of(&samples.iter().map(|sample| &sample.first))?,
            warm: Phase::of(&samples.iter().flat_map(|sample| &sample.warm))?,
            peak_bytes: Summary::of(samples.iter().map(|sample| as_f64(sample.peak_bytes)))?,
        })
    }
}

impl Phase {
    fn of<'a>(stretches: &(impl Iterator<Item = &'a Stretch> + Clone)) -> Option<Self> {
        let series = |of: fn(&Stretch) -> Duration| stretches.clone().map(move |stretch| milliseconds(of(stretch)));
        let first = stretches.clone().next()?;
        Some(Self {
            wall_ms: Summary::of(series(|stretch| stretch.wall))?,
            cpu_ms: Summary::of(series(|stretch| stretch.cpu))?,
            instructions: Summary::of(stretches.clone().filter_map(|stretch| stretch.instructions.map(as_f64))),
            aws: first.tally.clone(),
            aws_is_constant: stretches.clone().all(|stretch| stretch.tally == first.tally),
        })
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "bytes and instructions stay far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
