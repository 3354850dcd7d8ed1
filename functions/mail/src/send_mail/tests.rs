//! What no emulator plays: SES that throttles and refuses, a table whose answers are lost.

use aws::Aws;
use domain::{Instant, OrganisationId, RequestId, SellerId, VatNumber};
use serde_json::{Value, json};
use simulators::Scripted;
use simulators::scripted::{Answer, Request, Step};
use storage::Table;

use super::*;

const ADDRESS: &str = "erika@admin.example";
const ORGANISATION: &str = "a0000000-0000-4000-8000-000000000001";

fn order() -> MailOrder {
    let organisation: OrganisationId = ORGANISATION.parse().unwrap();
    let seller: SellerId = "b0000000-0000-4000-8000-000000000011".parse().unwrap();
    let number = VatNumber::parse("DE136695976").unwrap();
    MailOrder::requester_refused(organisation, seller, number, Instant::from_millis(1_795_304_000_000))
}

/// Works one message against a server of this script, which plays table and SES alike.
async fn worked(script: impl IntoIterator<Item = Step>) -> (Result<(), String>, Vec<Request>) {
    let server = Scripted::start(script).await.unwrap();
    let aws = Aws::local(&server.url(), "eu-central-1");
    let mails = Table::new(&aws, "t").send_mails();
    let office = PostOffice { mails, ses: Ses::new(&aws, "noreply@onboarding.example".to_owned()) };
    let message = Message { id: RequestId::fresh(), body: serde_json::to_string(&order()).unwrap() };
    let outcome = send_mail(&message, &office).await.map_err(|error| error.to_string());
    let requests = server.played();
    for request in requests.iter().filter(|request| !request.target.is_empty()) {
        assert!(
            !String::from_utf8_lossy(&request.body).contains(ADDRESS),
            "the table is told the address: {request:?}"
        );
    }
    assert!(!outcome.as_ref().is_err_and(|error| error.contains(ADDRESS)), "{outcome:?}");
    (outcome, requests)
}

fn done() -> Step {
    Answer::json(200, &json!({})).into()
}

fn organisation() -> Step {
    let item = json!({
        "uuid": {"S": ORGANISATION}, "name": {"S": "Muster"}, "rateLimitTier": {"S": "STANDARD"},
        "capabilities": {"M": {
            "allowMarketplaceLedKyc": {"BOOL": false}, "allowMultiVinOrders": {"BOOL": false},
            "allowContactPersonalData": {"BOOL": false}, "allowKycDocumentDownload": {"BOOL": false},
        }},
        "branding": {"M": {"displayName": {"S": "Muster Cars"}}},
        "adminEmail": {"S": ADDRESS},
    });
    Answer::json(200, &json!({ "Item": item })).into()
}

fn taken() -> Step {
    Answer::json(200, &json!({"MessageId": "ses-1"})).into()
}

/// As SES words it: with the address.
fn refusal(status: u16, code: &str) -> Step {
    let message = format!("The following identities failed the check: {ADDRESS}");
    Answer::json(status, &json!({ "message": message })).with("x-amzn-errortype", code).into()
}

/// A put whose condition does not hold, for this stands there.
fn stands(item: &Value) -> Answer {
    let kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    Answer::json(400, &json!({"__type": kind, "message": "The conditional request failed", "Item": item}))
}

/// What each request was: an operation of the table, or a mail.
fn told(requests: &[Request]) -> Vec<&str> {
    let operation = |request: &Request| request.target.is_empty();
    requests.iter().map(|r| if operation(r) { "mail" } else { r.target.split_once('.').unwrap().1 }).collect()
}

/// What a put leaves in the table.
fn left(request: &Request) -> Value {
    request.json()["Item"].clone()
}

#[tokio::test]
async fn a_mail_goes_to_the_admin_in_the_name_of_its_sender_and_is_noted_without_the_address() {
    let (outcome, requests) = worked([done(), organisation(), taken(), done()]).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(told(&requests), ["PutItem", "GetItem", "mail", "PutItem"]);
    let mail = requests[2].json();
    assert_eq!((&*requests[2].method, &*requests[2].path), ("POST", "/v2/email/outbound-emails"));
    assert_eq!(mail["FromEmailAddress"], "noreply@onboarding.example");
    assert_eq!(mail["Destination"], json!({"ToAddresses": [ADDRESS]}));
    let letter = Letter::of(&order(), "Muster Cars");
    let content = |text: &str| json!({"Data": text, "Charset": "UTF-8"});
    let body = json!({"Text": content(&letter.text), "Html": content(&letter.html)});
    assert_eq!(mail["Content"], json!({"Simple": {"Subject": content(&letter.subject), "Body": body}}));

    let (claimed, sent) = (left(&requests[0]), left(&requests[3]));
    assert_eq!(claimed["pk"]["S"], format!("MAIL#{ORGANISATION}"));
    assert_eq!((&claimed["sk"]["S"], &claimed["mailState"]["S"]), (&json!(order().id), &json!("SENDING")));
    assert_eq!((&sent["mailState"]["S"], &sent["messageId"]["S"]), (&json!("SENT"), &json!("ses-1")));
    assert_eq!((&sent["pk"], &sent["sk"], &sent["expiresAt"]), (&claimed["pk"], &claimed["sk"], &claimed["expiresAt"]));
    assert_eq!(sent["notice"]["M"]["kind"]["S"], "requesterRefused");
    let ours = requests[3].json();
    assert_eq!(ours["ConditionExpression"], "claimId = :claim");
    assert_eq!(ours["ExpressionAttributeValues"][":claim"], claimed["claimId"]);
}

