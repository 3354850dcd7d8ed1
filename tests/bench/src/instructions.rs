//! Instructions retired in user mode, where the machine counts them.
//!
//! The steadiest number there is: the same to a fraction of a percent however
//! busy the machine. Virtual machines often hide the counter; then it is n/a.

use nix::unistd::Pid;
use perf_event::events::{Event, Hardware};
use perf_event::{Builder, Counter};

/// A running counter over one process and the threads it starts.
pub(crate) struct Instructions(Counter);

impl Instructions {
    /// Starts counting, or `None` without hardware counters or the right to read them.
    pub(crate) fn of(process: Pid) -> Option<Self> {
        Self::counting(Hardware::INSTRUCTIONS, process)
    }

    /// How many so far.
    pub(crate) fn so_far(&mut self) -> Option<u64> {
        self.0.read().ok()
    }

    fn counting(event: impl Event, process: Pid) -> Option<Self> {
        let mut counter = Builder::new(event)
            .observe_pid(process.as_raw())
            .inherit(true)
            .exclude_kernel(true)
            .exclude_hv(true)
            .build()
            .ok()?;
        counter.enable().ok()?;
        Some(Self(counter))
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use perf_event::events::Software;

    use super::*;

    /// By the clock of the scheduler, which every machine has, where it may be read.
    #[test]
    fn a_counter_follows_a_running_process() {
        let mut busy = Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn().unwrap();
        let process = Pid::from_raw(busy.id().try_into().unwrap());
        let counter = Instructions::counting(Software::TASK_CLOCK, process);
        let grown = counter.map(|mut counter| {
            let patience = Instant::now() + Duration::from_secs(10);
            while counter.so_far().is_some_and(|count| count == 0) && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(5));
            }
            counter.so_far()
        });
        busy.kill().unwrap();
        busy.wait().unwrap();
        if let Some(grown) = grown {
            assert!(grown.is_some_and(|count| count > 0), "{grown:?}");
        }
    }
}
