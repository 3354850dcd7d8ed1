//! Whether another process is still there, and still the same one.

use std::fs;

use rustix::process::{Pid, Signal};

/// A process, told from a later one that happens to get its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    /// Clock ticks after boot; 0 where there is no `/proc`.
    started: u64,
}

impl Process {
    /// `None` when no such process runs.
    pub(crate) fn find(id: u32) -> Option<Self> {
        match stat(id) {
            Some(stat) => Some(Self { id, started: field(&stat, 22)? }),
            None if fs::exists("/proc/self/stat").unwrap_or_default() => None,
            None => exists(id).then_some(Self { id, started: 0 }),
        }
    }

    pub(crate) fn is_alive(self) -> bool {
        Self::find(self.id) == Some(self)
    }

    pub(crate) fn ask_to_end(self) {
        signal(self.id, Signal::TERM);
    }

    /// Tells a run of this process from those of others, in file names.
    pub(crate) fn name(self) -> String {
        format!("{}-{}", self.id, self.started)
    }
}

/// To a process that may be gone already.
pub(crate) fn signal(id: u32, signal: Signal) {
    if let Some(pid) = pid(id) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// The id of a process's parent, where there is a `/proc`.
pub(crate) fn parent_of(id: u32) -> Option<u32> {
    field(&stat(id)?, 4)
}

/// `None` for a process that is gone, or ended and only not yet collected.
fn stat(id: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    (!after_name(&stat)?.starts_with('Z')).then_some(stat)
}

/// The second field is the name in parentheses, and may hold spaces and parentheses itself.
fn after_name(stat: &str) -> Option<&str> {
    Some(stat.rsplit_once(')')?.1.trim_start())
}

/// Fields as proc(5) numbers them, from the third on.
fn field<T: std::str::FromStr>(stat: &str, number: usize) -> Option<T> {
    after_name(stat)?.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

fn exists(id: u32) -> bool {
    pid(id).is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_while_it_lives_and_knows_its_parent() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::find(child.id()).unwrap();
        assert!(process.is_alive());
        assert_eq!(parent_of(child.id()), Some(std::process::id()));
        assert!(!Process { started: process.started + 1, ..process }.is_alive());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!process.is_alive());
    }
}
