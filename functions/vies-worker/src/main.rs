//! The group `vies-worker`: whoever asks VIES.

mod check_vies;

use std::env;
use std::process::ExitCode;

use aws::Aws;
use aws_lambda_events::sqs::SqsEvent;
use check_vies::Worker;
use domain::VatNumber;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use storage::Table;
use vies::Vies;

const FUNCTIONS: [(&str, ()); 1] = [("check-vies", ())];

fn main() -> ExitCode {
    aws::main(&FUNCTIONS, |_, ()| check_vies())
}

async fn check_vies() -> Result<(), Error> {
    let table = aws::required("TABLE_NAME")?;
    let aws = Table::trusted(Aws::from_env()?, &table).await;
    let table = Table::new(&aws, &table);
    let worker = &Worker {
        checks: table.work_on_vies_checks(),
        partners: table.partners(),
        vies: Vies::new(&aws::required("VIES_URL")?),
        ours: ours(&env::var("VIES_REQUESTER").unwrap_or_default())?,
    };
    let work = |event: LambdaEvent<SqsEvent>| async move {
        Ok::<_, Error>(messaging::each(event.payload, async |message: &_| worker.check(message).await).await)
    };
    lambda_runtime::run(service_fn(work)).await
}

/// Our own VAT number, in whose name we ask for sellers that have none; empty for none.
fn ours(text: &str) -> Result<Option<VatNumber>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    VatNumber::parse(text).map(Some).map_err(|rule| format!("VIES_REQUESTER {rule}").into())
}
