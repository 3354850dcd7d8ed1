//! The group `mail`: what organisations are told though nobody called.

mod letter;
mod send_mail;
mod ses;

use aws::{Aws, required};
use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use storage::Table;

use send_mail::PostOffice;
use ses::Ses;

/// What a function of the group does.
#[derive(Clone, Copy)]
pub enum Work {
    /// It sends what was ordered.
    SendMail,
}

/// The functions of the group's binary.
pub const FUNCTIONS: [(&str, Work); 1] = [("send-mail", Work::SendMail)];

/// Serves a function.
///
/// # Errors
/// When it cannot start, or loses the Lambda runtime.
pub async fn run(_name: &'static str, work: Work) -> Result<(), Error> {
    let table = required("TABLE_NAME")?;
    let from = required("MAIL_FROM")?;
    let aws = Table::trusted(Aws::from_env()?, &table).await;
    let office = PostOffice { mails: Table::new(&aws, &table).send_mails(), ses: Ses::new(&aws, from) };
    let office = &office;
    match work {
        Work::SendMail => {
            let work = |event: LambdaEvent<SqsEvent>| async move {
                let answer = messaging::each(event.payload, async |message: &messaging::Message| {
                    send_mail::send_mail(message, office).await
                });
                Ok::<_, Error>(answer.await)
            };
            lambda_runtime::run(service_fn(work)).await
        }
    }
}
