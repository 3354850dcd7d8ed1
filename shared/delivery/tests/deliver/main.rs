//! Deliveries to a real TLS server, over a network that the test lays.

mod answers;
mod network;
mod receiver;
mod safety;
mod sending;
mod time;
