//! One stack per test run, whoever asks first.
//!
//! `cargo test` starts one process per test file, nextest one per test. They all
//! have the same parent, which lives exactly as long as the run: so the stack of a
//! run is the one that belongs to that parent. The first process to ask starts it,
//! detached; the others find it; it ends itself when the parent is gone.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::failure::{Doing as _, Failure};
use crate::places::{Places, workspace};
use crate::process::Process;
use crate::stack::Stack;

/// Names a `stack.json` to use instead of starting a stack.
pub const STACK_VARIABLE: &str = "ONBOARDING_STACK";

/// The stack of this test run: that of `ONBOARDING_STACK` if set (`.local/stack.json`
/// is the one of `cargo local`), else an ephemeral one, started now if need be. The
/// first start of all compiles the functions and installs the emulator.
///
/// # Panics
/// When there can be no stack; no test makes sense then.
pub fn test_stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| find_or_start().unwrap_or_else(|failure| panic!("no stack to test: {failure}")))
}

fn find_or_start() -> Result<Stack, Failure> {
    if let Some(file) = std::env::var_os(STACK_VARIABLE) {
        return Stack::read(&workspace().join(file));
    }
    let parent = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    let run = Process::find(parent).ok_or_else(|| Failure::new("the process that runs the tests is gone"))?;
    let places = Places::ephemeral(&run.name());
    places.make()?;
    let path = places.own().join("starting.lock");
    let lock = File::create(&path).doing(format!("making {}", path.display()))?;
    lock.lock().doing("waiting for another test to start the stack")?;
    if places.has_runner() && places.stack_file().exists() {
        return Stack::read(&places.stack_file());
    }
    let _ = fs::remove_file(places.stack_file());
    let log = places.logs().join("runner.log");
    let mut runner = start_runner(&build_runner()?, run, &log)?;
    wait_for_stack(&places, &mut runner, &log)
}

/// The runner's executable, up to date.
fn build_runner() -> Result<PathBuf, Failure> {
    let built = crate::functions::compile(&["local".to_owned()].into())?;
    built.get("local").cloned().ok_or_else(|| Failure::new("cargo did not say where it put the runner"))
}

fn start_runner(executable: &PathBuf, run: Process, log: &PathBuf) -> Result<Child, Failure> {
    use std::os::unix::process::CommandExt as _;

    let output = File::create(log).doing(format!("writing {}", log.display()))?;
    let errors = output.try_clone().doing("writing the log")?;
    // In a process group of its own: it must outlive the test that happened to be first.
    Command::new(executable)
        .args(["up", "--ephemeral", "--while-pid", &run.id.to_string()])
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .process_group(0)
        .spawn()
        .doing("starting the stack")
}

/// The runner either writes its file or ends.
fn wait_for_stack(places: &Places, runner: &mut Child, log: &PathBuf) -> Result<Stack, Failure> {
    loop {
        if places.stack_file().exists() {
            return Stack::read(&places.stack_file());
        }
        if runner.try_wait().doing("looking after the stack")?.is_some() {
            let text = fs::read_to_string(log).unwrap_or_default();
            return Err(Failure::new(format!("it did not start:\n{text}")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
