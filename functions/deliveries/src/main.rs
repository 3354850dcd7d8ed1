//! The group `deliveries`: from the bus to the webhook endpoints that ask for an event.

mod deliver_webhook;
mod fan_out_event;
mod release_deliveries;
mod verdict;

use std::process::ExitCode;

use aws_lambda_events::sqs::SqsEvent;
use deliver_webhook::Courier;
use domain::webhook::Plain;
use fan_out_event::FanOut;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use messaging::{DeliveryAddresses, DeliveryQueues};
use release_deliveries::Release;
use sealing::SecretKey;
use storage::Table;

#[derive(Clone, Copy)]
enum Work {
    FanOut,
    Deliver,
    Release,
}

const FUNCTIONS: [(&str, Work); 3] =
    [("fan-out-event", Work::FanOut), ("deliver-webhook", Work::Deliver), ("release-deliveries", Work::Release)];

fn main() -> ExitCode {
    aws::main(&FUNCTIONS, run)
}

async fn run(_name: &'static str, work: Work) -> Result<(), Error> {
    let (table, aws) = Table::of_worker().await?;
    let addresses = DeliveryAddresses {
        fast: aws::required("DELIVER_WEBHOOK_QUEUE_URL")?,
        slow: aws::required("RETRY_WEBHOOK_QUEUE_URL")?,
    };
    let queues = DeliveryQueues::new(&aws, addresses);
    match work {
        Work::FanOut => {
            let fan_out = FanOut { partners: table.partners(), deliveries: table.record_deliveries(), queues };
            messaging::serve(async |message: &_| fan_out.fan_out(message).await).await
        }
        Work::Deliver => {
            let plain = plain(&aws::required("WEBHOOK_TARGETS")?);
            let key = SecretKey::new(&aws, &aws::required("WEBHOOK_KEY_ARN")?);
            let sender = delivery::Sender::new(plain)?;
            let courier = Courier { deliveries: table.work_on_deliveries(), key, sender, queues, plain };
            messaging::serve(async |message: &_| courier.deliver(message).await).await
        }
        Work::Release => {
            let release = &Release { webhooks: table.read_webhooks(), deliveries: table.release_deliveries(), queues };
            let work = |event: LambdaEvent<SqsEvent>| async move {
                let deadline = event.context.deadline();
                let work = async |message: &_| release.release(message, deadline).await;
                Ok::<_, Error>(messaging::each(event.payload, work).await)
            };
            lambda_runtime::run(service_fn(work)).await
        }
    }
}

/// Whatever does not say so word for word allows no plain HTTP.
fn plain(targets: &str) -> Plain {
    if targets == "https-and-loopback" { Plain::ToLoopback } else { Plain::Refused }
}
