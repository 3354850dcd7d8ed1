//! `cargo operator`: the command line of [`operator::Operator`].

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::{
    Branding, BuyerId, Capabilities, ClientId, DocumentId, Instant, Organisation, OrganisationId, RateLimitTier,
    RateLimits, Seller, SellerId, VatNumber,
};
use operator::{Operator, OperatorError, Target};

/// Creates and shows organisations, clients and sellers, and proves histories.
#[derive(Parser)]
#[command(name = "operator", max_term_width = 100)]
struct Cli {
    /// The stack's output `TableName`.
    #[arg(long, env = "TABLE_NAME")]
    table: String,
    /// Its region.
    #[arg(long, env = "AWS_REGION", default_value = "eu-central-1")]
    region: String,
    /// An emulator's address, e.g. the local stack's `awsEndpoint`.
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    endpoint: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create an organisation, or replace one as a whole.
    PutOrganisation(Box<OrganisationArgs>),
    /// Show an organisation and the sellers it acts for.
    ShowOrganisation { organisation: OrganisationId },
    /// Make an API client an organisation's.
    PutClient {
        organisation: OrganisationId,
        /// As the identity provider names it, e.g. `api-client-acme`.
        client: String,
    },
    /// Show the organisation that an API client belongs to.
    ShowClient { client: String },
    /// Revoke an API client (effective within 60 s).
    RevokeClient { client: String },
    /// Let an organisation act for a seller.
    PutSeller {
        organisation: OrganisationId,
        seller: SellerId,
        #[arg(long)]
        name: String,
        /// ISO 3166-1 alpha-2.
        #[arg(long)]
        country: String,
        /// The seller's own VAT number, the requester of VIES checks.
        #[arg(long)]
        vat_number: Option<VatNumber>,
    },
    /// End that an organisation acts for a seller (effective within 60 s).
    WithdrawSeller { organisation: OrganisationId, seller: SellerId },
    /// Plan the daily VIES checks of all buyers that were checked before: after monitoring was switched on.
    PlanDailyChecks { organisation: OrganisationId },
    /// Walk a buyer's history from its first revision to its current state.
    VerifyHistory { buyer: BuyerId },
    /// Erase a document: its bytes and its name; hash, dates and the reason stay.
    EraseDocument {
        buyer: BuyerId,
        document: DocumentId,
        /// Why; kept in the buyer's history for good.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        bucket: Bucket,
    },
    /// Write all that is kept about a buyer into a folder, the bytes of its documents too.
    ExportBuyer {
        buyer: BuyerId,
        folder: PathBuf,
        #[command(flatten)]
        bucket: Bucket,
    },
    /// Who was shown personal data of a buyer: one JSON object a line, oldest first. Kept for six years.
    PiiLog {
        buyer: BuyerId,
        /// Of this instant or later, RFC 3339.
        #[arg(long, default_value = "1970-01-01T00:00:00Z")]
        from: Instant,
        /// Before this instant, RFC 3339.
        #[arg(long, default_value = "9999-12-31T23:59:59Z")]
        until: Instant,
    },
}

#[derive(Args)]
struct Bucket {
    /// The stack's output `DocumentsBucketName`.
    #[arg(long, env = "DOCUMENTS_BUCKET")]
    documents_bucket: String,
}

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct OrganisationArgs {
    organisation: OrganisationId,
    #[arg(long)]
    name: String,
    #[arg(long, value_enum, default_value = "standard")]
    tier: Tier,
    /// Requests a minute of an enterprise organisation: read,write,webhook.
    #[arg(long, value_parser = parse_limits, required_if_eq("tier", "enterprise"))]
    limits: Option<RateLimits>,
    #[arg(long)]
    allow_marketplace_led_kyc: bool,
    #[arg(long)]
    allow_multi_vin_orders: bool,
    #[arg(long)]
    allow_contact_personal_data: bool,
    #[arg(long)]
    allow_kyc_document_download: bool,
    /// The accepted data processing agreement, YYYY-MM.
    #[arg(long, value_parser = parse_dpa_version)]
    dpa_version: Option<String>,
    /// When it was accepted, RFC 3339.
    #[arg(long, requires = "dpa_version")]
    dpa_accepted_at: Option<Instant>,
    /// Until when an outdated acceptance still counts, RFC 3339.
    #[arg(long)]
    dpa_grace_until: Option<Instant>,
    /// Name shown to buyers.
    #[arg(long)]
    display_name: Option<String>,
    /// Accent colour of mails and pages, #rrggbb.
    #[arg(long, value_parser = parse_color)]
    accent_color: Option<String>,
    /// Logo, https.
    #[arg(long, value_parser = parse_https)]
    logo_url: Option<String>,
    /// Who is told about paused webhooks.
    #[arg(long)]
    admin_email: Option<String>,
    /// Check the VAT numbers of its buyers again every day.
    #[arg(long)]
    monitor_vies: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Tier {
    Standard,
    HighVolume,
    Enterprise,
}

fn parse_limits(text: &str) -> Result<RateLimits, String> {
    let numbers: Vec<u32> = text.split(',').filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [read, write, webhook] if text.split(',').count() == 3 => Ok(RateLimits { read, write, webhook }),
        _ => Err("give three numbers: read,write,webhook".to_owned()),
    }
}

