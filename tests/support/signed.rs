//! Signatures of deliveries, checked with no code of ours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use simulators::webhook_sink::Received;

/// Signed with that secret alone, by the published rule and by that of Standard Webhooks. When, in seconds since the epoch.
///
/// # Panics
/// When it is not, or the secret is none of ours.
#[must_use]
pub fn signed_at(received: &Received, secret: &str) -> i64 {
    let bytes = STANDARD.decode(&received.body_base64).expect("base64");
    let mac = |key: &[u8], text: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key will do");
        mac.update(text);
        mac.update(&bytes);
        mac.finalize().into_bytes()
    };
    let header = &received.headers["x-novatrade-signature"];
    let (time, code) = header.strip_prefix("t=").and_then(|it| it.split_once(",v1=")).expect("time and code");
    assert_eq!(code, hex::encode(mac(secret.as_bytes(), format!("{time}.").as_bytes())), "{header}");
    let key = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok()).expect("a key");
    let code = STANDARD.encode(mac(&key, format!("{}.{time}.", received.headers["webhook-id"]).as_bytes()));
    assert_eq!(received.headers["webhook-signature"], format!("v1,{code}"));
    assert_eq!(&received.headers["webhook-timestamp"], time);
    time.parse().expect("a number")
}
