//! One process of a function: started parked, watched, and always ended.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::time::ClockId;
use nix::unistd::Pid;

use crate::park;

/// A process that is killed and reaped when this is dropped.
pub(crate) struct Process {
    child: Child,
    bench_end: UnixStream,
    cpu_clock: ClockId,
    log: PathBuf,
}

impl Process {
    /// Starts `program` up to the point just before its `exec`, with nothing in
    /// its environment but `environment`, and its output in the file `log`.
    ///
    /// Has to be called on the main thread: the kernel ties the life of the
    /// child to the thread that made it.
    pub(crate) fn park(program: &Path, environment: &[(String, String)], log: PathBuf) -> anyhow::Result<Self> {
        let program = program.canonicalize().with_context(|| format!("find {}", program.display()))?;
        let (mut bench_end, child_end) = UnixStream::pair()?;
        let output = File::create(&log)?;
        let child = Command::new("/proc/self/exe")
            .arg(park::ARGUMENT)
            .arg(&program)
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(program.parent().unwrap_or(Path::new("/")))
            .stdin(OwnedFd::from(child_end))
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let cpu_clock = nix::time::clock_getcpuclockid(pid(&child))?;
        bench_end.read_exact(&mut [0]).context("the parked process ended")?;
        Ok(Self { child, bench_end, cpu_clock, log })
    }

    /// Lets the parked process become the function; the moment of the start.
    pub(crate) fn go(&mut self) -> anyhow::Result<Instant> {
        let started = Instant::now();
        self.bench_end.write_all(b"!")?;
        Ok(started)
    }

    /// The process id.
    pub(crate) fn pid(&self) -> Pid {
        pid(&self.child)
    }

    /// User and system time of all its threads so far, ended ones included.
    pub(crate) fn cpu_time(&self) -> anyhow::Result<Duration> {
        Ok(self.cpu_clock.now()?.into())
    }

    /// The most memory it ever had resident, in bytes.
    pub(crate) fn peak_memory(&self) -> anyhow::Result<u64> {
        self.status("VmHWM")
    }

    /// The memory that it has resident now, in bytes.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        self.status("VmRSS")
    }

    fn status(&self, name: &str) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let of_name =
            |line: &str| line.strip_prefix(name)?.strip_prefix(':')?.trim().strip_suffix("kB")?.trim().parse().ok();
        let kilobytes: u64 = status.lines().find_map(of_name).context("no such line in the status of the process")?;
        Ok(kilobytes * 1024)
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last lines it wrote, for a failure's message.
    pub(crate) fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().expect("Linux process ids fit in 22 bits"))
}
