//! One process of a function, that answers events until it is killed.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use tokio::time::Instant;

use crate::Setting;
use crate::runtime_api::{Call, RuntimeApi, Waiting};

/// How long a process may take from its start to its first wish for an event.
const TIME_TO_START: Duration = Duration::from_secs(30);
/// Beyond the time limit, before a process counts as stuck.
const GRACE: Duration = Duration::from_secs(1);
/// How often a silent process is looked after.
const LOOK: Duration = Duration::from_millis(10);
/// As much of the log as a failure shows, in bytes.
const LAST_WORDS: u64 = 2_000;

/// What is to be run, and in which circumstances.
#[derive(Clone, Debug)]
pub struct Program {
    /// The group's binary.
    pub binary: PathBuf,
    /// The function's name, which is its handler too.
    pub function: String,
    /// MB it is told to have.
    pub memory: u32,
    /// The region.
    pub region: String,
    /// Most time for an answer.
    pub time_limit: Duration,
    /// What the template, credentials and endpoints add to Lambda's own variables.
    pub environment: Vec<(String, String)>,
}

/// A running function. Dropping it kills the process; should this program end without dropping anything, the
/// process loses its Runtime API, and ends itself.
pub struct Function {
    program: Program,
    life: Life,
    runtime: RuntimeApi,
    waiting: Option<Waiting>,
    log: File,
}

/// The life of a function's process, to be ended from wherever: in the middle of an invocation, for one.
#[derive(Clone)]
pub struct Life(Arc<Mutex<Child>>);

/// Why an event was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The process is gone: killed, if everything is right.
    #[error("the process ended with {0}")]
    Ended(ExitStatus),
    /// The handler failed, which ours never should.
    #[error("the handler failed: {0}")]
    Failed(String),
    /// Time is up; Lambda would kill the process now.
    #[error("no answer after {} ms", .0.as_millis())]
    Late(Duration),
}

impl Function {
    /// Starts the program and waits until it wants an event.
    ///
    /// # Errors
    /// When it does not come that far; its last words are told.
    pub async fn start(program: Program) -> anyhow::Result<Self> {
        let runtime = RuntimeApi::start().await?;
        let log = tempfile::tempfile().context("make a log")?;
        let setting = Setting {
            function: &program.function,
            memory: program.memory,
            region: &program.region,
            runtime_api: runtime.address(),
        };
        let child = Command::new(&program.binary)
            .env_clear()
            .envs(setting.variables())
            .envs(program.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .spawn()
            .with_context(|| format!("start {}", program.binary.display()))?;
        let life = Life(Arc::new(Mutex::new(child)));
        let mut function = Self { program, life, runtime, waiting: None, log };
        function.arrive().await?;
        Ok(function)
    }

    /// A new process in place of this one, whether that was killed or not.
    ///
    /// # Errors
    /// As of [`Function::start`].
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        *self = Self::start(self.program.clone()).await?;
        Ok(())
    }

    /// The program, as it was given.
    #[must_use]
    pub const fn program(&self) -> &Program {
        &self.program
    }

    /// Whether it waits for an event. One that was killed after it had answered the last one may not, and has to be
    /// started again.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// To kill it by.
    #[must_use]
    pub fn life(&self) -> Life {
        self.life.clone()
    }

    /// Hands it an event and waits for what it answers. Without an answer it has to be started again.
    ///
    /// # Errors
    /// When there is no answer, see [`Unanswered`].
    ///
    /// # Panics
    /// When the process breaks the contract of the Runtime API, or was not started again after an event that it did
    /// not answer.
    pub async fn invoke(&mut self, event: &Value) -> Result<Value, Unanswered> {
        let (name, limit) = (self.program.function.clone(), self.program.time_limit);
        let waiting = self.waiting.take().unwrap_or_else(|| panic!("{name} has to be started again"));
        if waiting.hand_out(&name, event.to_string(), limit).is_err() {
            return Err(self.ended(limit).await);
        }
        let answered = match self.call(limit + GRACE).await? {
            Call::Answered(answer) => answer.content.map_err(Unanswered::Failed),
            Call::Next(_) | Call::InitFailed(_) => panic!("{name} left an event without an answer"),
        };
        // A process that is killed on its way to the next event has answered this one all the same.
        if let Ok(Call::Next(waiting)) = self.call(TIME_TO_START).await {
            self.waiting = Some(waiting);
        }
        answered
    }

    /// The end of what it logged, for a failure's message.
    #[must_use]
    pub fn last_words(&self) -> String {
        // The process writes at the position that we would move by reading in any other way.
        let length = self.log.metadata().map_or(0, |metadata| metadata.len());
        let from = length.saturating_sub(LAST_WORDS);
        let mut words = vec![0; usize::try_from(length - from).unwrap_or_default()];
        let read = self.log.read_at(&mut words, from).unwrap_or_default();
        String::from_utf8_lossy(&words[..read]).into_owned()
    }

    async fn arrive(&mut self) -> anyhow::Result<()> {
        let what = match self.call(TIME_TO_START).await {
            Ok(Call::Next(waiting)) => {
                self.waiting = Some(waiting);
                return Ok(());
            }
            Ok(Call::InitFailed(error)) => error,
            Ok(Call::Answered(_)) => "it answered before it was asked".to_owned(),
            Err(unanswered) => unanswered.to_string(),
        };
        anyhow::bail!("{} does not start: {what}; its last words:\n{}", self.program.function, self.last_words())
    }

    /// What the process does next, unless it ends or sleeps.
    async fn call(&mut self, patience: Duration) -> Result<Call, Unanswered> {
        let until = Instant::now() + patience;
        loop {
            match tokio::time::timeout(LOOK, self.runtime.call()).await {
                Ok(Ok(call)) => return Ok(call),
                Ok(Err(_)) => return Err(Unanswered::Late(patience)),
                Err(_) if Instant::now() > until => return Err(Unanswered::Late(patience)),
                Err(_) => {
                    if let Some(status) = self.life.ended() {
                        return Err(Unanswered::Ended(status));
                    }
                }
            }
        }
    }

    /// How it ended, which it is about to.
    async fn ended(&mut self, patience: Duration) -> Unanswered {
        match self.call(patience).await {
            Err(unanswered) => unanswered,
            Ok(_) => Unanswered::Late(patience),
        }
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.life.end();
    }
}

impl Life {
    /// Ends it at once (SIGKILL); when this returns, the process is gone.
    pub fn end(&self) {
        let mut child = self.lock();
        // Both fail only for a process that is gone already.
        let _ = child.kill();
        let _ = child.wait();
    }

    fn ended(&self) -> Option<ExitStatus> {
        self.lock().try_wait().ok().flatten()
    }

    fn lock(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
