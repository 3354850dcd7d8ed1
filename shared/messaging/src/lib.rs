//! What leaves the service, events on the bus, and what comes to its workers, batches of a queue.

mod batch;
mod bus;

pub use batch::{Message, each};
pub use bus::{Bus, BusError, Unsent};
