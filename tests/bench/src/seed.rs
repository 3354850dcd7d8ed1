//! The world that functions are measured in: who calls, and what is stored.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use aws::{Aws, Fetch};
use domain::webhook::{NewEndpoint, Plain, Secret};
use domain::{
    Actor, Branding, BuyerId, Capabilities, Cause, CheckId, ClientId, NewBuyer, Organisation, OrganisationId, PageSize,
    RateLimitTier, RateLimits, RequestId, Seller, SellerId, Source, WebhookId,
};
use lambda_process::Setting;
use sealing::SecretKey;
use serde_json::json;
use simulators::identity_provider::Forgery;
use simulators::{IdentityProvider, Vies};
use storage::{Answer, KeysCopy, Line, NewWebhook, Remember, Table, Watched, WebhookRegistered};
use uuid::Uuid;

use crate::documents::{self, DOCUMENTS_BUCKET, INCOMING_BUCKET, Owner, SPECIAL_KEY, Seeded};
use crate::endpoint::{Endpoint, Items, Stored};
use crate::event::Event;
use crate::scenario::Before;
use crate::template::Function;

const TABLE: &str = "onboarding";
/// The table of rate counters.
pub(crate) const LIMITS_TABLE: &str = "limits";
const REGION: &str = "eu-central-1";
const REQUIRED_DPA_VERSION: &str = "2026-01";
const WEBHOOK_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/bench-webhook";
const CLIENT: &str = "api-client-bench";
/// The URL of the seed's webhook endpoint.
const NEVER_CALLED: &str = "https://hooks.example.com/bench";

/// A caller with his token, his seller and a buyer with a document and an upload.
pub(crate) struct World {
    states: BTreeMap<Before, Stored>,
    token: String,
    organisation: String,
    seller: String,
    buyer: String,
    contact: String,
    check: String,
    document: String,
    upload: String,
    webhook: String,
    /// When all of it was there.
    now: String,
    /// Values of the template's variables that only a deployment knows.
    variables: BTreeMap<&'static str, String>,
    /// Its keys are in the table; it answers should a function ask all the same.
    _identity_provider: IdentityProvider,
    /// It answers at once.
    _vies: Vies,
}

impl World {
    /// Fills the tables of `endpoint`, as an operator and a client would.
    pub(crate) async fn make(endpoint: &Endpoint, events: &Path) -> anyhow::Result<Self> {
        let identity_provider = IdentityProvider::start(0).await?;
        let vies = Vies::start(0).await?;
        let aws = Aws::local(&endpoint.plain_url, REGION);
        let table = Table::new(&aws, TABLE);
        let organisation = organisation();
        let seller = seller();
        let administration = table.administration();
        administration.put_organisation(&organisation).await.context("store an organisation")?;
        administration.put_client(&ClientId(CLIENT.to_owned()), organisation.uuid).await?;
        administration.grant(organisation.uuid, &seller).await?;
        keep_keys(&table, identity_provider.issuer()).await?;
        let cause = cause(organisation.uuid);
        let buyer = create_buyer(&table, organisation.uuid, seller.uuid, &cause).await?;
        let check = open_check(&table, organisation.uuid, (seller.uuid, buyer), &cause).await?;
        let contact = contact_of(&table, (seller.uuid, buyer)).await?;
        let webhook = register_webhook((&aws, &table), NEVER_CALLED, organisation.uuid, &cause).await?;
        let owner = Owner { organisation: organisation.uuid, seller: seller.uuid, buyer, cause };
        let Seeded { document, upload, mut states } = documents::seed(endpoint, &aws, &table, &owner).await?;
        let Stored { items, objects } = states[&Before::Seed].clone();
        states.insert(Before::PendingEffect, Stored { items: with_pending_effect(items, events)?, objects });
        Ok(Self {
            contact,
            check,
            document: document.to_string(),
            upload: upload.to_string(),
            webhook: webhook.to_string(),
            now: storage::now().to_string(),
            states,
            token: long_lived_token(&identity_provider),
            organisation: organisation.uuid.to_string(),
            seller: seller.uuid.to_string(),
            buyer: buyer.to_string(),
            variables: BTreeMap::from([
                ("TABLE_NAME", TABLE.to_owned()),
                ("LIMITS_TABLE_NAME", LIMITS_TABLE.to_owned()),
                ("EVENT_BUS_NAME", "events".to_owned()),
                ("MAIL_FROM", "noreply@bench.example".to_owned()),
                ("ISSUER", identity_provider.issuer().to_owned()),
                ("REQUIRED_DPA_VERSION", REQUIRED_DPA_VERSION.to_owned()),
                ("DOCUMENTS_BUCKET", DOCUMENTS_BUCKET.to_owned()),
                ("INCOMING_BUCKET", INCOMING_BUCKET.to_owned()),
                ("SPECIAL_KEY_ARN", SPECIAL_KEY.to_owned()),
                ("VIES_URL", vies.url()),
                ("WEBHOOK_KEY_ARN", WEBHOOK_KEY.to_owned()),
            ]),
            _identity_provider: identity_provider,
            _vies: vies,
        })
    }

