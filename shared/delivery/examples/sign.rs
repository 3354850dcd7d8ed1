//! Prints webhooks signed this moment with fresh secrets, in the form of `docs/webhooks/vectors.json`: for the check
//! with the libraries of Standard Webhooks, which accept nothing that is older than five minutes.

use std::time::{SystemTime, UNIX_EPOCH};

use delivery::sign;
use domain::Instant;
use domain::webhook::Secret;
use serde_json::{Value, json};

fn main() {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let at = Instant::from_millis(i64::try_from(since_epoch.as_millis()).expect("a clock before the year 292 million"));
    let supplied = Secret::parse("correct-horse-battery-staple").expect("a secret");
    let vector = |name: &str, body: &str, secrets: &[Secret]| {
        let signature = sign("evt_1", body.as_bytes(), at, secrets);
        json!({
            "name": name,
            "secrets": secrets.iter().map(Secret::reveal).collect::<Vec<_>>(),
            "timestamp": at.seconds(),
            "body": body,
            "headers": {
                "X-Novatrade-Event-Id": "evt_1",
                "X-Novatrade-Signature": signature.novatrade,
                "webhook-id": "evt_1",
                "webhook-timestamp": signature.timestamp,
                "webhook-signature": signature.standard,
            },
        })
    };
    let vectors: [Value; 4] = [
        vector("a fresh secret", "{\"a\":1}", &[Secret::fresh()]),
        vector("a rotation", "{\"a\":1}", &[Secret::fresh(), Secret::fresh()]),
        vector("a rotation from a supplied secret", "{\"a\":1}", &[Secret::fresh(), supplied]),
        vector("a body beyond ASCII", "{\"city\":\"Łódź\", \"sign\":\"🦊\"}", &[Secret::fresh()]),
    ];
    println!("{}", json!({ "vectors": vectors }));
}
