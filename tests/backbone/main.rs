//! The ways of a check from its request to its verdict, and of an event from its buyer to the receivers of webhooks, with the
//! test in the place of all that AWS does between the functions: it reads the real stream and the real queues, and invokes
//! real processes.
//!
//! ```text
//! request-vies-check ─▶ table ─stream─▶ test ─▶ relay-outbox ─▶ queue ─▶ test ─▶ check-vies ─▶ VIES (simulator)
//!                         ▲                          │                                │
//!                         └── index `due` ◀─ test ─▶ run-due ─▶ bus ─▶ queue ─▶ test  └─▶ table
//!
//! event ─▶ table ─stream─▶ test ─▶ relay-outbox ─▶ bus ─▶ queue ─▶ test ─▶ fan-out-event ─▶ table, queues
//!            ▲                          ├─▶ queue ─▶ test ─▶ release-deliveries ─▶ queue      │
//!            │                          │                                                     ▼
//!            └── index `due` ◀─ test ─▶ run-due ─▶ queue ─▶ test ─▶ deliver-webhook ─▶ test ─▶ receivers (simulator)
//! ```
//!
//! So it can do what the emulator does not (work a FIFO queue by its groups, and others with as many workers as the template
//! gives each) and what AWS does seldom: lose, repeat and reorder what is on the way, and kill whoever works on it.
//!
//! | | checks | deliveries |
//! |---|---|---|
//! | whatever is killed, lost or repeated, all comes to its one end | `crash`, `verdict` | `deliveries`, `cast`, `delivered` |
//! | whoever hangs delays no other | `lanes` | `hanging` |

mod cast;
mod chaos;
mod crash;
mod delivered;
mod deliveries;
mod ground;
mod hanging;
mod lanes;
mod receivers;
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