    /// One more webhook endpoint, to which things are delivered.
    pub(crate) async fn receiver(&self, endpoint: &Endpoint, url: &str) -> anyhow::Result<(Table, Watched)> {
        let aws = Aws::local(&endpoint.plain_url, REGION);
        let table = Table::new(&aws, TABLE);
        let organisation = organisation().uuid;
        let id = register_webhook((&aws, &table), url, organisation, &cause(organisation)).await?;
        let watched = table.work_on_deliveries().endpoint(organisation, &id).await?;
        Ok((table, watched.context("the endpoint was registered")?))
    }

    /// For the events.
    pub(crate) fn placeholders(&self) -> [(&str, &str); 11] {
        [
            ("TOKEN", &self.token),
            ("ORGANISATION", &self.organisation),
            ("SELLER", &self.seller),
            ("BUYER", &self.buyer),
            ("CONTACT", &self.contact),
            ("CHECK", &self.check),
            ("DOCUMENT", &self.document),
            ("UPLOAD", &self.upload),
            ("WEBHOOK", &self.webhook),
            ("DELIVERY", "del_0f8e2c5a51b75d0a9e634b1fa7c2d895"),
            ("NOW", &self.now),
        ]
    }

    /// What is stored when an invocation begins, or the plain event that precedes it.
    pub(crate) fn stored(&self, before: Before) -> &Stored {
        self.states.get(&before).unwrap_or(&self.states[&Before::Seed])
    }

    /// What Lambda sets, and what the template does.
    pub(crate) fn environment(
        &self,
        function: &Function,
        memory: u32,
        runtime_api: &str,
        endpoint: &Endpoint,
    ) -> Vec<(String, String)> {
        let of_template = function.environment.iter().map(|(name, value)| {
            let ours = self.variables.get(&**name).cloned();
            (name.clone(), ours.or_else(|| value.clone()).unwrap_or_else(|| format!("bench-{name}")))
        });
        let of_lambda = Setting { function: &function.name, memory, region: REGION, runtime_api }.variables();
        let of_aws = [
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "bench".to_owned()),
            ("AWS_SESSION_TOKEN", "bench".to_owned()),
            ("AWS_ENDPOINT_URL", endpoint.url.clone()),
            ("AWS_CA_BUNDLE", endpoint.trusted.to_string_lossy().into_owned()),
        ];
        let of_aws = of_aws.map(|(name, value)| (name.to_owned(), value));
        of_template.chain(of_lambda).chain(of_aws).collect()
    }
}

/// With every capability and limits that no run reaches.
fn organisation() -> Organisation {
    Organisation {
        uuid: OrganisationId(Uuid::from_u128(0x0b9a_0000_0000_4000_8000_0000_0000_0001)),
        name: "Bench Marketplace".to_owned(),
        rate_limit_tier: RateLimitTier::Enterprise,
        rate_limits: Some(RateLimits { read: 1_000_000, write: 1_000_000, webhook: 1_000_000 }),
        capabilities: Capabilities {
            allow_marketplace_led_kyc: true,
            allow_multi_vin_orders: true,
            allow_contact_personal_data: true,
            allow_kyc_document_download: true,
        },
        dpa_version: Some(REQUIRED_DPA_VERSION.to_owned()),
        dpa_accepted_at: Some(storage::now()),
        dpa_grace_until: None,
        branding: Branding::default(),
        admin_email: Some("admin@bench.example".to_owned()),
        monitor_vies: false,
    }
}

fn seller() -> Seller {
    Seller {
        uuid: SellerId(Uuid::from_u128(0x5e11_e000_0000_4000_8000_0000_0000_0001)),
        name: "Bench Seller GmbH".to_owned(),
        country: "DE".to_owned(),
        vat_number: None,
    }
}

/// A cold start reads the issuer's keys from the table, where the first function ever put them.
async fn keep_keys(table: &Table, issuer: &str) -> anyhow::Result<()> {
    let address = format!("{issuer}/protocol/openid-connect/certs");
    let jwks = Fetch::within(Duration::from_secs(5)).get(&address).await.context("fetch the issuer's keys")?;
    let copy = KeysCopy { jwks: String::from_utf8(jwks)?, fetched_at: storage::now() };
    Ok(table.issuer_keys().keep(issuer, &copy).await?)
}

