//! What goes wrong between a function and AWS, one thing at a time, at every call, for every endpoint that writes.

mod arrivals;
mod bucket_faults;
mod check_vies;
mod contact_endpoints;
mod document_endpoints;
mod document_rules;
mod documents;
mod endpoints;
mod faults;
mod ground;
mod list_contacts;
mod register_upload;
mod send_mail;
mod start;
mod together;
mod vies_endpoints;
mod write_endpoints;
