//! What goes over the wire, and how an answer is judged: the named error first, then the status, then the verdict.

use aws::Fetched;
use domain::{NoAnswer, NoAnswerReason, TraderMatch, TraderMatches, VatNumber, ViesAnswer, ViesVerdict};
use serde::{Deserialize, Serialize};

use crate::Question;

/// Flat: a nested trader is ignored without a word. Half of a requester is, too, hence one type for both fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckVatRequest<'a> {
    country_code: &'a str,
    vat_number: &'a str,
    #[serde(flatten)]
    requester: Option<Requester<'a>>,
    #[serde(flatten)]
    trader: Option<Trader<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Requester<'a> {
    requester_member_state_code: &'a str,
    requester_number: &'a str,
}

#[derive(Serialize)]
struct Trader<'a> {
    #[serde(rename = "traderName")]
    name: &'a str,
    #[serde(rename = "traderStreet")]
    street: &'a str,
    #[serde(rename = "traderPostalCode")]
    postal_code: &'a str,
    #[serde(rename = "traderCity")]
    city: &'a str,
}

/// An answer or an error: both may come under any status, and an error may carry what looks like a verdict.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CheckVatResponse {
    action_succeed: Option<bool>,
    error_wrappers: Option<Vec<ErrorWrapper>>,
    /// How the GET form names an error.
    user_error: Option<String>,
    country_code: Option<String>,
    vat_number: Option<String>,
    valid: Option<bool>,
    request_date: Option<String>,
    request_identifier: Option<String>,
    name: Option<String>,
    address: Option<String>,
    trader_name_match: Option<String>,
    trader_street_match: Option<String>,
    trader_postal_code_match: Option<String>,
    trader_city_match: Option<String>,
}

#[derive(Deserialize)]
struct ErrorWrapper {
    error: String,
}

/// The body of a question.
pub(crate) fn request(question: &Question<'_>) -> Vec<u8> {
    let request = CheckVatRequest {
        country_code: question.number.state(),
        vat_number: question.number.national(),
        requester: question.requester.map(|requester| Requester {
            requester_member_state_code: requester.state(),
            requester_number: requester.national(),
        }),
        trader: question.trader.map(|trader| Trader {
            name: trader.name,
            street: &trader.address.street,
            postal_code: &trader.address.post_code,
            city: &trader.address.city,
        }),
    };
    serde_json::to_vec(&request).unwrap_or_default()
}

/// What the answer to a question about that number says.
pub(crate) fn read(asked: &VatNumber, fetched: &Fetched) -> Result<ViesAnswer, NoAnswer> {
    let answer = serde_json::from_slice::<CheckVatResponse>(&fetched.body).ok();
    if let Some(error) = answer.as_ref().and_then(CheckVatResponse::named_error) {
        return Err(NoAnswer { retry_after: fetched.retry_after, ..named(error) });
    }
    match (fetched.status, answer) {
        (200, Some(answer)) => answer.verdict(asked),
        (200, None) => Err(unavailable("an answer that is none of VIES's")),
        (429, _) => Err(NoAnswer {
            retry_after: fetched.retry_after,
            ..NoAnswer::because(NoAnswerReason::Throttled, "status 429")
        }),
        (status, _) => Err(NoAnswer {
            retry_after: fetched.retry_after,
            is_turned_away: turns_away(status),
            ..unavailable(&format!("status {status}"))
        }),
    }
}

/// Whether a status without a named error says that we asked at a wrong place, or may not ask. A gateway that is being
/// maintained says so now and then, too.
const fn turns_away(status: u16) -> bool {
    matches!(status, 300..=399 | 401 | 403..=405 | 410)
}

impl CheckVatResponse {
    fn errors(&self) -> impl Iterator<Item = &str> {
        let wrapped = self.error_wrappers.iter().flatten().map(|wrapper| wrapper.error.as_str());
        wrapped.chain(self.user_error.as_deref())
    }

    /// `VALID` and `INVALID` are verdicts, not errors.
    fn named_error(&self) -> Option<&str> {
        self.errors().find(|error| !matches!(*error, "VALID" | "INVALID"))
    }

    fn verdict(self, asked: &VatNumber) -> Result<ViesAnswer, NoAnswer> {
        let named_invalid = self.errors().any(|error| error == "INVALID");
        let result = match self.valid {
            Some(true) if !named_invalid && self.action_succeed != Some(false) => ViesVerdict::Valid,
            Some(false) if named_invalid || self.action_succeed != Some(false) => ViesVerdict::Invalid,
            Some(_) => return Err(unavailable("a verdict that contradicts itself")),
            None => return Err(unavailable("an answer without a verdict")),
        };
        let echoed = (self.country_code.as_deref(), self.vat_number.as_deref());
        if echoed != (Some(asked.state()), Some(asked.national())) {
            return Err(unavailable("a verdict on another number"));
        }
        Ok(ViesAnswer {
            result,
            consultation_number: disclosed(self.request_identifier),
            name: disclosed(self.name),
            address: disclosed(self.address),
            trader_matches: TraderMatches {
                name: matching(self.trader_name_match.as_deref()),
                street: matching(self.trader_street_match.as_deref()),
                post_code: matching(self.trader_postal_code_match.as_deref()),
                city: matching(self.trader_city_match.as_deref()),
            },
            request_date: self.request_date.and_then(|date| date.parse().ok()),
        })
    }
}

/// What an error of that name means. One that nobody knows is an outage, never a verdict.
fn named(error: &str) -> NoAnswer {
    use NoAnswerReason as Reason;
    let reason = match error {
        "GLOBAL_MAX_CONCURRENT_REQ"
        | "GLOBAL_MAX_CONCURRENT_REQ_TIME"
        | "MS_MAX_CONCURRENT_REQ"
        | "MS_MAX_CONCURRENT_REQ_TIME" => Reason::Throttled,
        "MS_UNAVAILABLE" => Reason::StateUnavailable,
        "INVALID_INPUT" => Reason::InputRefused,
        "INVALID_REQUESTER_INFO" => Reason::RequesterRefused,
        "VAT_BLOCKED" => Reason::NumberBlocked,
        "IP_BLOCKED" => Reason::AddressBlocked,
        _ => Reason::ServiceUnavailable,
    };
    // It is shown and logged: a code may, a text that might quote us may not.
    let is_code = error.len() <= 64 && error.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    NoAnswer::because(reason, if is_code { error } else { "an error that is no code" })
}

fn unavailable(cause: &str) -> NoAnswer {
    NoAnswer::because(NoAnswerReason::ServiceUnavailable, cause)
}

/// What a member state does not tell comes as `---` or as nothing.
fn disclosed(text: Option<String>) -> Option<String> {
    text.filter(|text| !matches!(text.trim(), "" | "---"))
}

fn matching(text: Option<&str>) -> TraderMatch {
    match text {
        Some("VALID") => TraderMatch::Valid,
        Some("INVALID") => TraderMatch::Invalid,
        _ => TraderMatch::NotProcessed,
    }
}

#[cfg(test)]
mod tests;
