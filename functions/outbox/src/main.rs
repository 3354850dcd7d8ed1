//! The group `outbox`: whatever a committed revision causes leaves the table through these two.

mod relay_outbox;
mod run_due;
mod sender;

use std::process::ExitCode;

use lambda_runtime::{Error, service_fn};
use messaging::{Addresses, Bus, DeliveryAddresses, Queues};
use run_due::Due;
use sender::Sender;
use storage::Table;

#[derive(Clone, Copy)]
enum Work {
    RelayOutbox,
    RunDue,
}

const FUNCTIONS: [(&str, Work); 2] = [("relay-outbox", Work::RelayOutbox), ("run-due", Work::RunDue)];

fn main() -> ExitCode {
    aws::main(&FUNCTIONS, run)
}

async fn run(_name: &'static str, work: Work) -> Result<(), Error> {
    let (table, aws) = Table::of_worker().await?;
    let addresses = Addresses {
        check_vies: aws::required("CHECK_VIES_QUEUE_URL")?,
        send_mail: aws::required("SEND_MAIL_QUEUE_URL")?,
        release_deliveries: aws::required("RELEASE_DELIVERIES_QUEUE_URL")?,
        deliveries: DeliveryAddresses {
            fast: aws::required("DELIVER_WEBHOOK_QUEUE_URL")?,
            slow: aws::required("RETRY_WEBHOOK_QUEUE_URL")?,
        },
    };
    let lanes = aws::required("VIES_LANES")?.parse()?;
    let sender = Sender {
        outbox: table.outbox(),
        bus: Bus::new(&aws, &aws::required("EVENT_BUS_NAME")?),
        queues: Queues::new(&aws, addresses, lanes),
    };
    match work {
        Work::RelayOutbox => lambda_runtime::run(service_fn(|event| relay_outbox::relay_outbox(event, &sender))).await,
        Work::RunDue => {
            let due = Due { sender, partners: table.partners(), monitor: table.monitor_vies() };
            lambda_runtime::run(service_fn(|event| run_due::run_due(event, &due))).await
        }
    }
}
