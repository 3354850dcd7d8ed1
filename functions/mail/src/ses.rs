//! The service that sends mails: SES, through its second API.

use std::time::Duration;

use aws::Aws;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Builder;
use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};

use crate::letter::Letter;

/// A second attempt, because a connection that died while the function was frozen is only found out by using it. No
/// third: a mail whose first answer was lost is sent twice by it. Whoever waits longer than this waits in the queue.
const ATTEMPTS: u32 = 2;
/// Most time for one attempt; five mails of two each end within the function's 30 s.
const ATTEMPT: Duration = Duration::from_millis(2500);

/// SES, and in whose name it sends.
#[derive(Clone)]
pub(crate) struct Ses {
    client: Client,
    from: String,
}

/// Why a mail was not taken. SES's own messages are left out: they name addresses.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTaken {
    /// It comes again.
    #[error("SES does not take the mail now ({0})")]
    NotNow(String),
    /// It comes again as well, so that it ends in the dead-letter queue and not nowhere.
    #[error(
        "SES refuses the mail ({0}) and will go on to, until somebody changes something: it ends in SendMailDlq, see \
         Mails in OPERATIONS"
    )]
    Refused(String),
}

impl Ses {
    /// In the name of this address, whose identity is verified.
    pub(crate) fn new(aws: &Aws, from: String) -> Self {
        let limits =
            TimeoutConfig::builder().connect_timeout(Duration::from_secs(1)).operation_attempt_timeout(ATTEMPT).build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(50))
            .with_max_backoff(Duration::from_millis(500));
        let config = Builder::from(aws.config()).timeout_config(limits).retry_config(retries).build();
        Self { client: Client::from_conf(config), from }
    }

    /// Sends a letter; answers the id that SES gave it.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub(crate) async fn send(&self, letter: Letter, to: &str) -> Result<String, NotTaken> {
        let Letter { subject, text, html } = letter;
        let body = Body::builder().text(utf8(text)).html(utf8(html)).build();
        let message = Message::builder().subject(utf8(subject)).body(body).build();
        let request = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message).build());
        let sent = request.send().await.map_err(|error| NotTaken::of(&error))?;
        Ok(sent.message_id.unwrap_or_default())
    }
}

fn utf8(text: String) -> Content {
    Content::builder().data(text).charset("UTF-8").build().expect("a content has its data")
}

/// Error codes that say "not now": too many a second or a day. Everything else that the service answers stays as it is
/// until somebody acts: an identity not verified, an account suspended or paused, a right missing, an address that is
/// none.
const TEMPORARY: [&str; 5] = [
    "TooManyRequestsException",
    "LimitExceededException",
    "ThrottlingException",
    "InternalServiceErrorException",
    "ServiceUnavailable",
];

impl NotTaken {
    fn of<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        let Some(answer) = error.as_service_error() else {
            return match error {
                SdkError::ConstructionFailure(_) => Self::Refused("the request could not be built".to_owned()),
                SdkError::DispatchFailure(_) => Self::NotNow("the connection failed".to_owned()),
                // Perhaps it is sent all the same.
                _ => Self::NotNow("no answer in time".to_owned()),
            };
        };
        let server_error = error.raw_response().is_some_and(|response| response.status().as_u16() >= 500);
        let code = answer.code().unwrap_or("unknown").to_owned();
        if server_error || TEMPORARY.contains(&&*code) { Self::NotNow(code) } else { Self::Refused(code) }
    }
}
