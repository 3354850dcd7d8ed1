//! Mails to organisations' admins: ordered by message, sent once, and never lost without a trace.

use blackbox::{Draft, World, event_file, until};
use domain::{MailOrder, OrganisationId, SellerId, VatNumber};
use serde_json::{Value, json};
use uuid::Uuid;

/// An organisation with an admin's address of its own.
async fn with_admin(world: &World) -> (OrganisationId, String) {
    let draft = Draft::new();
    let address = format!("admin@{}.example", draft.organisation.uuid);
    let draft = draft.with(|organisation| {
        "Muster & Söhne".clone_into(&mut organisation.name);
        organisation.admin_email = Some(address.clone());
    });
    let organisation = draft.organisation.uuid;
    world.organisation(draft).await;
    (organisation, address)
}

/// An order about a seller of its own.
fn order(organisation: OrganisationId) -> MailOrder {
    let number = VatNumber::parse("DE136695976").unwrap();
    MailOrder::requester_refused(organisation, SellerId(Uuid::new_v4()), number, storage::now())
}

fn body(order: &MailOrder) -> String {
    serde_json::to_string(order).unwrap()
}

/// The event of messages with these ids and bodies.
fn event(messages: &[(&str, &str)]) -> Value {
    let mut event = event_file("send-mail", &[("ORGANISATION", "-"), ("SELLER", "-")]);
    let record = |(id, body): &(&str, &str)| {
        let mut record = event["Records"][0].clone();
        (record["messageId"], record["body"]) = (json!(id), json!(body));
        record
    };
    let records: Vec<_> = messages.iter().map(record).collect();
    event["Records"] = json!(records);
    event
}

async fn record(world: &World, order: &MailOrder) -> Value {
    let items = world.behind.items(&format!("MAIL#{}", order.organisation)).await;
    items.into_iter().find(|item| item["sk"]["S"] == json!(order.id)).unwrap_or_default()
}

async fn until_worked(world: &World) {
    until("all messages are worked", async || world.behind.messages_of("SendMailQueue").await == 0).await;
}

#[tokio::test]
async fn an_order_in_the_queue_is_one_mail_to_the_admin_however_often_it_is_given() {
    let world = World::beside("mail", &[]).await;
    let (organisation, address) = with_admin(&world).await;
    let order = order(organisation);
    for _ in 0..3 {
        world.behind.put_message("SendMailQueue", &body(&order)).await;
        until_worked(&world).await;
    }
    let mails = world.inbox(&address).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = &mails[0];
    assert_eq!(mail["Source"], world.stack.parameters["MailFrom"]);
    assert_eq!(mail["Subject"], "VIES does not accept the VAT number DE136695976");
    let text = mail["BodyText"].as_str().unwrap();
    assert!(text.starts_with("To the administrator of Muster & Söhne:\n"), "{text}");
    assert!(text.contains(&order.id.to_string()) && text.contains("tell us the right one"), "{text}");
    let html = mail["BodyHtml"].as_str().unwrap();
    assert!(html.contains("<p>To the administrator of Muster &amp; Söhne:</p>"), "{html}");

    let sent = record(&world, &order).await;
    assert_eq!((&sent["mailState"]["S"], &sent["messageId"]["S"]), (&json!("SENT"), &mail["MessageId"]));
    assert!(!sent.to_string().contains(&address), "the address is in one place: {sent}");
    let days = (sent["expiresAt"]["N"].as_str().unwrap().parse::<i64>().unwrap() - storage::now().seconds()) / 86_400;
    assert!((29..=30).contains(&days), "{sent}");
    assert_eq!(world.behind.messages_of("SendMailDlq").await, 0);
}

#[tokio::test]
async fn an_order_to_nobody_is_noted_with_the_reason_and_done() {
    let world = World::beside("mail-nobody", &[]).await;
    let draft = Draft::new();
    let (silent, unknown) = (draft.organisation.uuid, OrganisationId(Uuid::new_v4()));
    world.organisation(draft).await;
    for (organisation, reason) in [(silent, "NO_ADMIN_EMAIL"), (unknown, "NO_ORGANISATION")] {
        let first = order(organisation);
        world.behind.put_message("SendMailQueue", &body(&first)).await;
        until_worked(&world).await;
        let noted = record(&world, &first).await;
        assert_eq!((&noted["mailState"]["S"], &noted["reason"]["S"]), (&json!("NOT_SENT"), &json!(reason)), "{noted}");
        let again = world.behind.invoke("send-mail", &event(&[("again", &body(&first))])).await;
        assert_eq!(again.payload, json!({"batchItemFailures": []}), "{}", again.log_tail);
        let another = order(organisation);
        let warned = world.behind.invoke("send-mail", &event(&[("another", &body(&another))])).await;
        let line = warned.log_tail.lines().find(|line| line.contains("nobody to send the mail to"));
        assert!(line.is_some_and(|line| line.contains("WARN") && line.contains(&another.id.to_string())));
    }
    assert_eq!(world.behind.messages_of("SendMailDlq").await, 0);
}