/// Versions compare as text, so they must have one form.
fn parse_dpa_version(text: &str) -> Result<String, String> {
    let (digits, dash) = (text.bytes().filter(u8::is_ascii_digit).count(), text.as_bytes().get(4) == Some(&b'-'));
    if text.len() == 7 && digits == 6 && dash { Ok(text.to_owned()) } else { Err("must be YYYY-MM".to_owned()) }
}

fn parse_color(text: &str) -> Result<String, String> {
    let hex = text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if hex { Ok(text.to_owned()) } else { Err("must be #rrggbb".to_owned()) }
}

fn parse_https(text: &str) -> Result<String, String> {
    if text.starts_with("https://") { Ok(text.to_owned()) } else { Err("must start with https://".to_owned()) }
}

impl From<OrganisationArgs> for Organisation {
    fn from(args: OrganisationArgs) -> Self {
        Self {
            uuid: args.organisation,
            name: args.name,
            rate_limit_tier: match args.tier {
                Tier::Standard => RateLimitTier::Standard,
                Tier::HighVolume => RateLimitTier::HighVolume,
                Tier::Enterprise => RateLimitTier::Enterprise,
            },
            rate_limits: args.limits,
            capabilities: Capabilities {
                allow_marketplace_led_kyc: args.allow_marketplace_led_kyc,
                allow_multi_vin_orders: args.allow_multi_vin_orders,
                allow_contact_personal_data: args.allow_contact_personal_data,
                allow_kyc_document_download: args.allow_kyc_document_download,
            },
            dpa_version: args.dpa_version,
            dpa_accepted_at: args.dpa_accepted_at,
            dpa_grace_until: args.dpa_grace_until,
            branding: Branding {
                display_name: args.display_name,
                accent_color: args.accent_color,
                logo_url: args.logo_url,
            },
            admin_email: args.admin_email,
            monitor_vies: args.monitor_vies,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Cli { table, region, endpoint, command } = Cli::parse();
    match run(&Target { table_name: table, region, endpoint_url: endpoint }, command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("operator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(target: &Target, command: Command) -> Result<ExitCode, OperatorError> {
    let operator = Operator::connect(target)?;
    match command {
        Command::PutOrganisation(args) => operator.put_organisation(&(*args).into()).await?,
        Command::ShowOrganisation { organisation } => {
            let shown = operator.show(organisation).await?;
            say(&serde_json::to_string_pretty(&shown).expect("an organisation is plain JSON"));
        }
        Command::PutClient { organisation, client } => operator.put_client(&ClientId(client), organisation).await?,
        Command::ShowClient { client } => say(&operator.show_client(&ClientId(client)).await?.to_string()),
        Command::RevokeClient { client } => operator.revoke_client(&ClientId(client)).await?,
        Command::PutSeller { organisation, seller, name, country, vat_number } => {
            operator.put_seller(organisation, &Seller { uuid: seller, name, country, vat_number }).await?;
        }
        Command::WithdrawSeller { organisation, seller } => operator.withdraw_seller(organisation, seller).await?,
        Command::EraseDocument { buyer, document, reason, bucket } => {
            let documents = target.documents(&bucket.documents_bucket)?;
            let versions = operator.erase_document(&documents, (buyer, document), &reason).await?;
            say(&format!("The document is erased, {versions} version(s) of its bytes with it."));
        }
        Command::ExportBuyer { buyer, folder, bucket } => {
            let documents = target.documents(&bucket.documents_bucket)?;
            let files = operator.export_buyer(&documents, buyer, &folder).await?;
            say(&format!("{files} file(s) in {}: personal data, keep it safe.", folder.display()));
        }
        Command::PlanDailyChecks { organisation } => {
            let planned = operator.plan_daily_checks(organisation).await?;
            say(&format!("Daily checks of {planned} more buyer(s) are planned."));
        }
        Command::PiiLog { buyer, from, until } => {
            for disclosure in operator.disclosures(buyer, from, until).await? {
                say(&serde_json::to_string(&disclosure).expect("a disclosure is plain JSON"));
            }
        }
        Command::VerifyHistory { buyer } => {
            return Ok(match operator.verify_history(buyer).await? {
                Ok(revisions) => {
                    say(&format!("The history of {buyer} is whole: {revisions} revision(s)."));
                    ExitCode::SUCCESS
                }
                Err(broken) => {
                    say(&format!("The history of {buyer} is NOT trustworthy: {broken}."));
                    ExitCode::from(2)
                }
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One who stops reading (`| head`) is no error.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
