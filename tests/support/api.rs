//! The API as a client sees it.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

/// A client of one organisation, with a seller of it.
#[derive(Clone)]
pub struct Api {
    /// The API's base.
    pub base: String,
    /// Its token.
    pub token: String,
    /// The seller it acts for.
    pub seller: String,
    http: reqwest::Client,
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; `null` when it is none.
    pub json: Value,
}

impl Reply {
    /// A header's text, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The last part of a problem's type; panics unless it is a complete problem of that status.
    ///
    /// # Panics
    /// When the answer is no problem as published.
    #[must_use]
    pub fn problem(&self) -> &str {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(self.json["status"], self.status, "{self:?}");
        assert_eq!(self.json["traceId"].as_str(), self.header("x-request-id"), "{self:?}");
        for member in ["title", "detail", "instance"] {
            assert!(self.json[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {self:?}");
        }
        let kind = self.json["type"].as_str().unwrap_or_default();
        kind.strip_prefix("https://api.novatrade24.com/problems/").unwrap_or_else(|| panic!("type: {self:?}"))
    }
}

impl Api {
    /// With this token, for this seller.
    ///
    /// # Panics
    /// Never: nothing is set that a client could refuse.
    #[must_use]
    pub fn new(base: &str, token: &str, seller: &str) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { base: base.to_owned(), token: token.to_owned(), seller: seller.to_owned(), http }
    }

    /// The same with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same for another seller.
    #[must_use]
    pub fn for_seller(&self, seller: &str) -> Self {
        Self { seller: seller.to_owned(), ..self.clone() }
    }

    /// The seller's buyers.
    #[must_use]
    pub fn buyers(&self) -> String {
        format!("/v1/partners/{}/buyers", self.seller)
    }

    /// A request with nothing but its token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    /// A request without a token.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A write under a fresh idempotency key.
    pub fn write(&self, method: Method, path: &str) -> RequestBuilder {
        self.write_with_key(&Uuid::new_v4().to_string(), method, path)
    }

    /// A write under this idempotency key.
    pub fn write_with_key(&self, key: &str, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header("idempotency-key", key)
    }

    /// Reads a path.
    pub async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    /// Upserts a buyer under a fresh idempotency key.
    pub async fn upsert(&self, body: &Value) -> Reply {
        self.upsert_with_key(&Uuid::new_v4().to_string(), body).await
    }

    /// Upserts a buyer under this idempotency key.
    pub async fn upsert_with_key(&self, key: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, &self.buyers()).header("idempotency-key", key).json(body)).await
    }
}

/// Sends a request and reads the answer whole.
///
/// # Panics
/// When there is no answer.
pub async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.expect("the stack answers");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("a whole answer");
    let json = serde_json::from_str(&text).unwrap_or_default();
    Reply { status, headers, text, json }
}

/// A VAT number that no other test uses (well-formed; its check digit is VIES's business).
#[must_use]
pub fn fresh_vat_number() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let run = Uuid::new_v4().as_u128() % 90_000;
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % 10_000;
    format!("DE{}{number:04}", 10_000 + run)
}

/// A complete body for that number.
#[must_use]
pub fn buyer_body(vat_number: &str) -> Value {
    json!({
        "kycMode": "NT24_LED",
        "vatNumber": vat_number,
        "companyName": "Muster Fahrzeughandel GmbH",
        "address": {"street": "Am Hafen 1", "postCode": "20457", "city": "Hamburg", "country": "DE"}
    })
}
