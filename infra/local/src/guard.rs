//! Nothing outlives the runner, however the runner ends.
//!
//! The emulator starts one process per function and leaves them behind when it is
//! killed. So it runs under a guard, which is this same executable started again:
//!
//! ```text
//! runner ──pipe── guard (child subreaper) ── guarded ═exec═ emulator ── bootstrap, bootstrap, ...
//! ```
//!
//! - The runner holds the other end of the guard's stdin. Whatever ends the runner,
//!   SIGKILL included, closes the pipe, and the guard cleans up.
//! - The guard is the subreaper: processes whose parent is gone become its children,
//!   so it can end all of them and knows when it is done.
//! - `guarded` asks the kernel for SIGKILL when the guard dies, then becomes the emulator.
//!
//! (`Command::pre_exec` would save `guarded` a process, and is `unsafe`.)

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::process::{parent_of, signal};

/// How long the emulator may take to save its state.
const TIME_TO_SAVE: Duration = Duration::from_secs(15);

/// Runs a command until it ends or our stdin does; leaves no process behind.
#[must_use]
pub fn guard(command: &[OsString]) -> ExitCode {
    become_subreaper();
    let mut child = match start(command) {
        Ok(child) => child,
        Err(error) => {
            eprintln!("guard: cannot start {command:?}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (runner_gone, gone) = mpsc::channel();
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        let _ = runner_gone.send(());
    });
    let status = loop {
        match gone.recv_timeout(Duration::from_millis(100)) {
            Err(RecvTimeoutError::Timeout) => {
                if let Ok(Some(status)) = child.try_wait() {
                    break Some(status);
                }
            }
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break end_politely(&mut child),
        }
    };
    end_everything_below();
    if status.is_some_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Becomes the command, to be killed when its parent dies.
#[must_use]
pub fn guarded(command: &[OsString]) -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        eprintln!("guarded: {error}");
    }
    let Some((program, arguments)) = command.split_first() else { return ExitCode::FAILURE };
    let error = Command::new(program).args(arguments).exec();
    eprintln!("guarded: cannot become {}: {error}", program.display());
    ExitCode::FAILURE
}

fn start(command: &[OsString]) -> std::io::Result<Child> {
    this_executable()?.arg("guarded").args(command).stdin(Stdio::null()).spawn()
}

/// Ourselves once more, even if a build has replaced the file since we started.
pub(crate) fn this_executable() -> std::io::Result<Command> {
    let running = Path::new("/proc/self/exe");
    let path = if running.exists() { running.to_owned() } else { std::env::current_exe()? };
    let mut command = Command::new(path);
    command.arg0("local");
    Ok(command)
}

fn become_subreaper() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        eprintln!("guard: cannot adopt orphans: {error}");
    }
}

fn end_politely(child: &mut Child) -> Option<std::process::ExitStatus> {
    signal(child.id(), Signal::TERM);
    let asked = Instant::now();
    while asked.elapsed() < TIME_TO_SAVE {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    child.wait().ok()
}

/// Orphans become our children, so killing children until there are none ends all.
fn end_everything_below() {
    while let Ok(reaped) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {
        if reaped.is_none() {
            for child in children_of(std::process::id()) {
                signal(child, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// By the parent's id that every process shows in `/proc`.
fn children_of(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|process| parent_of(*process) == Some(parent)).collect()
}
