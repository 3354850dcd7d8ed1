//! Tests over the wire: our clients of AWS against a server that loses answers, refuses and half succeeds on order.

mod bus;
mod contacts;
mod deliveries;
mod documents;
mod limits;
mod modify;
mod outbox;
mod queues;
mod receipt;
mod support;
mod transaction;
