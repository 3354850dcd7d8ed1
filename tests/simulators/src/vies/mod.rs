//! VIES, the Commission's VAT number check, by its published REST contract.
//!
//! | call | answers |
//! |---|---|
//! | `POST /check-vat-number` | by magic number, see [`Outcome`]; any other number is valid |
//! | `POST /check-vat-test-service` | by the Commission's own test table: the whole number is the code, anything unknown is `SERVICE_UNAVAILABLE` |
//! | `GET /check-status` | every member state `Available` |
//! | `GET /_simulator/checks` | the request bodies of the main endpoint since start, oldest first |
//!
//! **Magic numbers**: when the digits of a number end in `99` and a code, the
//! code decides. `DE123499200` is not registered, `DE123499301` finds Germany
//! down. What follows the digits (the `B01` of the Netherlands, the `01` of
//! Sweden, a check letter) is ignored, so every member state's shape has its
//! magic numbers, see [`magic_number`]. A requester whose own number ends in
//! `99202` is refused whatever it asks, and whoever has no `User-Agent` is
//! turned away, as some of the real one's edges do.

mod answers;
mod load;
mod outcome;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::serving::{Bound, Serving};

use load::Load;
pub use outcome::{CODES, Outcome, magic_number, magic_variant};

/// The prefixes VIES knows: 27 member states and Northern Ireland.
pub const COUNTRIES: [&str; 28] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
];

/// A running VIES; dropping it stops it.
pub struct Vies {
    serving: Serving,
    history: Arc<History>,
    load: Arc<Load>,
}

/// What the routes share.
type Shared = State<(Arc<History>, Arc<Load>)>;

#[derive(Default)]
struct History {
    checks: Mutex<Vec<CheckVatRequest>>,
    /// Refusals given so far by [`Outcome::BusyTwiceThenValid`], per number.
    refused: Mutex<HashMap<String, u8>>,
}

/// What a client sends. Nothing is required by the contract.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CheckVatRequest {
    /// VIES prefix: `EL` for Greece.
    pub country_code: String,
    /// Without the prefix.
    pub vat_number: String,
    /// Who asks; counts only together with the number.
    pub requester_member_state_code: String,
    /// Who asks, without the prefix.
    pub requester_number: String,
    /// The name to compare, not nested in anything.
    pub trader_name: String,
    /// Street and number to compare.
    pub trader_street: String,
    /// Postal code to compare.
    pub trader_postal_code: String,
    /// Town to compare.
    pub trader_city: String,
    trader_company_type: String,
}

impl Vies {
    /// Listens on loopback, on a free port for 0.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(port: u16) -> io::Result<Self> {
        let (history, load) = (Arc::new(History::default()), Arc::new(Load::default()));
        let routes = Router::new()
            .route("/check-vat-number", post(check))
            .route("/check-vat-test-service", post(check_test_table))
            .route("/check-status", get(status))
            .route("/_simulator/checks", get(checks))
            .with_state((Arc::clone(&history), Arc::clone(&load)));
        Ok(Self { serving: Bound::to(port).await?.serve(routes)?, history, load })
    }

    /// The base of the REST interface.
    #[must_use]
    pub fn url(&self) -> String {
        self.serving.url()
    }

    /// Every check asked of the main endpoint, oldest first.
    #[must_use]
    pub fn checks(&self) -> Vec<CheckVatRequest> {
        self.history.checks()
    }
}

impl History {
    fn checks(&self) -> Vec<CheckVatRequest> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn record(&self, request: &CheckVatRequest) {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
    }

    /// Counts up to two refusals for a number, then no more.
    fn refuses_again(&self, number: &str) -> bool {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let count = refused.entry(number.to_owned()).or_default();
        *count += 1;
        *count <= 2
    }
}

async fn check(State((history, load)): Shared, headers: HeaderMap, Json(request): Json<CheckVatRequest>) -> Response {
    if !headers.contains_key(header::USER_AGENT) {
        return answers::forbidden();
    }
    history.record(&request);
    let question = load.question(&request.country_code);
    question.wait().await;
    answers::answer(outcome(&history, &request), &request).await
}

fn outcome(history: &History, request: &CheckVatRequest) -> Outcome {
    if !COUNTRIES.contains(&request.country_code.as_str()) || request.vat_number.is_empty() {
        return Outcome::RefusedWith(400, "INVALID_INPUT");
    }
    let refused = Outcome::Refused("INVALID_REQUESTER_INFO");
    if Outcome::by_magic(&request.requester_member_state_code, &request.requester_number) == refused {
        return refused;
    }
    match Outcome::by_magic(&request.country_code, &request.vat_number) {
        Outcome::BusyTwiceThenValid if history.refuses_again(&request.vat_number) => {
            Outcome::Refused("MS_MAX_CONCURRENT_REQ")
        }
        outcome => outcome,
    }
}

async fn check_test_table(Json(request): Json<CheckVatRequest>) -> Response {
    answers::answer(Outcome::of_test_table(&request.vat_number), &request).await
}

async fn status() -> Json<Value> {
    let countries = COUNTRIES.map(|code| json!({"countryCode": code, "availability": "Available"}));
    Json(json!({"vow": {"available": true}, "countries": countries}))
}

async fn checks(State((history, _)): Shared) -> Json<Vec<CheckVatRequest>> {
    Json(history.checks())
}

#[cfg(test)]
mod tests;
