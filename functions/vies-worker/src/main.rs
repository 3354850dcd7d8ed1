//! The group `vies-worker`: whoever asks VIES.

mod check_vies;

use std::env;
use std::process::ExitCode;

use check_vies::Worker;
use domain::VatNumber;
use lambda_runtime::Error;
use storage::Table;
use vies::Vies;

const FUNCTIONS: [(&str, ()); 1] = [("check-vies", ())];

fn main() -> ExitCode {
    aws::main(&FUNCTIONS, |_, ()| check_vies())
}

async fn check_vies() -> Result<(), Error> {
    let (table, _) = Table::of_worker().await?;
    let worker = Worker {
        checks: table.work_on_vies_checks(),
        partners: table.partners(),
        vies: Vies::new(&aws::required("VIES_URL")?),
        ours: ours(&env::var("VIES_REQUESTER").unwrap_or_default())?,
    };
    messaging::serve(async |message: &_| worker.check(message).await).await
}

/// Our own VAT number, in whose name we ask for sellers that have none; empty for none.
fn ours(text: &str) -> Result<Option<VatNumber>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    VatNumber::parse(text).map(Some).map_err(|rule| format!("VIES_REQUESTER {rule}").into())
}