#[tokio::test]
async fn a_poisoned_message_is_named_alone_and_the_mails_around_it_are_sent() {
    let world = World::shared();
    let (organisation, address) = with_admin(&world).await;
    let (first, last) = (order(organisation), order(organisation));
    let unknown = json!({"id": Uuid::new_v4(), "organisation": organisation, "notice": {"kind": "ofTheFuture"}});
    let messages = [
        ("first", body(&first)),
        ("no JSON", "no JSON at all".to_owned()),
        ("unknown notice", unknown.to_string()),
        ("last", body(&last)),
    ];
    let messages = messages.each_ref().map(|(id, body)| (*id, body.as_str()));
    let answer = world.behind.invoke("send-mail", &event(&messages)).await;
    let failed = json!([{"itemIdentifier": "no JSON"}, {"itemIdentifier": "unknown notice"}]);
    assert_eq!(answer.payload, json!({ "batchItemFailures": failed }), "{}", answer.log_tail);
    let mails = world.inbox(&address).await;
    let texts: Vec<_> = mails.iter().map(|mail| mail["BodyText"].to_string()).collect();
    for order in [&first, &last] {
        assert_eq!(texts.iter().filter(|text| text.contains(&order.id.to_string())).count(), 1, "{texts:?}");
    }
    assert!(answer.log_tail.contains(&first.id.to_string()), "{}", answer.log_tail);
    assert!(!answer.log_tail.contains(&address), "{}", answer.log_tail);
}

#[tokio::test]
async fn what_never_works_ends_in_the_dead_letter_queue_and_holds_up_nothing() {
    let world = World::beside("mail-poison", &[]).await;
    let (organisation, address) = with_admin(&world).await;
    // It comes again at once and not after three minutes.
    world.behind.change_queue("SendMailQueue", ("VisibilityTimeout", "1")).await;
    world.behind.put_message("SendMailQueue", "poison").await;
    let order = order(organisation);
    world.behind.put_message("SendMailQueue", &body(&order)).await;
    until("it ends in the dead-letter queue", async || world.behind.messages_of("SendMailDlq").await == 1).await;
    assert_eq!(world.behind.drain_queue("SendMailDlq").await, [json!("poison")]);
    until("the mail is sent", async || world.inbox(&address).await.len() == 1).await;
}

#[tokio::test]
async fn a_mail_that_ses_refuses_comes_again_and_is_sent_once_it_may_be() {
    let world = World::beside("mail-refused", &[]).await;
    let (organisation, address) = with_admin(&world).await;
    let order = order(organisation);
    let event = event(&[("it", &body(&order))]);
    let taken = world.behind.without_statement("send-mail", "SendMail").await;
    for _ in 0..2 {
        let refused = world.behind.invoke("send-mail", &event).await;
        assert_eq!(refused.payload, json!({"batchItemFailures": [{"itemIdentifier": "it"}]}), "{}", refused.log_tail);
        assert!(refused.log_tail.contains("SES refuses the mail (AccessDenied"), "{}", refused.log_tail);
        assert!(!refused.log_tail.contains(&address), "{}", refused.log_tail);
        assert_eq!(record(&world, &order).await["leaseUntil"]["N"], "0", "given back");
    }
    world.behind.put_back(taken).await;
    let answer = world.behind.invoke("send-mail", &event).await;
    assert_eq!(answer.payload, json!({"batchItemFailures": []}), "{}", answer.log_tail);
    assert_eq!(world.inbox(&address).await.len(), 1);
}

#[tokio::test]
async fn what_another_worker_claimed_is_left_to_it_until_the_lease_ends() {
    let world = World::shared();
    let (organisation, address) = with_admin(&world).await;
    let order = order(organisation);
    let event = event(&[("it", &body(&order))]);
    let claimed = |until: i64| {
        json!({
            "pk": {"S": format!("MAIL#{organisation}")}, "sk": {"S": order.id.to_string()},
            "mailState": {"S": "SENDING"}, "claimId": {"S": Uuid::new_v4().to_string()},
            "leaseUntil": {"N": until.to_string()},
        })
    };
    world.behind.overwrite(&claimed(storage::now().millis() + 60_000)).await;
    let held = world.behind.invoke("send-mail", &event).await;
    assert_eq!(held.payload, json!({"batchItemFailures": [{"itemIdentifier": "it"}]}), "{}", held.log_tail);
    assert_eq!(world.inbox(&address).await, Vec::<Value>::new());
    world.behind.overwrite(&claimed(storage::now().millis() - 1)).await;
    let free = world.behind.invoke("send-mail", &event).await;
    assert_eq!(free.payload, json!({"batchItemFailures": []}), "{}", free.log_tail);
    assert_eq!(world.inbox(&address).await.len(), 1);
}

#[tokio::test]
async fn a_mail_that_cannot_be_noted_is_not_sent() {
    let world = World::beside("mail-unnoted", &[]).await;
    let (organisation, address) = with_admin(&world).await;
    let event = event(&[("it", &body(&order(organisation)))]);
    let taken = world.behind.without_statement("send-mail", "NoteMail").await;
    let failed = world.behind.invoke("send-mail", &event).await;
    assert_eq!(failed.payload, json!({"batchItemFailures": [{"itemIdentifier": "it"}]}), "{}", failed.log_tail);
    assert_eq!(world.inbox(&address).await, Vec::<Value>::new());
    world.behind.put_back(taken).await;
    let answer = world.behind.invoke("send-mail", &event).await;
    assert_eq!(answer.payload, json!({"batchItemFailures": []}), "{}", answer.log_tail);
    assert_eq!(world.inbox(&address).await.len(), 1);
}
