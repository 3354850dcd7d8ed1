//! What goes wrong between a function and AWS, one thing at a time, at every call, for every endpoint that writes.

mod endpoints;
mod faults;
mod ground;
mod start;
mod write_endpoints;
