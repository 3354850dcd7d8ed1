//! What leaves the service: events on the bus.

mod bus;

pub use bus::{Bus, BusError, Unsent};
