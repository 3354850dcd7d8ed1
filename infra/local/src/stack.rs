//! `stack.json`: where everything of a running stack is. Tests and tools read it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::deployment::{Deployment, deploy};
use crate::emulator::Emulator;
use crate::failure::{Doing as _, Failure};
use crate::gateway::{Gateway, GatewayPort};
use crate::places::Places;
use crate::process::Process;
use crate::sandbox;
use crate::template::Template;

/// A running local stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stack {
    /// The API's base, without a trailing slash: `<api_url>/v1/me`.
    pub api_url: String,
    /// Where clients fetch tokens (OAuth 2 client credentials).
    pub token_url: String,
    /// The `iss` of those tokens.
    pub issuer: String,
    /// The emulator, for any AWS client (any key id, any secret).
    pub aws_endpoint: String,
    /// The region of everything.
    pub region: String,
    /// The name it is deployed under.
    pub stack_name: String,
    /// The table of buyers.
    pub table_name: String,
    /// Bucket names by logical id.
    pub buckets: BTreeMap<String, String>,
    /// Mails sent so far, as JSON.
    pub mail_url: String,
    /// Takes webhooks under `/hooks/`, shows them under `/received`.
    pub webhook_sink_url: String,
    /// The VIES simulator.
    pub vies_url: String,
    /// The iDenfy simulator, once there is one.
    pub idenfy_url: Option<String>,
    /// Queue URLs by logical id.
    pub queues: BTreeMap<String, String>,
    /// Function ARNs by handler.
    pub functions: BTreeMap<String, String>,
    /// What they run, by handler: for tests that run functions by themselves.
    #[serde(default)]
    pub executables: BTreeMap<String, PathBuf>,
    /// The sandbox; the organisation that may do everything comes first.
    pub organizations: Vec<Organization>,
    /// The runner's process.
    pub pid: u32,
    /// The HTTP API's id.
    pub api_id: String,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// The parameters it was deployed with.
    pub parameters: BTreeMap<String, String>,
    /// The template as it was deployed, in the emulator's S3.
    pub template_url: String,
}

/// An organisation of the sandbox and how to call the API in its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// What `cargo local token <slug>` takes.
    pub slug: String,
    /// Its id.
    pub uuid: String,
    /// Its name, which says what is special about it.
    pub name: String,
    /// The published capability flags.
    pub capabilities: Value,
    /// `null`: it has not signed.
    pub dpa_version: Option<String>,
    /// The sellers it may act for.
    pub sellers: Vec<Seller>,
    /// Its one API client.
    pub client_id: String,
    /// That client's secret.
    pub client_secret: String,
}

/// A seller of the sandbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seller {
    /// Its id.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Its own VAT number.
    pub vat_number: Option<String>,
}

/// The template deployed a second time into the same emulator.
#[derive(Debug)]
pub struct Beside {
    /// Its own API's base.
    pub api_url: String,
    /// Its own table, functions, queues.
    pub deployment: Deployment,
    /// Lives as long as this value.
    _gateway: Gateway,
}

impl Stack {
    /// The stack described by this file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).doing(format!("reading {}", path.display()))?;
        serde_json::from_str(&text).doing(format!("understanding {}", path.display()))
    }

    /// The stack that `cargo local` runs now.
    pub fn running() -> Result<Self, Failure> {
        let places = Places::permanent();
        if !places.has_runner() {
            return Err(Failure::new("No local stack is running; start one with: cargo local"));
        }
        if !places.stack_file().exists() {
            return Err(Failure::new("The local stack is still starting"));
        }
        Self::read(&places.stack_file())
    }

    /// Ends the runner and with it the stack; returns when it is gone.
    pub fn stop(&self, patience: Duration) -> Result<(), Failure> {
        let Some(runner) = Process::find(self.pid) else { return Ok(()) };
        runner.ask_to_end();
        let asked = Instant::now();
        while runner.is_alive() {
            if asked.elapsed() > patience {
                return Err(Failure::new(format!("Process {} has not ended after {patience:?}", self.pid)));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Appears at once and whole, readable by its owner: it holds secrets.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(self).doing("describing the stack")?;
        crate::secrets::write_private(path, &text)
    }

    /// The organisation of that slug.
    pub fn organization(&self, slug: &str) -> Result<&Organization, Failure> {
        self.organizations.iter().find(|organization| organization.slug == slug).ok_or_else(|| {
            let slugs: Vec<_> = self.organizations.iter().map(|organization| organization.slug.as_str()).collect();
            Failure::new(format!("There is no organisation '{slug}'; there are {}", slugs.join(", ")))
        })
    }

    /// The identity provider's admin calls: `<this>/_simulator/...`, see [`simulators::identity_provider`].
    #[must_use]
    pub fn identity_provider_url(&self) -> &str {
        self.issuer.strip_suffix(simulators::identity_provider::REALM_PATH).unwrap_or(&self.issuer)
    }

    /// A fresh access token; lives 300 s.
    pub async fn token(&self, organization: &Organization) -> Result<String, Failure> {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &organization.client_id),
            ("client_secret", &organization.client_secret),
        ];
        let answer = reqwest::Client::new().post(&self.token_url).form(&form).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status).doing("fetching a token")?;
        let answer: Value = answer.json().await.doing("fetching a token")?;
        let token = answer["access_token"].as_str().map(str::to_owned);
        token.ok_or_else(|| Failure::new("The identity provider's answer holds no token"))
    }

    /// What this stack is made of, and what can be done to it. (Tests that break
    /// things had better break a copy of their own: [`Self::deploy_beside`].)
    #[must_use]
    pub fn deployment(&self) -> Deployment {
        Deployment {
            emulator: Emulator::at(&self.aws_endpoint, &self.region),
            stack_name: self.stack_name.clone(),
            api_id: self.api_id.clone(),
            outputs: self.outputs.clone(),
            buckets: self.buckets.clone(),
            queues: self.queues.clone(),
            functions: self.functions.clone(),
        }
    }

    /// Deploys the same template a second time, under another stack name and with
    /// some parameters changed: own tables, roles, functions, API; same sandbox in
    /// it, so the same tokens work. Takes about a second.
    ///
    /// The API's front door belongs to the value returned: it must be kept while it is used,
    /// on a runtime that runs while it is used.
    pub async fn deploy_beside(&self, stack_name: &str, changes: &[(&str, &str)]) -> Result<Beside, Failure> {
        let emulator = Emulator::at(&self.aws_endpoint, &self.region);
        let template = Template::from_json(&emulator.get_object(&self.template_url).await?)?;
        let mut parameters = self.parameters.clone();
        parameters.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let deployment = deploy(&emulator, &template, &self.template_url, stack_name, &parameters).await?;
        sandbox::seed(&deployment, &parameters).await?;
        let gateway = GatewayPort::take(0).await.doing("taking a port for the second API")?;
        let gateway = gateway.open(&self.aws_endpoint, &deployment.api_id)?;
        Ok(Beside { api_url: gateway.url(), deployment, _gateway: gateway })
    }
}
