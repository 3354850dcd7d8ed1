//! The verifiers that we publish, in three languages, and the vectors, against what this crate signs.
//!
//! Python and Node are run as they are installed here; neither needs a package. Without one of them these tests fail.

#[path = "../../../../docs/webhooks/verify.rs"]
#[expect(unreachable_pub, reason = "it is written for somebody else's crate")]
mod verify;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use delivery::sign;
use domain::Instant;
use domain::webhook::Secret;
use serde_json::{Value, json};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/webhooks");

/// A question to a verifier, and the answer it should have.
struct Case {
    name: String,
    header: String,
    body: Vec<u8>,
    secret: String,
    now: u64,
    valid: bool,
}

fn vectors(list: &str) -> Vec<Value> {
    let file = std::fs::read(Path::new(DOCS).join("vectors.json")).unwrap();
    let mut file: Value = serde_json::from_slice(&file).unwrap();
    serde_json::from_value(file[list].take()).unwrap()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn secrets(vector: &Value) -> Vec<Secret> {
    let secrets = vector["secrets"].as_array().unwrap();
    secrets.iter().map(|secret| Secret::parse(secret.as_str().unwrap()).unwrap()).collect()
}

/// Every verifier answers every case as it should.
fn assert_judged(cases: &[Case]) {
    let questions: Vec<_> = cases
        .iter()
        .map(|case| {
            json!({"header": case.header, "body": STANDARD.encode(&case.body), "secret": case.secret, "now": case.now})
        })
        .collect();
    let questions = serde_json::to_vec(&questions).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verifiers");
    let rust = cases.iter().map(|case| verify::verify(&case.header, &case.body, &case.secret, case.now)).collect();
    let judged: [(&str, Vec<bool>); 3] = [
        ("Rust", rust),
        ("Python", run("python3", &here.join("run.py"), &questions)),
        ("Node", run("node", &here.join("run.mjs"), &questions)),
    ];
    for (language, answers) in judged {
        assert_eq!(answers.len(), cases.len(), "{language}");
        for (case, answer) in cases.iter().zip(answers) {
            assert_eq!(answer, case.valid, "{language}: {}", case.name);
        }
    }
}

fn run(program: &str, script: &Path, questions: &[u8]) -> Vec<bool> {
    let mut child = Command::new(program)
        .arg(script)
        .arg(DOCS)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} must be installed: {error}"));
    child.stdin.take().unwrap().write_all(questions).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} ended with {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_published_vectors_are_what_this_crate_signs() {
    let vectors = vectors("vectors");
    assert!(vectors.len() >= 8);
    for vector in &vectors {
        let headers = &vector["headers"];
        let seconds = vector["timestamp"].as_i64().unwrap();
        let event = text(headers, "X-Novatrade-Event-Id");
        let at = Instant::from_millis(seconds * 1000 + 999);
        let signature = sign(event, text(vector, "body").as_bytes(), at, &secrets(vector));
        assert_eq!(signature.novatrade, text(headers, "X-Novatrade-Signature"), "{}", vector["name"]);
        assert_eq!(signature.standard.as_deref(), headers["webhook-signature"].as_str(), "{}", vector["name"]);
        if signature.standard.is_some() {
            assert_eq!(
                (text(headers, "webhook-id"), text(headers, "webhook-timestamp")),
                (event, &*signature.timestamp)
            );
        }
    }
}

#[test]
fn every_verifier_accepts_the_vectors_with_each_of_their_secrets_for_300_seconds() {
    let mut cases = Vec::new();
    for vector in vectors("vectors") {
        let at = vector["timestamp"].as_u64().unwrap();
        for secret in secrets(&vector) {
            for (now, valid) in [(at, true), (at - 300, true), (at + 300, true), (at - 301, false), (at + 301, false)] {
                cases.push(Case {
                    name: format!("{} at {now}", vector["name"]),
                    header: text(&vector["headers"], "X-Novatrade-Signature").to_owned(),
                    body: text(&vector, "body").into(),
                    secret: secret.reveal().to_owned(),
                    now,
                    valid,
                });
            }
        }
    }
    assert_judged(&cases);
}

#[test]
fn every_verifier_refuses_what_is_published_as_refused() {
    let refused = vectors("refused");
    assert!(refused.len() >= 17);
    let case = |case: &Value| Case {
        name: case["name"].to_string(),
        header: text(case, "signature").to_owned(),
        body: text(case, "body").into(),
        secret: text(case, "secret").to_owned(),
        now: case["now"].as_u64().unwrap(),
        valid: false,
    };
    assert_judged(&refused.iter().map(case).collect::<Vec<_>>());
}

#[test]
fn every_verifier_accepts_fresh_signatures_and_refuses_any_changed_byte_and_any_other_secret() {
    let mut cases = Vec::new();
    let supplied = || Secret::parse("Lösungswort: correct-horse".replace(' ', "").as_str()).unwrap();
    let all = [vec![Secret::fresh()], vec![Secret::fresh(), Secret::fresh()], vec![supplied(), Secret::fresh()]];
    for (n, secrets) in (0..).zip(&all) {
        let at: u32 = 1_800_000_000 + n;
        let body = format!("{{\"n\":{n},\"name\":\"Zoë 🦊\"}}").into_bytes();
        let header = sign("evt_1", &body, Instant::from_millis(i64::from(at) * 1000), secrets).novatrade;
        let case = |name: String, body: &[u8], secret: &Secret, valid| Case {
            name,
            header: header.clone(),
            body: body.into(),
            secret: secret.reveal().to_owned(),
            now: u64::from(at) + 1,
            valid,
        };
        for secret in secrets {
            cases.push(case(format!("{n} as signed"), &body, secret, true));
            for changed in 0..body.len() {
                let mut body = body.clone();
                body[changed] ^= 1;
                cases.push(case(format!("{n} with byte {changed} changed"), &body, secret, false));
            }
        }
        cases.push(case(format!("{n} with a byte more"), &[&body[..], b"\n"].concat(), &secrets[0], false));
        cases.push(case(format!("{n} with another secret"), &body, &Secret::fresh(), false));
    }
    assert_judged(&cases);
}
