//! What goes wrong between a function and AWS, one thing at a time, at every call, for every endpoint that writes.

mod answers;
mod arrivals;
mod bucket_faults;
mod check_vies;
mod contact_endpoints;
mod deliver_webhook;
mod delivery_ends;
mod delivery_ground;
mod document_endpoints;
mod document_rules;
mod documents;
mod endpoints;
mod fan_out_event;
mod faults;
mod ground;
mod judged_rows;
mod list_contacts;
mod register_upload;
mod release_deliveries;
mod send_mail;
mod start;
mod together;
mod vies_endpoints;
mod webhook_endpoints;
mod webhooks;
mod write_endpoints;