#[tokio::test]
async fn what_ses_does_not_take_now_is_tried_twice_given_back_and_comes_again() {
    for (status, code) in [(429, "TooManyRequestsException"), (400, "LimitExceededException"), (503, "Whatever")] {
        let throttled = || refusal(status, code);
        let script = [done(), organisation(), throttled(), throttled(), done()];
        let (outcome, requests) = worked(script).await;
        assert_eq!(outcome, Err(format!("SES does not take the mail now ({code})")));
        assert_given_back(&requests);
    }
}

#[tokio::test]
async fn a_lost_answer_of_ses_is_repeated_once_and_then_comes_again() {
    let (outcome, requests) = worked([done(), organisation(), Step::Swallow, Step::Swallow, done()]).await;
    assert_eq!(outcome, Err("SES does not take the mail now (the connection failed)".to_owned()));
    assert_given_back(&requests);
}

#[tokio::test]
async fn what_ses_refuses_for_good_is_asked_once_and_says_where_it_ends() {
    for code in ["MessageRejected", "MailFromDomainNotVerifiedException", "AccountSuspendedException", "AccessDenied"] {
        let (outcome, requests) = worked([done(), organisation(), refusal(400, code), done()]).await;
        let error = outcome.unwrap_err();
        assert!(error.contains(code) && error.contains("SendMailDlq"), "{error}");
        assert_given_back(&requests);
    }
}

fn assert_given_back(requests: &[Request]) {
    let (first, last) = (left(&requests[0]), requests.last().unwrap());
    let given_back = left(last);
    assert_eq!((&given_back["mailState"]["S"], &given_back["leaseUntil"]["N"]), (&json!("SENDING"), &json!("0")));
    assert_eq!(given_back["claimId"], first["claimId"]);
    assert_eq!(last.json()["ConditionExpression"], "claimId = :claim", "of nobody else's lease");
}

#[tokio::test]
async fn a_mail_that_was_sent_does_not_come_again_because_it_cannot_be_noted() {
    let refused = Answer::json(400, &json!({"__type": "AccessDeniedException", "message": "no"}));
    let (outcome, _) = worked([done(), organisation(), taken(), refused.into()]).await;
    assert_eq!(outcome, Ok(()));
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_known_as_ours() {
    let again = Step::reply(|requests| stands(&left(&requests[0])));
    let (outcome, requests) = worked([Step::Swallow, again, organisation(), taken(), done()]).await;
    assert_eq!(outcome, Ok(()));
    assert_eq!(requests[0].body, requests[1].body, "the SDK's repeat");
}

#[tokio::test]
async fn what_somebody_else_is_sending_comes_again_and_what_is_over_does_not() {
    let another = json!({"S": "c0000000-0000-4000-8000-000000000001"});
    let sending = json!({"mailState": {"S": "SENDING"}, "claimId": another, "leaseUntil": {"N": "1"}});
    let (outcome, _) = worked([stands(&sending).into()]).await;
    assert_eq!(outcome, Err("the same order is being worked on".to_owned()));
    let at = json!({"S": "2026-11-22T00:00:00.000Z"});
    let sent = json!({"mailState": {"S": "SENT"}, "messageId": {"S": "ses-1"}, "sentAt": at});
    let not_sent = json!({"mailState": {"S": "NOT_SENT"}, "reason": {"S": "NO_ADMIN_EMAIL"}, "givenUpAt": at});
    for over in [sent, not_sent] {
        assert_eq!(worked([stands(&over).into()]).await.0, Ok(()));
    }
}

#[tokio::test]
async fn a_lease_ends_after_two_minutes() {
    let (_, requests) = worked([done(), organisation(), taken(), done()]).await;
    let claim = requests[0].json();
    let number = |value: &Value| value["N"].as_str().unwrap().parse::<i64>().unwrap();
    let now = number(&claim["ExpressionAttributeValues"][":now"]);
    assert_eq!(number(&claim["Item"]["leaseUntil"]) - now, 120_000);
    let condition = "attribute_not_exists(pk) OR (mailState = :sending AND leaseUntil <= :now)";
    assert_eq!(claim["ConditionExpression"], condition);
    assert_eq!(number(&claim["Item"]["expiresAt"]) - now / 1000, 30 * 24 * 60 * 60);
}

#[tokio::test]
async fn an_organisation_that_cannot_be_read_gives_the_claim_back() {
    let refused = Answer::json(400, &json!({"__type": "AccessDeniedException", "message": "no"}));
    let (outcome, requests) = worked([done(), refused.into(), done()]).await;
    assert!(outcome.unwrap_err().contains("AccessDenied"));
    assert_given_back(&requests);
}
