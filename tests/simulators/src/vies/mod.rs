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
//! down. What follows the digits (the `B01` of the Netherlands, a check letter)
//! is ignored, so every member state's shape has its magic numbers.

mod outcome;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::serving::{Bound, Serving, now};

pub use outcome::Outcome;

/// How long [`Outcome::Slow`] keeps its caller waiting; clients give up after 5 to 10 s.
const SLOW: Duration = Duration::from_secs(20);

/// The prefixes VIES knows: 27 member states and Northern Ireland.
const COUNTRIES: [&str; 28] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
    "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
];

/// A running VIES; dropping it stops it.
pub struct Vies {
    serving: Serving,
    history: Arc<History>,
}

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
    trader_name: String,
    trader_street: String,
    trader_postal_code: String,
    trader_city: String,
    trader_company_type: String,
}

impl Vies {
    /// Listens on loopback, on a free port for 0.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(port: u16) -> io::Result<Self> {
        let history = Arc::new(History::default());
        let routes = Router::new()
            .route("/check-vat-number", post(check))
            .route("/check-vat-test-service", post(check_test_table))
            .route("/check-status", get(status))
            .route("/_simulator/checks", get(checks))
            .with_state(Arc::clone(&history));
        Ok(Self { serving: Bound::to(port).await?.serve(routes)?, history })
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

async fn check(State(history): State<Arc<History>>, Json(request): Json<CheckVatRequest>) -> Response {
    history.record(&request);
    if !COUNTRIES.contains(&request.country_code.as_str()) || request.vat_number.is_empty() {
        return refusal("INVALID_INPUT");
    }
    match Outcome::by_magic(&request.vat_number) {
        Outcome::BusyTwiceThenValid if history.refuses_again(&request.vat_number) => refusal("MS_MAX_CONCURRENT_REQ"),
        Outcome::Valid | Outcome::BusyTwiceThenValid => verdict(&request, true, &request.vat_number),
        Outcome::NotRegistered => verdict(&request, false, &request.vat_number),
        Outcome::Refused(error) => refusal(error),
        Outcome::Slow => {
            tokio::time::sleep(SLOW).await;
            verdict(&request, true, &request.vat_number)
        }
        Outcome::MaintenancePage => {
            (StatusCode::BAD_GATEWAY, Html("<html><body><h1>502 Bad Gateway</h1></body></html>")).into_response()
        }
        Outcome::EchoesAnotherNumber => verdict(&request, true, "000000000"),
        Outcome::TooManyRequests => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "2")], "Too Many Requests").into_response()
        }
    }
}

async fn check_test_table(Json(request): Json<CheckVatRequest>) -> Response {
    match Outcome::of_test_table(&request.vat_number) {
        Outcome::Valid => verdict(&request, true, &request.vat_number),
        Outcome::NotRegistered => verdict(&request, false, &request.vat_number),
        Outcome::Refused(error) => refusal(error),
        other => unreachable!("{other:?} is not in the test table"),
    }
}

fn verdict(request: &CheckVatRequest, valid: bool, echoed_number: &str) -> Response {
    // Germany and Spain never disclose; nobody discloses an unregistered number.
    let disclosed = valid && !matches!(request.country_code.as_str(), "DE" | "ES");
    let (name, address) = if disclosed {
        (format!("Company {}{}", request.country_code, request.vat_number), "1 Main Street\n1000 Capital")
    } else {
        ("---".to_owned(), "---")
    };
    let asked_in_a_name = !request.requester_member_state_code.is_empty() && !request.requester_number.is_empty();
    let consultation_number = if asked_in_a_name {
        format!("WAPIAAAA{}", &uuid::Uuid::new_v4().simple().to_string()[..8])
    } else {
        String::new()
    };
    Json(json!({
        "countryCode": request.country_code,
        "vatNumber": echoed_number,
        "requestDate": now().to_string(),
        "valid": valid,
        "requestIdentifier": consultation_number,
        "name": name,
        "address": address,
        "traderName": request.trader_name,
        "traderStreet": request.trader_street,
        "traderPostalCode": request.trader_postal_code,
        "traderCity": request.trader_city,
        "traderCompanyType": request.trader_company_type,
        "traderNameMatch": "NOT_PROCESSED",
        "traderStreetMatch": "NOT_PROCESSED",
        "traderPostalCodeMatch": "NOT_PROCESSED",
        "traderCityMatch": "NOT_PROCESSED",
        "traderCompanyTypeMatch": "NOT_PROCESSED",
    }))
    .into_response()
}

/// The same body comes with 200, 400 or 500; clients must not trust the status.
fn refusal(error: &str) -> Response {
    let status = match error {
        "INVALID_INPUT" => StatusCode::BAD_REQUEST,
        error if error.starts_with("VOW-ERR") => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::OK,
    };
    (status, Json(json!({"actionSucceed": false, "errorWrappers": [{"error": error}]}))).into_response()
}

async fn status() -> Json<Value> {
    let countries = COUNTRIES.map(|code| json!({"countryCode": code, "availability": "Available"}));
    Json(json!({"vow": {"available": true}, "countries": countries}))
}

async fn checks(State(history): State<Arc<History>>) -> Json<Vec<CheckVatRequest>> {
    Json(history.checks())
}

#[cfg(test)]
mod tests;
