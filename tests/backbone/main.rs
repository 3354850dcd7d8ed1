//! The way of a check from its request to its verdict, with the test in the place of all that AWS does between the
//! functions: it reads the real stream and the real queue, and invokes real processes.
//!
//! ```text
//! request-vies-check ─▶ table ─stream─▶ test ─▶ relay-outbox ─▶ queue ─▶ test ─▶ check-vies ─▶ VIES (simulator)
//!                         ▲                          │                                │
//!                         └── index `due` ◀─ test ─▶ run-due ─▶ bus ─▶ queue ─▶ test  └─▶ table
//! ```
//!
//! So it can do what the emulator does not (work a FIFO queue by its groups) and what AWS does seldom: lose, repeat and
//! reorder what is on the way, and kill whoever works on it.

mod chaos;
mod crash;
mod ground;
mod lanes;
mod redrive;
mod time;
mod verdict;
mod ways;

use tokio::sync::{Mutex, MutexGuard};

/// Each proof has the machine for itself, as far as this program is concerned.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}
