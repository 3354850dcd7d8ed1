//! What goes wrong between a function and AWS, one thing at a time, at every call, for every endpoint that writes.

mod contact_endpoints;
mod endpoints;
mod faults;
mod ground;
mod list_contacts;
mod start;
mod write_endpoints;
