//! The group `mail`: what organisations are told though nobody called.

mod letter;
mod send_mail;
mod ses;

use aws::required;
use lambda_runtime::Error;
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
    let (table, aws) = Table::of_worker().await?;
    let office = PostOffice { mails: table.send_mails(), ses: Ses::new(&aws, required("MAIL_FROM")?) };
    match work {
        Work::SendMail => messaging::serve(async |message: &_| send_mail::send_mail(message, &office).await).await,
    }
}
