//! Instructions retired in user mode, where the machine counts them.
//!
//! The steadiest number there is: the same to a fraction of a percent however
//! busy the machine. Virtual machines often hide the counter; then it is n/a.

use nix::unistd::Pid;
use perf_event::Builder;
use perf_event::events::Hardware;

/// A running counter over one process and the threads it starts.
pub(crate) struct Instructions(perf_event::Counter);

impl Instructions {
    /// Starts counting, or `None` without hardware counters or the right to read them.
    pub(crate) fn of(process: Pid) -> Option<Self> {
        let mut counter = Builder::new(Hardware::INSTRUCTIONS)
            .observe_pid(process.as_raw())
            .inherit(true)
            .exclude_kernel(true)
            .exclude_hv(true)
            .build()
            .ok()?;
        counter.enable().ok()?;
        Some(Self(counter))
    }

    /// How many so far.
    pub(crate) fn so_far(&mut self) -> Option<u64> {
        self.0.read().ok()
    }
}
