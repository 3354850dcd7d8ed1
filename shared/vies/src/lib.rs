//! VIES, the Commission's VAT number check.
//!
//! VIES is a gateway in front of 28 national registries, each of which is down, slow or too busy now and then, and it
//! says so in several ways: as a named error under status 200, 400 or 500, as an HTML page under any status, or by not
//! answering. All of that is [`NoAnswer`], sorted by what to do about it. A verdict is only what can be nothing else:
//! status 200, no named error, about the number that was asked, with a boolean.
//!
//! Only the POST form is spoken, which is the published one
//! (<https://ec.europa.eu/assets/taxud/vow-information/swagger_publicVAT.yaml>). The GET form of the Commission's web
//! page shows an outage as an invalid number.

mod wire;

use std::time::Duration;

use aws::{Fetch, FetchError};
use domain::{Address, Business, NoAnswer, NoAnswerReason, VatNumber, ViesAnswer};

/// Most time for a whole check. Registries that answer at all do so within seconds; one that hangs is asked later.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Most bytes of an answer. Real ones have less than two thousand.
const MOST: usize = 64 * 1024;

/// A client of VIES.
pub struct Vies {
    address: String,
    fetch: Fetch,
}

/// What is asked about a number.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The number.
    pub number: &'a VatNumber,
    /// In whose name it is asked: that party gets a consultation number as evidence. Without one there is none.
    pub requester: Option<&'a VatNumber>,
    /// What the buyer states about itself, to be compared. Most member states compare nothing; some that disclose no
    /// names (Spain) do compare them.
    pub trader: Option<Trader<'a>>,
}

/// Details that a member state may compare with the registered ones.
#[derive(Clone, Copy)]
pub struct Trader<'a> {
    /// The company's name.
    pub name: &'a str,
    /// Where it does business.
    pub address: &'a Address,
}

impl<'a> From<&'a Business> for Trader<'a> {
    fn from(business: &'a Business) -> Self {
        Self { name: &business.company_name, address: &business.address }
    }
}

impl Vies {
    /// The service with this base, `https://ec.europa.eu/taxation_customs/vies/rest-api`.
    #[must_use]
    pub fn new(base_url: &str) -> Self {
        Self::at(base_url, "check-vat-number")
    }

    /// The test service beside it. It answers by number (100 is valid, 200 is not) and knows nobody; for smoke tests.
    #[must_use]
    pub fn test_service(base_url: &str) -> Self {
        Self::at(base_url, "check-vat-test-service")
    }

    fn at(base_url: &str, operation: &str) -> Self {
        let address = format!("{}/{operation}", base_url.trim_end_matches('/'));
        Self { address, fetch: Fetch::within(TIME_LIMIT).at_most(MOST) }
    }

    /// The same with another limit for a whole check than 10 s.
    #[must_use]
    pub fn within(self, time_limit: Duration) -> Self {
        Self { fetch: Fetch::within(time_limit).at_most(MOST), ..self }
    }

    /// Asks once.
    ///
    /// # Errors
    /// Whenever there is no verdict, for whatever reason.
    pub async fn check(&self, question: &Question<'_>) -> Result<ViesAnswer, NoAnswer> {
        let answer = self.fetch.post_json(&self.address, wire::request(question)).await;
        wire::read(question.number, &answer.map_err(|cause| unanswered(&cause))?)
    }
}

fn unanswered(error: &FetchError) -> NoAnswer {
    let cause = match error {
        FetchError::Late(_) => "no answer in time",
        FetchError::TooLarge(_) => "an answer that is too large",
        FetchError::Address(_) | FetchError::Connection(_) | FetchError::Status(_) => "the connection failed",
    };
    let detail = Some(error.to_string());
    NoAnswer { detail, ..NoAnswer::because(NoAnswerReason::ServiceUnavailable, cause) }
}
