//! `bench park <program>`: becomes the program when told to, and never outlives the bench.
//!
//! Three things have to be so before a function's first instruction, and none
//! of them should be in the measured time: the kernel kills it when the bench
//! dies in whatever way, counters are attached, and the fork is over. So the
//! bench starts itself once more, parked, and the clock starts at the word that
//! lets it go. Only an `exec` separates that word from the function.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use anyhow::Context;
use nix::sys::prctl;
use nix::sys::signal::Signal;

/// The first argument that means this instead of a measurement.
pub(crate) const ARGUMENT: &str = "park";

/// Waits on its standard input, which is a socket to the bench, and executes
/// `program`. Comes back only with an error.
pub(crate) fn park(program: &str) -> anyhow::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL).context("ask to die with the bench")?;
    let mut bench = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    bench.write_all(b"!")?;
    // End of file instead of the word means that the bench is gone already.
    bench.read_exact(&mut [0])?;
    drop(bench);
    Err(Command::new(program).stdin(Stdio::null()).exec()).with_context(|| format!("execute {program}"))
}
