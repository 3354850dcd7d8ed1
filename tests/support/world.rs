//! Organisations, clients and sellers of a test's own, in the stack of the run or in a copy beside it.

use aws::Aws;
use domain::{
    Branding, Capabilities, ClientId, Organisation, OrganisationId, RateLimitTier, RateLimits, Seller, SellerId,
};
use local::{Beside, Stack, test_stack};
use objects::Documents;
use operator::Operator;
use reqwest::Method;
use serde_json::{Value, json};
use storage::Table;
use uuid::Uuid;

use crate::{Api, Behind};

/// A deployed copy of the template, seen from all sides.
pub struct World {
    /// Front door.
    pub api_url: String,
    /// What is behind it.
    pub behind: Behind,
    /// The run's stack: simulators, emulator.
    pub stack: &'static Stack,
    issuer_url: String,
    /// One for all: each has connections and certificates of its own.
    table: Table,
    beside: Option<Beside>,
    http: reqwest::Client,
}

/// An organisation to make.
pub struct Draft {
    /// The organisation; a test changes what it is about.
    pub organisation: Organisation,
    /// The sellers it acts for; the first is its API client's.
    pub sellers: Vec<SellerId>,
}

impl Draft {
    /// An organisation that may do everything, with one seller of its own.
    #[must_use]
    pub fn new() -> Self {
        let everything = Capabilities {
            allow_marketplace_led_kyc: true,
            allow_multi_vin_orders: true,
            allow_contact_personal_data: true,
            allow_kyc_document_download: true,
        };
        let organisation = Organisation {
            uuid: OrganisationId(Uuid::new_v4()),
            name: "Test organisation".to_owned(),
            rate_limit_tier: RateLimitTier::Enterprise,
            rate_limits: Some(RateLimits { read: 6_000_000, write: 6_000_000, webhook: 6_000_000 }),
            capabilities: everything,
            dpa_version: Some("2026-01".to_owned()),
            dpa_accepted_at: None,
            dpa_grace_until: None,
            branding: Branding::default(),
            admin_email: None,
            monitor_vies: false,
        };
        Self { organisation, sellers: vec![SellerId(Uuid::new_v4())] }
    }

    /// The same, changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Organisation)) -> Self {
        change(&mut self.organisation);
        self
    }

    /// The same, acting for these sellers.
    #[must_use]
    pub fn acting_for(self, sellers: &[SellerId]) -> Self {
        Self { sellers: sellers.to_vec(), ..self }
    }

    /// Its API client.
    #[must_use]
    pub fn client(&self) -> ClientId {
        ClientId(format!("api-client-{}", self.organisation.uuid))
    }
}

impl Default for Draft {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// The stack of this test run.
    #[must_use]
    pub fn shared() -> Self {
        let stack = test_stack();
        Self {
            api_url: stack.api_url.clone(),
            behind: Behind::new(stack, stack.deployment()),
            stack,
            issuer_url: stack.identity_provider_url().to_owned(),
            table: table(stack, &stack.table_name),
            beside: None,
            http: reqwest::Client::new(),
        }
    }

    /// A copy of the template with its own table, roles and functions, for tests that break things.
    ///
    /// # Panics
    /// When it cannot be deployed.
    pub async fn beside(name: &str, parameters: &[(&str, &str)]) -> Self {
        let stack = test_stack();
        let name = format!("{name}-{}", Uuid::new_v4().simple());
        let beside = stack.deploy_beside(&name[..name.len() - 20], parameters).await.expect("a second deployment");
        let issuer = parameters.iter().find(|(name, _)| *name == "Issuer").map(|(_, url)| (*url).to_owned());
        let issuer_url = issuer.map_or(stack.identity_provider_url().to_owned(), |url| {
            url.trim_end_matches(simulators::identity_provider::REALM_PATH).to_owned()
        });
        Self {
            api_url: beside.api_url.clone(),
            behind: Behind::new(stack, beside.deployment.clone()),
            stack,
            issuer_url,
            table: table(stack, beside.deployment.table_name()),
            beside: Some(beside),
            http: reqwest::Client::new(),
        }
    }

    /// Whether this is a copy of its own.
    #[must_use]
    pub const fn is_beside(&self) -> bool {
        self.beside.is_some()
    }

    /// An operator.
    #[must_use]
    pub fn operator(&self) -> Operator {
        Operator::of(self.table())
    }

    /// The bucket of documents, as an operator has it.
    ///
    /// # Panics
    /// When the template has no such bucket.
    #[must_use]
    pub fn documents(&self) -> Documents {
        let bucket = self.behind.deployment.buckets.get("DocumentsBucket").expect("a bucket of documents");
        Documents::new(&aws(self.stack), bucket, "")
    }

    /// The table, as our own code sees it.
    #[must_use]
    pub fn table(&self) -> Table {
        self.table.clone()
    }

    /// Makes an organisation with its sellers and an API client, and answers that client with a token.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn organisation(&self, draft: Draft) -> Api {
        let operator = self.operator();
        let organisation = &draft.organisation;
        operator.put_organisation(organisation).await.expect("an organisation");
        operator.put_client(&draft.client(), organisation.uuid).await.expect("a client");
        for seller in &draft.sellers {
            let seller =
                Seller { uuid: *seller, name: "Test seller".to_owned(), country: "DE".to_owned(), vat_number: None };
            operator.put_seller(organisation.uuid, &seller).await.expect("a seller");
        }
        let token = self.forge(&json!({ "clientId": draft.client() })).await;
        Api::new(&self.api_url, &token, &draft.sellers[0].to_string())
    }

    /// A token from the identity provider's simulator, as forged as asked (see `simulators::identity_provider::Forgery`).
    ///
    /// # Panics
    /// When the simulator does not answer.
    pub async fn forge(&self, forgery: &Value) -> String {
        let answer = self.identity_provider("sign", forgery).await;
        answer["token"].as_str().expect("a token").to_owned()
    }

    /// The mails that were sent to this address, oldest first.
    ///
    /// # Panics
    /// When the inbox does not answer.
    pub async fn inbox(&self, address: &str) -> Vec<Value> {
        let answer = self.http.get(&self.stack.mail_url).send().await.expect("an answer");
        let all: Value = answer.json().await.expect("mails are shown as JSON");
        let by_account = all["messages"].as_object().expect("mails by account").values();
        let mails = by_account.flat_map(|mails| mails.as_array().into_iter().flatten());
        mails.filter(|mail| mail["To"] == json!([address])).cloned().collect()
    }

    /// A call of the identity provider's simulator.
    ///
    /// # Panics
    /// When it does not answer.
    pub async fn identity_provider(&self, call: &str, body: &Value) -> Value {
        let url = format!("{}/_simulator/{call}", self.issuer_url);
        let response = self.http.request(Method::POST, url).json(body).send().await.expect("an answer");
        response.json().await.unwrap_or_default()
    }
}

/// What a test deployed beside the stack ends with it.
impl Drop for World {
    fn drop(&mut self) {
        if self.beside.is_none() {
            return;
        }
        let behind = Behind::new(self.stack, self.behind.deployment.clone());
        // Of its own, since this may be within a runtime, and that one's end.
        let ended = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(behind.end());
        });
        let _ = ended.join();
    }
}

fn table(stack: &Stack, name: &str) -> Table {
    Table::new(&aws(stack), name)
}

fn aws(stack: &Stack) -> Aws {
    Aws::local(&stack.aws_endpoint, &stack.region).patient()
}
