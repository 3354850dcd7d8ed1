//! Checks X-Novatrade-Signature with the crates hex 0.4, hmac 0.13 and sha2 0.11.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Whether `body`, the bytes as they came, was signed with `secret` at most 300 seconds before (or after) `now`, in
/// seconds since 1970.
#[must_use]
pub fn verify(header: &str, body: &[u8], secret: &str, now: u64) -> bool {
    let values = |name| header.split(',').filter_map(move |part| part.strip_prefix(name)?.strip_prefix('='));
    let times: Vec<_> = values("t").collect();
    let [time] = times[..] else { return false };
    let digits = time.bytes().all(|byte| byte.is_ascii_digit());
    let fresh = digits && time.parse().is_ok_and(|at: u64| now.abs_diff(at) <= 300);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    // verify_slice takes the same time whatever differs.
    let signed = |value| hex::decode(value).is_ok_and(|code| mac.clone().verify_slice(&code).is_ok());
    fresh && values("v1").any(signed)
}