/// The client, through the API, now.
fn cause(organisation: OrganisationId) -> Cause {
    Cause {
        actor: Actor::Client { organisation, client: ClientId(CLIENT.to_owned()) },
        source: Source::Api,
        request_id: RequestId::fresh(),
        at: storage::now(),
    }
}

/// Another one than the event of `upsert-buyer` names.
async fn create_buyer(
    table: &Table,
    organisation: OrganisationId,
    seller: SellerId,
    cause: &Cause,
) -> anyhow::Result<BuyerId> {
    let body = json!({
        "kycMode": "MARKETPLACE_LED",
        "vatNumber": "ATU13585627",
        "companyName": "Bench Buyer GmbH",
        "address": { "street": "Prüfstand 1", "postCode": "1010", "city": "Wien", "country": "AT" },
        "contacts": [{ "firstName": "Eva", "lastName": "Beispiel", "email": "eva@example.com", "phone": "+43 1 2345" }],
    });
    let new = NewBuyer::parse(&body)?;
    let buyer = BuyerId::of(seller, &new.business.vat_number);
    let remember = Remember::new(organisation, "seed".to_owned(), "the seed of the bench".to_owned(), cause.at);
    let answer = |_: &_, _| Answer::empty(201);
    table.create_buyers().upsert(seller, new, cause.clone(), &remember, answer).await.context("store a buyer")?;
    Ok(buyer)
}

/// A check that is open and due; its command was sent, and nothing of it comes up while the bench runs.
async fn open_check(
    table: &Table,
    organisation: OrganisationId,
    buyer: (SellerId, BuyerId),
    cause: &Cause,
) -> anyhow::Result<String> {
    let check = CheckId::fresh();
    let remember = Remember::new(organisation, "check".to_owned(), "the check of the bench".to_owned(), cause.at);
    let answers = (Answer::empty(202), |_| Answer::empty(202));
    let checks = table.request_vies_checks();
    checks.request(buyer, (check, organisation), answers, cause, &remember).await.context("open a check")?;
    let next_year = cause.at.plus_seconds(365 * 24 * 60 * 60);
    for pending in table.outbox().claim_due(Line::Work, next_year, 10).await.context("claim what is due")?.effects {
        table.outbox().settle(&pending, next_year).await.context("settle the command")?;
    }
    Ok(check.to_string())
}

/// The id of the buyer's one contact, as its first revision names it.
async fn contact_of(table: &Table, buyer: (SellerId, BuyerId)) -> anyhow::Result<String> {
    let history = table.histories().page(buyer, None, PageSize::default()).await?.context("the buyer has a history")?;
    let mut fields = history.items.iter().flat_map(|revision| &revision.changes).map(|change| &change.field);
    let id = fields.find_map(|field| field.strip_prefix("contacts[")?.strip_suffix(']'));
    Ok(id.context("the buyer has a contact")?.to_owned())
}

/// Another one than the event of `register-webhook` makes.
async fn register_webhook(
    (aws, table): (&Aws, &Table),
    url: &str,
    organisation: OrganisationId,
    cause: &Cause,
) -> anyhow::Result<WebhookId> {
    let body = json!({ "url": url, "events": ["kyc.*"] });
    let settings = NewEndpoint::parse(&body, Plain::ToLoopback)?.settings;
    let id = WebhookId::of(organisation, url, cause.at);
    let sealed = SecretKey::new(aws, WEBHOOK_KEY).seal(&Secret::fresh(), (organisation, &id)).await?;
    let new = NewWebhook { id: id.clone(), organisation, settings, sealed };
    let remember = Remember::new(organisation, format!("seed of {url}"), "the seed of the bench".to_owned(), cause.at);
    let registered = table.register_webhooks().register(new, Answer::empty(201), cause, &remember).await;
    match registered.context("register a webhook endpoint")? {
        WebhookRegistered::Done(..) => Ok(id),
        _ => bail!("the webhook endpoint of the seed was not registered"),
    }
}

/// What the stream shows to `relay-outbox` is in the table; due whatever this machine's clock says.
fn with_pending_effect(items: Items, events: &Path) -> anyhow::Result<Items> {
    // A project without an outbox has no such event, and nothing pending.
    let Ok(event) = Event::read(events, "relay-outbox", &[]) else { return Ok(items) };
    let mut revision = event.stream_image().context("the event of relay-outbox shows no item")?.clone();
    revision.insert("dueAt".to_owned(), json!({ "N": "1" }));
    Ok(items.with(TABLE, revision))
}

/// A run takes longer than a real token lives.
fn long_lived_token(identity_provider: &IdentityProvider) -> String {
    let tomorrow = storage::now().plus_seconds(24 * 60 * 60).seconds();
    let claims = serde_json::Map::from_iter([("exp".to_owned(), json!(tomorrow))]);
    identity_provider.sign(&Forgery { client_id: CLIENT.to_owned(), claims, ..Forgery::default() })
}
