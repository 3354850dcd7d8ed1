//! SES: who may send, and what was sent.

use reqwest::Method;
use serde_json::json;

use super::Emulator;
use crate::failure::Failure;

impl Emulator {
    /// Lets mails be sent in the name of this address. Here it is believed at once, elsewhere its owner is asked first.
    pub(crate) async fn verify_sender(&self, address: &str) -> Result<(), Failure> {
        let identity = json!({ "EmailIdentity": address });
        self.json("ses", Method::POST, "/v2/email/identities", Some(&identity)).await.map(drop)
    }

    /// Where the emulator shows the mails it was given.
    pub(crate) fn mail_url(&self) -> String {
        format!("{}/_ministack/ses/messages", self.endpoint)
    }
}
