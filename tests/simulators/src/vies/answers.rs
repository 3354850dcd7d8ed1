//! What an outcome looks like on the wire.

use std::io;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use futures_util::stream;
use serde_json::{Value, json};

use super::{CheckVatRequest, Outcome};
use crate::serving::now;

/// How long [`Outcome::Slow`] keeps its caller waiting; clients give up after 5 to 10 s.
const SLOW: Duration = Duration::from_secs(20);

pub(super) async fn answer(outcome: Outcome, request: &CheckVatRequest) -> Response {
    match outcome {
        Outcome::Valid | Outcome::BusyTwiceThenValid => Json(verdict(request, true)).into_response(),
        Outcome::NotRegistered => Json(verdict(request, false)).into_response(),
        // The same body comes with 200, 400 or 500; clients must not trust the status.
        Outcome::Refused(error) => refusal(200, error),
        Outcome::RefusedWith(status, error) => refusal(status, error),
        Outcome::RefusedBesideFalse(error) => {
            let mut body = verdict(request, false);
            body["errorWrappers"] = wrappers(error);
            Json(body).into_response()
        }
        Outcome::Slow => {
            tokio::time::sleep(SLOW).await;
            Json(verdict(request, true)).into_response()
        }
        Outcome::MaintenancePage(code) => {
            (status(code), Html(format!("<html><body><h1>{code} We will be back soon</h1></body></html>")))
                .into_response()
        }
        Outcome::EchoesAnotherNumber => with(verdict(request, true), "vatNumber", "000000000".into()),
        Outcome::TooManyRequests => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "2")], "Too Many Requests").into_response()
        }
        Outcome::CutShort => {
            let mut half = verdict(request, false).to_string();
            half.truncate(half.len() / 2);
            let cut = Err(io::Error::from(io::ErrorKind::ConnectionReset));
            Body::from_stream(stream::iter([Ok(half), cut])).into_response()
        }
        Outcome::VerdictAsText => with(verdict(request, false), "valid", "false".into()),
        Outcome::Huge => with(verdict(request, true), "address", "1 Main Street\n".repeat(7_000).into()),
        Outcome::Redirect => Redirect::temporary("/check-vat-test-service").into_response(),
    }
}

/// A page of whoever stands before VIES.
pub(super) fn forbidden() -> Response {
    (StatusCode::FORBIDDEN, Html("<html><body>Access Denied</body></html>")).into_response()
}

fn with(mut body: Value, member: &str, value: Value) -> Response {
    body[member] = value;
    Json(body).into_response()
}

fn refusal(code: u16, error: &str) -> Response {
    (status(code), Json(json!({"actionSucceed": false, "errorWrappers": wrappers(error)}))).into_response()
}

fn wrappers(error: &str) -> Value {
    json!([{"error": error}])
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn verdict(request: &CheckVatRequest, valid: bool) -> Value {
    let registered = format!("Company {}{}", request.country_code, request.vat_number);
    // Germany and Spain never disclose; nobody discloses an unregistered number.
    let disclosed = valid && !matches!(request.country_code.as_str(), "DE" | "ES");
    let (name, address) = if disclosed { (registered.as_str(), "1 Main Street\n1000 Capital") } else { ("---", "---") };
    let asked_in_a_name = !request.requester_member_state_code.is_empty() && !request.requester_number.is_empty();
    let consultation_number = if asked_in_a_name {
        format!("WAPIAAAA{}", &uuid::Uuid::new_v4().simple().to_string()[..8])
    } else {
        String::new()
    };
    // Spain compares what it does not disclose.
    let compared = |stated: &str, registered: &str| match (request.country_code.as_str(), stated) {
        ("ES", stated) if valid && !stated.is_empty() => {
            if stated.eq_ignore_ascii_case(registered) {
                "VALID"
            } else {
                "INVALID"
            }
        }
        _ => "NOT_PROCESSED",
    };
    json!({
        "countryCode": request.country_code,
        "vatNumber": request.vat_number,
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
        "traderNameMatch": compared(&request.trader_name, &registered),
        "traderStreetMatch": "NOT_PROCESSED",
        "traderPostalCodeMatch": "NOT_PROCESSED",
        "traderCityMatch": compared(&request.trader_city, "Capital"),
        "traderCompanyTypeMatch": "NOT_PROCESSED",
    })
}
