//! Does the steps for real, tells the reference of them, and compares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use blackbox::{Crew, Draft, Reply, Request, World};
use domain::{BuyerId, SellerId, VatNumber};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::reference::{Answer, BuyerNumber, Meaning, Organisation, Reference, Told};
use crate::step::{Get, Key, Patched, Precondition, Step, VAT_NUMBERS, Write};

/// The problems and repetitions that a run met.
pub(crate) type Met = Mutex<BTreeSet<String>>;

/// `Err` says where service and reference disagree.
type Agreement = Result<(), String>;

/// Both, side by side.
struct Play<'c> {
    crew: &'c Crew,
    reference: Reference,
    seller: SellerId,
    tokens: [String; 2],
    buyers: Vec<BuyerId>,
    /// So far, for those that repeat them.
    sent: Vec<Sent>,
    met: &'c Met,
}

/// A write as it was sent.
#[derive(Clone)]
struct Sent {
    by: Organisation,
    buyer: BuyerNumber,
    key: String,
    request: Request,
    write: Write,
    precondition: Option<String>,
}

/// Plays one sequence, on a seller of its own that two organisations act for.
pub(crate) async fn play(crew: &Crew, steps: &[Step], met: &Met) -> Agreement {
    let mut play = Play::begin(crew, met).await;
    for (number, step) in steps.iter().enumerate() {
        play.step(step).await.map_err(|what| format!("at step {number}, {step:?}: {what}"))?;
    }
    play.end().await.map_err(|what| format!("in the end: {what}"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T) -> Agreement {
    if expected == found { Ok(()) } else { Err(format!("{what}\n  expected: {expected:?}\n  found:    {found:?}")) }
}

fn same_json(what: &str, expected: &Value, found: &Value) -> Agreement {
    if expected == found { Ok(()) } else { Err(format!("{what}\n  expected: {expected}\n  found:    {found}")) }
}

impl<'c> Play<'c> {
    async fn begin(crew: &'c Crew, met: &'c Met) -> Self {
        let seller = SellerId(Uuid::new_v4());
        let world = crew.world();
        let draft = || Draft::new().acting_for(&[seller]);
        let drafts = [draft(), draft().with(|second| second.capabilities.allow_marketplace_led_kyc = false)];
        let organisations = drafts.each_ref().map(|draft| (draft.organisation.uuid.to_string(), draft.client().0));
        let [first, second] = drafts;
        let tokens = [world.organisation(first).await.token, world.organisation(second).await.token];
        let id = |number: &str| BuyerId::of(seller, &VatNumber::parse(number).expect("a well-formed number"));
        let buyers: Vec<_> = VAT_NUMBERS.iter().map(|number| id(number)).collect();
        let identities = buyers.iter().map(ToString::to_string).zip(VAT_NUMBERS).collect();
        let reference = Reference::new(organisations, identities);
        Self { crew, reference, seller, tokens, buyers, sent: Vec::new(), met }
    }

    fn world(&self) -> &World {
        self.crew.world()
    }

    fn request(&self, function: &str, by: Organisation) -> Request {
        Request::new(function, &self.tokens[by]).of("sellerId", self.seller)
    }

    fn about(&self, function: &str, by: Organisation, buyer: BuyerNumber) -> Request {
        self.request(function, by).of("buyerId", self.buyers[buyer])
    }

    async fn step(&mut self, step: &Step) -> Agreement {
        match step {
            Step::Write { by, buyer, write, key } => {
                let sent = self.spell(*by, *buyer, write, key);
                self.sent.push(sent.clone());
                self.send(&sent).await
            }
            Step::Again { by, back } => {
                let Some(mut sent) = self.earlier(*back).cloned() else { return Ok(()) };
                if let Some(by) = by {
                    sent.by = *by;
                    sent.request.token.clone_from(&self.tokens[*by]);
                }
                self.send(&sent).await
            }
            Step::Get { by, buyer, what } => self.get(*by, *buyer, *what).await,
            Step::History { by, buyer, size } => self.history(*by, *buyer, *size).await,
            Step::Find { by, buyer } => {
                let request = self.request("find-buyers", *by).query("vatNumber", VAT_NUMBERS[*buyer]);
                agree(&self.reference.get(*buyer, None), &self.crew.send(&request).await)
            }
        }
    }

    /// The write so many before the last one, or the first.
    fn earlier(&self, back: usize) -> Option<&Sent> {
        self.sent.get(self.sent.len().saturating_sub(back + 1))
    }

    /// A write, ready to be sent.
    fn spell(&self, by: Organisation, buyer: BuyerNumber, write: &Write, key: &Key) -> Sent {
        let key = match key {
            Key::Of(back) => self.earlier(*back).map(|sent| sent.key.clone()),
            Key::Fresh => None,
        };
        let key = key.unwrap_or_else(|| Uuid::new_v4().to_string());
        let mut request = match write {
            Write::Upsert { .. } => self.request(write.function(), by),
            _ => self.about(write.function(), by, buyer),
        };
        let precondition = match write {
            Write::Patch { precondition, .. } => self.spell_precondition(buyer, *precondition),
            _ => None,
        };
        if let Some(text) = &precondition {
            request = request.header("if-match", text);
        }
        if let Some(body) = write.body(VAT_NUMBERS[buyer]) {
            request = request.json(body);
        }
        Sent { by, buyer, request: request.key(&key), key, write: write.clone(), precondition }
    }

    fn spell_precondition(&self, buyer: BuyerNumber, precondition: Precondition) -> Option<String> {
        let current = self.reference.version(buyer).unwrap_or(0);
        let version = match precondition {
            Precondition::Current => current,
            Precondition::Behind(by) => current.saturating_sub(by),
            Precondition::Ahead => current + 1,
            Precondition::Wildcard => return Some("*".to_owned()),
            Precondition::Missing => return None,
        };
        Some(format!("\"{version}\""))
    }

    async fn send(&mut self, sent: &Sent) -> Agreement {
        let request_id = Uuid::new_v4().to_string();
        let begun = storage::now();
        let reply = self.crew.send(&sent.request.clone().header("x-request-id", &request_id)).await;
        let ended = storage::now();
        same("x-request-id", &Some(request_id.as_str()), &reply.header("x-request-id"))?;
        let before = self.reference.version(sent.buyer);
        let at = reply.json["updatedAt"].as_str().unwrap_or_default().to_owned();
        let told = Told { at: at.clone(), address: reply.json["address"]["uuid"].clone(), request_id };
        let expected = self.expected(sent, &told);
        agree(&expected, &reply)?;
        self.note(&expected);
        if self.reference.version(sent.buyer) != before {
            // The one thing that the reference took on trust: it happened now.
            let now = (begun.to_string()..=ended.to_string()).contains(&at);
            same(&format!("{at} lies between {begun} and {ended}"), &true, &now)?;
        }
        self.compare_state(sent.buyer).await
    }

    fn note(&self, answer: &Answer) {
        let what = match answer {
            Answer::Problem { id, .. } => id,
            Answer::Shown { replayed: true, .. } => "replayed",
            Answer::Shown { .. } => return,
        };
        self.met.lock().expect("no panic while locked").insert(what.to_owned());
    }

    /// Headers and fields that break a rule come before everything that the reference knows.
    fn expected(&mut self, sent: &Sent, told: &Told) -> Answer {
        let problem = |status, id, members| Answer::Problem { status, id, members };
        if let Write::Patch { precondition: Precondition::Missing | Precondition::Wildcard, .. } = sent.write {
            return problem(400, "malformed-request", json!({}));
        }
        let broken = sent.write.broken();
        if !broken.is_empty() {
            return problem(422, "validation-error", json!({ "errors": broken }));
        }
        let meaning = match &sent.write {
            Write::Upsert { business, contacts, .. } => {
                Meaning::Upsert { business: business.clone(), contacts: contacts.clone() }
            }
            Write::Patch { members, .. } => {
                let to = |value: &Patched| if let Patched::To(text) = value { Some(*text) } else { None };
                let members = members.iter().filter_map(|(field, value)| Some((*field, to(value)?))).collect();
                Meaning::Patch { members, precondition: sent.precondition.clone() }
            }
            Write::Status { status, reason, .. } => Meaning::Status { status, reason: *reason },
        };
        self.reference.write(sent.by, &sent.key, (sent.buyer, &meaning), told)
    }

    async fn get(&self, by: Organisation, buyer: BuyerNumber, what: Get) -> Agreement {
        let request = self.about("get-buyer", by, buyer);
        match (what, self.reference.version(buyer)) {
            (Get::IfChanged, Some(version)) => {
                let etag = format!("\"{version}\"");
                let reply = self.crew.send(&request.header("if-none-match", &etag)).await;
                let seen = (reply.status, reply.header("etag"), reply.text.as_str());
                same("a buyer that the client has", &(304, Some(etag.as_str()), ""), &seen)
            }
            (Get::Version(version), _) => {
                let reply = self.crew.send(&request.query("version", version)).await;
                agree(&self.reference.get(buyer, Some(version)), &reply)
            }
            _ => agree(&self.reference.get(buyer, None), &self.crew.send(&request).await),
        }
    }

    /// Page by page.
    async fn history(&self, by: Organisation, buyer: BuyerNumber, size: usize) -> Agreement {
        let expected = self.reference.history(by, buyer);
        let (mut found, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let request = self.about("get-history", by, buyer).query("size", size);
            let request = if let Some(cursor) = cursor { request.query("cursor", cursor) } else { request };
            let reply = self.crew.send(&request).await;
            if expected.is_empty() {
                return agree(&Answer::not_found(), &reply);
            }
            same("status of a page of the history", &200, &reply.status)?;
            found.extend(
                reply.json["data"].as_array().cloned().unwrap_or_default().into_iter().map(without_contact_ids),
            );
            cursor = reply.json["pagination"]["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                same("the number of revisions shown", &expected.len(), &found.len())?;
                let mut pairs = expected.iter().zip(&found);
                return pairs.try_for_each(|(expected, found)| same_json("a revision", expected, found));
            }
        }
    }

    /// What is stored, read past the API.
    async fn compare_state(&self, buyer: BuyerNumber) -> Agreement {
        let found = self.world().table().read_buyers().get(self.seller, self.buyers[buyer]).await;
        let found = found.map_err(|error| error.to_string())?;
        let Answer::Shown { body, .. } = self.reference.get(buyer, None) else {
            return same("whether the buyer is stored", &false, &found.is_some());
        };
        let Some(found) = found else { return Err("the buyer is not stored".to_owned()) };
        let (business, address) = (&found.business, &body["address"]);
        let stored = json!({
            "uuid": found.uuid, "vatNumber": business.vat_number, "companyName": business.company_name,
            "address": business.address, "kycMode": business.kyc_mode, "status": found.status,
            "version": found.version, "createdAt": found.created_at, "updatedAt": found.updated_at
        });
        let mut expected = body.clone();
        expected["address"] = json!({
            "street": address["street"], "postCode": address["postCode"],
            "city": address["city"], "country": address["country"]
        });
        same_json("what is stored", &expected, &stored)?;
        let revisions = self.reference.history(0, buyer).len() as u64;
        same("seq", &(revisions - 1), &found.seq)
    }

    /// All that ever was can be shown to both, and nobody changed it.
    async fn end(&self) -> Agreement {
        for buyer in self.reference.buyers() {
            let revisions = self.reference.history(0, buyer).len() as u64;
            let verified = self.world().operator().verify_history(self.buyers[buyer]).await;
            same("the history is sound", &Ok(revisions), &verified.map_err(|error| error.to_string())?)?;
            for by in [0, 1] {
                self.history(by, buyer, 100).await?;
            }
            for version in 0..=self.reference.version(buyer).unwrap_or(0) + 1 {
                self.get(0, buyer, Get::Version(version)).await?;
            }
        }
        Ok(())
    }
}

/// Of contact persons a history shows ids that nobody can foresee.
fn without_contact_ids(mut revision: Value) -> Value {
    for change in revision["changes"].as_array_mut().into_iter().flatten() {
        if change["field"].as_str().is_some_and(|field| field.starts_with("contacts[")) {
            change["field"] = json!("contacts");
        }
    }
    revision
}

/// Status, problem, body and headers.
fn agree(expected: &Answer, reply: &Reply) -> Agreement {
    match expected {
        Answer::Shown { status, body, location, replayed } => {
            same("status", status, &reply.status)?;
            same_json("body", body, &reply.json)?;
            same("etag", &Some(format!("\"{}\"", body["version"])).as_deref(), &reply.header("etag"))?;
            same("idempotent-replayed", &replayed.then_some("true"), &reply.header("idempotent-replayed"))?;
            let path = location.then(|| body["uuid"].as_str().unwrap_or_default());
            let found = reply.header("location").map(|path| path.rsplit('/').next().unwrap_or_default());
            same("location", &path, &found)
        }
        Answer::Problem { status, id, members } => {
            if reply.status < 300 {
                return Err(format!("{status} {id} expected, found {reply:?}"));
            }
            same("problem", &(*status, *id), &(reply.status, reply.problem()))?;
            let mut found = BTreeMap::new();
            for (name, value) in reply.json.as_object().into_iter().flatten() {
                match name.as_str() {
                    "currentResource" | "differences" => drop(found.insert(name.as_str(), value.clone())),
                    "errors" => {
                        let fields = value.as_array().into_iter().flatten().map(|error| &error["field"]);
                        let mut fields: Vec<_> = fields.filter_map(Value::as_str).collect();
                        fields.sort_unstable();
                        found.insert("errors", json!(fields));
                    }
                    _ => {}
                }
            }
            same_json("what the problem shows", members, &json!(found))?;
            let etag = members.get("currentResource").map(|current| format!("\"{}\"", current["version"]));
            same("etag of a problem", &etag.as_deref(), &reply.header("etag"))
        }
    }
}
