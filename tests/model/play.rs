//! Does the steps for real, tells the reference of them, and compares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use blackbox::{Crew, Draft, Reply, Request, World};
use domain::{Buyer, BuyerId, Instant, SellerId, VatNumber};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::reference::{
    Answer, BuyerNumber, Meaning, Organisation, Reference, Told, WITHOUT_CONTACTS, WITHOUT_MODE_A, person,
};
use crate::step::{Get, Key, Patched, Precondition, Step, VAT_NUMBERS, Whom, Write, contact_patch};

/// The problems and repetitions that a run met.
pub(crate) type Met = Mutex<BTreeSet<String>>;

/// `Err` says where service and reference disagree.
type Agreement = Result<(), String>;

/// Both, side by side.
struct Play<'c> {
    crew: &'c Crew,
    reference: Reference,
    seller: SellerId,
    tokens: [String; 3],
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
    /// The contact of the path, where there is one.
    contact: String,
}

/// Plays one sequence, on a seller of its own that three organisations act for.
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
        let mut drafts = [(); 3].map(|()| Draft::new().acting_for(&[seller]));
        drafts[WITHOUT_MODE_A].organisation.capabilities.allow_marketplace_led_kyc = false;
        drafts[WITHOUT_CONTACTS].organisation.capabilities.allow_contact_personal_data = false;
        let organisations = drafts.each_ref().map(|draft| (draft.organisation.uuid.to_string(), draft.client().0));
        let [first, second, third] = drafts;
        let tokens = [
            world.organisation(first).await.token,
            world.organisation(second).await.token,
            world.organisation(third).await.token,
        ];
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
            Step::Otherwise { back } => {
                let Some(mut sent) = self.earlier(*back).cloned() else { return Ok(()) };
                sent.write = sent.write.otherwise();
                if let Some(body) = sent.write.body(VAT_NUMBERS[sent.buyer]) {
                    sent.request = sent.request.json(body);
                }
                self.send(&sent).await
            }
            Step::Get { by, buyer, what } => self.get(*by, *buyer, *what).await,
            Step::History { by, buyer, size } => self.history(*by, *buyer, *size).await,
            Step::Find { by, buyer } => {
                let request = self.request("find-buyers", *by).query("vatNumber", VAT_NUMBERS[*buyer]);
                agree(&self.reference.get(*buyer, None), &self.crew.send(&request).await)
            }
            Step::Contacts { by, buyer } => self.list_contacts(*by, *buyer).await,
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
        let contact = write.whom().map_or_else(String::new, |whom| self.spell_contact(buyer, whom));
        if !contact.is_empty() {
            request = request.of("contactId", &contact);
        }
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
        Sent { by, buyer, request: request.key(&key), key, write: write.clone(), precondition, contact }
    }

    fn spell_contact(&self, buyer: BuyerNumber, whom: Whom) -> String {
        let (living, erased) = self.reference.contacts(buyer);
        let (elsewhere, _) = self.reference.contacts((buyer + 1) % VAT_NUMBERS.len());
        let one = |of: &[String], which: usize| of.get(which % of.len().max(1)).cloned();
        let found = match whom {
            Whom::Living(which) => one(&living, which),
            Whom::Erased(which) => one(erased, which),
            Whom::Elsewhere(which) => one(&elsewhere, which),
        };
        found.unwrap_or_else(|| Uuid::new_v4().to_string())
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
        let stored = self.stored(sent.buyer).await?;
        let at = stored.as_ref().map(|buyer| buyer.changed_at.to_string()).unwrap_or_default();
        let address = reply.json["address"]["uuid"].clone();
        let told = Told { at, contacts: self.contact_ids(sent, &reply).await, address, request_id };
        let before = self.reference.history(0, sent.buyer).len();
        let expected = self.expected(sent, &told);
        agree(&expected, &reply)?;
        self.note(sent.write.function(), &expected);
        if self.reference.history(0, sent.buyer).len() != before {
            // The one thing that the reference took on trust: it happened now.
            let now = (begun.to_string()..=ended.to_string()).contains(&told.at);
            same(&format!("{} lies between {begun} and {ended}", told.at), &true, &now)?;
        }
        self.compare_state(sent.buyer, stored)
    }

    /// Ids of the contacts that are new, by first name: from the answer, or of those given at creation past the API.
    async fn contact_ids(&self, sent: &Sent, reply: &Reply) -> BTreeMap<String, String> {
        let found = match (&sent.write, reply.status) {
            (Write::AddContact { .. }, 201) => vec![reply.json.clone()],
            (Write::Upsert { contacts: Some(_), .. }, 201) => {
                let items = self.world().behind.items(&format!("BUYER#{}", self.buyers[sent.buyer])).await;
                items
                    .into_iter()
                    .map(|item| json!({"uuid": item["uuid"]["S"], "firstName": item["firstName"]["S"]}))
                    .collect()
            }
            _ => Vec::new(),
        };
        let pair =
            |contact: &Value| Some((contact["firstName"].as_str()?.to_owned(), contact["uuid"].as_str()?.to_owned()));
        found.iter().filter_map(pair).collect()
    }

    fn note(&self, function: &str, answer: &Answer) {
        let what = match answer {
            Answer::Problem { id, .. } => id,
            Answer::Shown { replayed: true, .. } => "replayed",
            Answer::Shown { .. } => return,
        };
        self.met.lock().expect("no panic while locked").insert(format!("{function} {what}"));
    }

    /// Headers and fields that break a rule come before everything that the reference knows.
    fn expected(&mut self, sent: &Sent, told: &Told) -> Answer {
        let problem = |status, id, members| Answer::Problem { status, id, members };
        if sent.write.is_about_contacts() && sent.by == WITHOUT_CONTACTS {
            return Answer::capability_required();
        }
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
            Write::AddContact { person: name, .. } => Meaning::AddContact(person(name)),
            Write::UpdateContact { members, .. } => {
                Meaning::UpdateContact(sent.contact.clone(), contact_patch(members))
            }
            Write::DeleteContact { .. } => Meaning::DeleteContact(sent.contact.clone()),
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
            found.extend(reply.json["data"].as_array().cloned().unwrap_or_default());
            cursor = reply.json["pagination"]["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                same("the number of revisions shown", &expected.len(), &found.len())?;
                let mut pairs = expected.iter().zip(&found);
                return pairs.try_for_each(|(expected, found)| same_json("a revision", expected, found));
            }
        }
    }

    async fn list_contacts(&mut self, by: Organisation, buyer: BuyerNumber) -> Agreement {
        let reply = self.crew.send(&self.about("list-contacts", by, buyer)).await;
        agree(&self.reference.list_contacts(by, buyer), &reply)
    }

    /// What is stored, read past the API.
    async fn stored(&self, buyer: BuyerNumber) -> Result<Option<Buyer>, String> {
        let found = self.world().table().read_buyers().get(self.seller, self.buyers[buyer]).await;
        found.map_err(|error| error.to_string())
    }

    fn compare_state(&self, buyer: BuyerNumber, found: Option<Buyer>) -> Agreement {
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
        same("seq", &(revisions - 1), &found.seq)?;
        let contacts = self.reference.contacts(buyer).0.len();
        same("the number of contacts", &contacts, &(found.contact_count as usize))
    }

    /// All that ever was can be shown to both, and nobody changed it.
    async fn end(&mut self) -> Agreement {
        for buyer in self.reference.buyers() {
            let revisions = self.reference.history(0, buyer).len() as u64;
            let verified = self.world().operator().verify_history(self.buyers[buyer]).await;
            same("the history is sound", &Ok(revisions), &verified.map_err(|error| error.to_string())?)?;
            for by in 0..self.tokens.len() {
                self.history(by, buyer, 100).await?;
                self.list_contacts(by, buyer).await?;
            }
            let always = (Instant::from_millis(0), "9999-01-01T00:00:00Z".parse().expect("a time"));
            let noted = self.world().table().disclosures().of(self.buyers[buyer], always).await;
            let noted = noted.map_err(|error| error.to_string())?.len();
            same("entries of who was shown contacts", &self.reference.disclosures(buyer), &noted)?;
            for version in 0..=self.reference.version(buyer).unwrap_or(0) + 1 {
                self.get(0, buyer, Get::Version(version)).await?;
            }
        }
        Ok(())
    }
}

/// Status, problem, body and headers.
fn agree(expected: &Answer, reply: &Reply) -> Agreement {
    match expected {
        Answer::Shown { status, body, etag, location, replayed } => {
            same("status", status, &reply.status)?;
            same_json("body", body, &reply.json)?;
            same("etag", &etag.as_deref(), &reply.header("etag"))?;
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
