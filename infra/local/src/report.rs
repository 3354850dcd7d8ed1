//! What the runner prints once everything runs.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::failure::Failure;
use crate::stack::{Organization, Stack};

/// Where everything is, then calls to paste. To stdout; progress goes to stderr.
pub(crate) async fn print(stack: &Stack, logs: &Path, took: Duration) -> Result<(), Failure> {
    let first = &stack.organizations[0];
    let token = stack.token(first).await?;
    println!("\n{}", addresses(stack));
    println!("{}", organizations(&stack.organizations));
    println!("{}", calls(stack, first, &token));
    println!(
        "Logs, the functions' included: {}.   Ready after {:.1} s; Ctrl-C stops everything.",
        logs.display(),
        took.as_secs_f64()
    );
    Ok(())
}

/// The stack's addresses, one a line.
#[must_use]
pub fn addresses(stack: &Stack) -> String {
    format!(
        "API                {}\n\
         Tokens             {}\n\
         AWS (emulator)     {}   region {}, table {}\n\
         Mails              {}\n\
         Webhook sink       {}/hooks/...   shown at /received\n\
         VIES simulator     {}\n",
        stack.api_url,
        stack.token_url,
        stack.aws_endpoint,
        stack.region,
        stack.table_name,
        stack.mail_url,
        stack.webhook_sink_url,
        stack.vies_url,
    )
}

fn organizations(organizations: &[Organization]) -> String {
    let mut lines =
        String::from("Organisations, each special in one way (cargo local token <slug>), and their sellers:\n");
    for organization in organizations {
        let _ = writeln!(lines, "  {:<9} {}", organization.slug, organization.name);
        for seller in &organization.sellers {
            let _ = writeln!(lines, "            {} {}  {}", seller.uuid, seller.country, seller.name);
        }
    }
    lines
}

fn calls(stack: &Stack, organization: &Organization, token: &str) -> String {
    let url = format!("{}/v1/partners/{}/buyers", stack.api_url, organization.sellers[0].uuid);
    // A number nobody used yet, so that the first call creates also after a restart.
    let vat_number = format!("DE{}", unused_digits());
    let call = |name: &str, answer: &str, company: &str| {
        format!(
            "# {answer}\n\
             curl -i {url} -H \"Authorization: Bearer $TOKEN\" \\\n  \
             -H 'Content-Type: application/json' -H 'Idempotency-Key: {name}-{vat_number}' \\\n  \
             -d '{{\"kycMode\": \"NT24_LED\", \"vatNumber\": \"{vat_number}\", \"companyName\": \"{company}\", \
             \"address\": {{\"street\": \"Hauptstr. 1\", \"postCode\": \"10115\", \"city\": \"Berlin\", \"country\": \"DE\"}}}}'\n"
        )
    };
    format!(
        "# Good for five minutes; then: TOKEN=$(cargo local token)\nTOKEN={token}\n\n{}\n{}\n{}",
        call("create", "201: a new buyer", "Muster GmbH"),
        call("repeat", "200: the same again", "Muster GmbH"),
        call("contest", "409: another body, answered with the current one", "Anders GmbH"),
    )
}

/// Nine digits that are no magic number of the VIES simulator.
fn unused_digits() -> u32 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let digits = 100_000_000 + u32::try_from(since_epoch.as_millis() % 899_000_000).unwrap_or_default();
    if digits % 100_000 / 1000 == 99 { digits - 1000 } else { digits }
}
