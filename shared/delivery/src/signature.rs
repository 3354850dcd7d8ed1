//! What a receiver knows us by.
//!
//! Two schemes over the same secret, both HMAC-SHA256: the published `X-Novatrade-Signature`, and Standard Webhooks
//! (<https://www.standardwebhooks.com>), for which receivers find libraries in their language. How to check them, with
//! vectors: `docs/webhooks/`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Instant;
use domain::webhook::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The headers that sign one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `t`, and the value of `webhook-timestamp`: seconds since the epoch.
    pub timestamp: String,
    /// `X-Novatrade-Signature`: `t=<seconds>,v1=<hex>`, during a rotation with a second `v1`.
    pub novatrade: String,
    /// `webhook-signature`: `v1,<base64>`, during a rotation two of them; `None` where no secret is one of Standard Webhooks.
    pub standard: Option<String>,
}

/// Signs a body as sent at this moment, with each of the secrets that hold; the newest stands first.
///
/// `X-Novatrade-Signature` is over `<t>.<body>`, keyed on the bytes of the secret as shown. Standard Webhooks is over
/// `<event id>.<t>.<body>`, keyed on [`Secret::standard_key`].
#[must_use]
pub fn sign(event_id: &str, body: &[u8], at: Instant, secrets: &[Secret]) -> Signature {
    let timestamp = at.seconds().to_string();
    let hex = |secret: &Secret| {
        let code = code(secret.reveal().as_bytes(), &[timestamp.as_bytes(), b".", body]);
        format!(",v1={}", hex::encode(code))
    };
    let base64 = |secret: &Secret| {
        let code = code(&secret.standard_key()?, &[event_id.as_bytes(), b".", timestamp.as_bytes(), b".", body]);
        Some(format!("v1,{}", STANDARD.encode(code)))
    };
    let novatrade = format!("t={timestamp}{}", secrets.iter().map(hex).collect::<String>());
    let standard: Vec<_> = secrets.iter().filter_map(base64).collect();
    Signature { timestamp, novatrade, standard: Some(standard.join(" ")).filter(|all| !all.is_empty()) }
}

fn code(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
