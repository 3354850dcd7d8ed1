//! One call of an endpoint, as its handler sees it: admitted, with its headers checked.

use domain::{
    BuyerId, Cause, ContactId, Disclosed, Disclosure, Instant, Purpose, RequestId, SellerId, Source, Violations,
};
use lambda_http::http::HeaderMap;
use lambda_http::http::header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;
use storage::Remember;

use crate::{Caller, Kind, Problem, json};

/// Most bytes of a JSON body. The largest upsert, twenty contacts and all texts at their limits in
/// four-byte characters, stays below.
const MOST_JSON: usize = 64 * 1024;

/// An admitted call.
pub struct Call {
    /// Who calls.
    pub caller: Caller,
    /// The request's id; also the problem's `traceId`.
    pub request_id: RequestId,
    /// When it arrived.
    pub at: Instant,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) parameters: HashMap<String, String>,
    pub(crate) query: Value,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) problem_base: Arc<str>,
}

impl Call {
    /// The seller of the path; the caller acts for it.
    ///
    /// # Errors
    /// 403 on a route without one, which is a bug of the route.
    pub fn seller(&self) -> Result<SellerId, Problem> {
        self.caller.seller.as_ref().map(|seller| seller.uuid).ok_or_else(Problem::foreign_seller)
    }

    /// The buyer of the path.
    ///
    /// # Errors
    /// 404 when it is no id: no buyer has it.
    pub fn buyer(&self) -> Result<BuyerId, Problem> {
        self.id("buyerId", "buyer")
    }

    /// The contact person of the path.
    ///
    /// # Errors
    /// 404 when it is no id: no contact has it.
    pub fn contact(&self) -> Result<ContactId, Problem> {
        self.id("contactId", "contact")
    }

    /// The id of something in the path, called so there.
    ///
    /// # Errors
    /// 404 when it is no id: nothing has it.
    pub fn id<T: FromStr>(&self, parameter: &str, what: &str) -> Result<T, Problem> {
        let text = self.parameters.get(parameter).map_or("", String::as_str);
        text.parse().map_err(|_| Problem::not_found(what))
    }

    /// The media type of the body, as it was sent.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body, for whoever reads it himself; it is gone afterwards.
    ///
    /// # Errors
    /// 413 when it has more than so many bytes.
    pub fn take_body(&mut self, most: u64) -> Result<Vec<u8>, Problem> {
        if self.body.len() as u64 > most {
            return Err(Problem::payload_too_large(most));
        }
        Ok(std::mem::take(&mut self.body))
    }

    /// The idempotency key.
    ///
    /// # Errors
    /// 500 on a route that does not declare itself a write, which is a bug of the route.
    pub fn idempotency_key(&self) -> Result<&str, Problem> {
        self.idempotency_key.as_deref().ok_or_else(|| Problem::internal("a write route without a key"))
    }

    /// The `type` of problems of this kind, in this deployment.
    #[must_use]
    pub fn problem_type(&self, kind: Kind) -> String {
        format!("{}{}", self.problem_base, kind.id())
    }

    /// What is to be noted before this caller is shown personal data of the buyer, with the purpose he states in
    /// `X-Purpose`.
    ///
    /// # Errors
    /// 400 when he states one that cannot be noted.
    pub fn disclosing(&self, disclosed: Disclosed, buyer: BuyerId) -> Result<Disclosure, Problem> {
        Ok(Disclosure {
            buyer,
            disclosed,
            organisation: self.caller.organisation.uuid,
            client: self.caller.client.clone(),
            purpose: self.purpose()?,
            request_id: self.request_id.clone(),
            at: self.at,
        })
    }

    /// Why the caller wants personal data (`X-Purpose`), if he says so.
    ///
    /// # Errors
    /// 400 when it is empty, too long, or not visible ASCII, or stands there twice.
    pub fn purpose(&self) -> Result<Option<Purpose>, Problem> {
        let mut values = self.headers.get_all("x-purpose").iter();
        let Some(value) = values.next() else { return Ok(None) };
        let purpose = value.to_str().map_err(|_| "visible ASCII").and_then(|text| text.trim().parse());
        match purpose {
            Ok(purpose) if values.next().is_none() => Ok(Some(purpose)),
            _ => Err(Problem::malformed("The header `X-Purpose` must be 1 to 100 visible ASCII characters.")),
        }
    }

