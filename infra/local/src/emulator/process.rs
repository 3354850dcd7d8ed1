//! The emulator as a process: started clean, on loopback, under the guard.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Emulator;
use crate::failure::{Doing as _, Failure};
use crate::guard::this_executable;
use crate::places::Places;

/// How long a start with saved state may take.
const START: Duration = Duration::from_mins(1);

/// A running emulator. Dropping it ends it and everything it started; so does our death.
pub(crate) struct EmulatorProcess {
    guard: Child,
    log: PathBuf,
}

/// What an emulator is started with.
pub(crate) struct Settings<'a> {
    pub(crate) python: &'a Path,
    pub(crate) places: &'a Places,
    pub(crate) port: u16,
    pub(crate) region: &'a str,
    /// Whether it saves its state at the end, and loads it now.
    pub(crate) keeps_state: bool,
}

impl EmulatorProcess {
    /// Returns once it answers.
    pub(crate) async fn start(settings: &Settings<'_>) -> Result<(Self, Emulator), Failure> {
        let log = settings.places.logs().join("emulator.log");
        let output = File::create(&log).doing(format!("writing {}", log.display()))?;
        let errors = output.try_clone().doing("writing the log")?;
        let endpoint = format!("http://127.0.0.1:{}", settings.port);
        // In a process group of its own: Ctrl-C is for the runner, which ends things in order.
        let guard = command(settings, &endpoint)?
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .doing("starting the guard")?;
        let mut process = Self { guard, log };
        let emulator = Emulator::at(&endpoint, settings.region);
        process.wait_until_ready(&emulator).await?;
        Ok((process, emulator))
    }

    async fn wait_until_ready(&mut self, emulator: &Emulator) -> Result<(), Failure> {
        let ready = async {
            loop {
                let health = emulator.http.get(format!("{}/_ministack/health", emulator.endpoint)).send().await;
                if health.is_ok_and(|answer| answer.status().is_success()) {
                    return Ok(());
                }
                self.check()?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let timed_out = Failure::new(format!("The emulator did not answer within {} s", START.as_secs()));
        tokio::time::timeout(START, ready).await.unwrap_or(Err(timed_out))
    }

    /// Fails with the end of its log when the emulator has ended.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        match self.guard.try_wait().doing("looking after the emulator")? {
            None => Ok(()),
            Some(_) => {
                Err(Failure::new(format!("The emulator stopped. {} ends:\n{}", self.log.display(), self.log_end())))
            }
        }
    }

    fn log_end(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for EmulatorProcess {
    fn drop(&mut self) {
        drop(self.guard.stdin.take()); // the guard's sign to end everything
        let _ = self.guard.wait();
    }
}

fn command(settings: &Settings, endpoint: &str) -> Result<Command, Failure> {
    use std::os::unix::process::CommandExt as _;

    let state = settings.places.state();
    let temporary = settings.places.temporary();
    let keeps_state = if settings.keeps_state { "1" } else { "0" };
    let mut command = this_executable().doing("finding this executable")?;
    command.arg("guard").arg(settings.python).args(["-c", LAUNCH]).process_group(0);
    // Functions inherit the emulator's environment, unlike on AWS: so it gets no more than it needs.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", &temporary).env("TMPDIR", &temporary);
    command.envs([
        ("GATEWAY_PORT", settings.port.to_string().as_str()),
        ("BIND_HOST", "127.0.0.1"),
        ("MINISTACK_HOST", "localhost"),
        ("MINISTACK_REGION", settings.region),
        // Roles decide what functions may do.
        ("AUTH", "true"),
        ("AWS_ENDPOINT_URL", endpoint),
        ("LOG_LEVEL", "INFO"),
        ("PYTHONUNBUFFERED", "1"),
        ("PERSIST_STATE", keeps_state),
        ("S3_PERSIST", keeps_state),
        // Seconds. What a burst of calls left behind goes soon: for each idle process it keeps two threads awake.
        ("LAMBDA_WARM_TTL_SECONDS", "20"),
        // Listeners that nobody here needs.
        ("IOT_MTLS_ENABLED", "0"),
        ("SFTP_ENABLED", "0"),
    ]);
    command.env("STATE_DIR", state.join("services")).env("S3_DATA_DIR", state.join("s3"));
    Ok(command)
}

/// Its Runtime API writes headers and body apart and so waits 40 ms for a delayed
/// acknowledgement on every call, unless told not to collect small packets.
///
/// It saves how far a table's stream was read, and not the stream, which begins anew: as many records as there were
/// before would not be seen. So that is forgotten.
const LAUNCH: &str = "\
import socketserver, sys
socketserver.StreamRequestHandler.disable_nagle_algorithm = True
sys.argv = ['ministack']
from ministack.app import main
from ministack.services import lambda_svc
restore = lambda_svc._restore_esm_positions
def restore_but_of_tables(store, positions):
    if store is not lambda_svc._dynamodb_stream_positions:
        restore(store, positions)
lambda_svc._restore_esm_positions = restore_but_of_tables
main()
";
