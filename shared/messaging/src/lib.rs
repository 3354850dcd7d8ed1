//! What leaves the service, events on the bus and commands for its own workers, and what comes to those, batches of a
//! queue.

mod batch;
mod bus;
mod queues;

use std::time::Duration;

pub use batch::{Message, each, serve};
pub use bus::{Bus, BusError, Unsent};
pub use queues::{Addresses, DeliveryAddresses, DeliveryQueues, Order, Queues};

/// For all that is sent at one go, to the bus or to queues: whoever sends has more to do in its time.
const TIME_LIMIT: Duration = Duration::from_secs(10);