    /// The JSON body, parsed into a type that cannot be wrong.
    ///
    /// # Errors
    /// 415, 413, 400, 422, in this order.
    pub fn body<T>(&self, parse: impl FnOnce(&Value) -> Result<T, Violations>) -> Result<T, Problem> {
        self.read(&["application/json"], parse)
    }

    /// The JSON Merge Patch in the body (RFC 7396), under its own media type or plain JSON's.
    ///
    /// # Errors
    /// As of [`Call::body`].
    pub fn merge_patch<T>(&self, parse: impl FnOnce(&Value) -> Result<T, Violations>) -> Result<T, Problem> {
        self.read(&["application/merge-patch+json", "application/json"], parse)
    }

    /// The JSON body, or nothing where none was sent.
    ///
    /// # Errors
    /// As of [`Call::body`].
    pub fn optional_body<T>(&self, parse: impl FnOnce(&Value) -> Result<T, Violations>) -> Result<Option<T>, Problem> {
        if self.body.is_empty() { Ok(None) } else { self.body(parse).map(Some) }
    }

    fn read<T>(&self, types: &[&str], parse: impl FnOnce(&Value) -> Result<T, Violations>) -> Result<T, Problem> {
        let essence = self.content_type().split(';').next().unwrap_or_default().trim();
        if !types.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
            return Err(Problem::unsupported_media_type(types[0]));
        }
        if self.body.len() > MOST_JSON {
            return Err(Problem::payload_too_large(MOST_JSON as u64));
        }
        let body = json::parse(&self.body).map_err(|why| Problem::malformed(format!("The body {why}.")))?;
        if !body.is_object() {
            return Err(Problem::malformed("The body is not a JSON object."));
        }
        Ok(parse(&body)?)
    }

    /// The query parameters, parsed; each is text.
    ///
    /// # Errors
    /// 422.
    pub fn query<T>(&self, parse: impl FnOnce(&Value) -> Result<T, Violations>) -> Result<T, Problem> {
        Ok(parse(&self.query)?)
    }

    /// The version that the client wants to change, from `If-Match: "n"`.
    ///
    /// # Errors
    /// 400 when it is missing, `*`, weak, a list, or no quoted number.
    pub fn if_match(&self) -> Result<u64, Problem> {
        let rule =
            || Problem::malformed("The header `If-Match` is required: the version in quotes, as in `ETag: \"5\"`.");
        let mut values = self.headers.get_all(IF_MATCH).iter();
        let value = values.next().filter(|_| values.next().is_none()).and_then(|value| value.to_str().ok());
        let digits = value.and_then(|value| value.trim().strip_prefix('"')?.strip_suffix('"'));
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        digits.and_then(|digits| digits.parse().ok()).ok_or_else(rule)
    }

    /// How the answer shall be remembered: under the caller's idempotency key, for this method, path,
    /// precondition and meaning of the body.
    ///
    /// # Errors
    /// 400 on a route that does not declare itself a write, which is a bug of the route.
    pub fn remember(&self, meaning: &impl Serialize) -> Result<Remember, Problem> {
        let key = self.idempotency_key()?.to_owned();
        let meaning = serde_json::to_string(meaning).map_err(Problem::internal)?;
        let precondition = self.headers.get(IF_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let meaning = format!("{} {}\nif-match: {precondition}\n{meaning}", self.method, self.path);
        Ok(Remember::new(self.caller.organisation.uuid, key, meaning, self.at))
    }

    /// Who, through what, in which request, when.
    #[must_use]
    pub fn cause(&self) -> Cause {
        Cause { actor: self.caller.actor(), source: Source::Api, request_id: self.request_id.clone(), at: self.at }
    }

    /// Whether the client already has the representation with this strong entity tag
    /// (`If-None-Match`, RFC 9110 section 13.1.2: weak comparison, `*` matches whatever exists).
    #[must_use]
    pub fn already_has(&self, etag: &str) -> bool {
        already_has(&self.headers, etag)
    }
}

pub(crate) fn already_has(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
