//! What S3 says when it does not do what it is asked: its API reference, "Error responses".

use crate::fault_proxy::{Call, Fault};
use crate::scripted::Answer;

/// A refusal of any operation, by its status and code.
#[must_use]
pub fn refused(status: u16, code: &str) -> Fault {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{code}</Message>\
         <RequestId>4442587FB7D0A2F9</RequestId></Error>"
    );
    Fault::answered(Answer::new(status, &body).with("content-type", "application/xml"))
}

/// Whether a call is one of S3: the others that we make name their operation in a header.
#[must_use]
pub fn is_of(call: &Call) -> bool {
    call.target.is_empty()
}
