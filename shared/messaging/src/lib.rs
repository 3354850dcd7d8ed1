//! What leaves the service, events on the bus and commands for its own workers, and what comes to those, batches of a
//! queue.

mod batch;
mod bus;
mod queues;

pub use batch::{Message, each, serve};
pub use bus::{Bus, BusError, Unsent};
pub use queues::{Addresses, DeliveryAddresses, DeliveryQueues, Order, Queues};
