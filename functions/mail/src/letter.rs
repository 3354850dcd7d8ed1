//! The words of a mail: the same paragraphs as plain text and as HTML.

use std::fmt::Write as _;

use domain::{MailOrder, Notice};

/// A mail without its address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// One line.
    pub(crate) subject: String,
    /// Plain text.
    pub(crate) text: String,
    /// The alternative for who prefers it; loads nothing from anywhere.
    pub(crate) html: String,
}

/// What a notice comes to.
struct Wording {
    subject: String,
    /// What happened, then what to do.
    paragraphs: Vec<String>,
}

impl Letter {
    /// To the organisation that calls itself so.
    pub(crate) fn of(MailOrder { id, notice, .. }: &MailOrder, organisation: &str) -> Self {
        let Wording { subject, paragraphs } = wording(notice);
        let organisation: String = organisation.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let first = format!("To the administrator of {organisation}:");
        let last = format!("This mail was sent by the buyer onboarding service. Its number is {id}.");
        let paragraphs: Vec<_> = [first].into_iter().chain(paragraphs).chain([last]).collect();
        let text = paragraphs.join("\n\n") + "\n";
        let html = html(&subject, &paragraphs);
        Self { subject, text, html }
    }
}

fn wording(notice: &Notice) -> Wording {
    match notice {
        Notice::RequesterRefused { seller, vat_number } => Wording {
            subject: format!("VIES does not accept the VAT number {vat_number}"),
            paragraphs: vec![
                format!(
                    "Buyers of your seller {seller} are checked in the seller's own name, under its VAT number \
                     {vat_number}. VIES, the VAT register of the European Commission, does not accept this number."
                ),
                "Checks go on without it. Their results are the same, but their consultation numbers do not name the \
                 seller and so are no evidence that it asked."
                    .to_owned(),
                "Please compare the number with the seller's registration, and tell us the right one. If the number is \
                 right, ask the seller's tax office why VIES does not know it."
                    .to_owned(),
                "As long as checks meet this, you will be told once a day.".to_owned(),
            ],
        },
        Notice::WebhookFailing { webhook, failures, since } => Wording {
            subject: format!("Your webhook endpoint {webhook} does not take its deliveries"),
            paragraphs: vec![
                format!(
                    "The last {failures} attempts to deliver events to your webhook endpoint {webhook} failed, the first \
                     of them at {since}."
                ),
                "Each event is tried again for 48 hours. If 20 attempts in a row fail, or all of 72 hours, the endpoint \
                 will be paused: events are then kept for 30 days and sent once you resume it."
                    .to_owned(),
                format!(
                    "What your endpoint answered is listed at GET /v1/webhooks/{webhook}/deliveries. Please see to it \
                     that it answers with a status from 200 to 299 within 10 seconds."
                ),
            ],
        },
        Notice::WebhookPaused { webhook, failures, since } => Wording {
            subject: format!("Your webhook endpoint {webhook} is paused"),
            paragraphs: vec![
                format!(
                    "The last {failures} attempts to deliver events to your webhook endpoint {webhook} failed, the first \
                     of them at {since}. The endpoint is paused now."
                ),
                "Events for it are kept for 30 days. They are sent, oldest first, once you resume it.".to_owned(),
                format!(
                    "Please see to it that it answers with a status from 200 to 299 within 10 seconds, and then resume it: \
                     PATCH /v1/webhooks/{webhook} with {{\"status\": \"ACTIVE\"}}."
                ),
            ],
        },
        Notice::WebhookDisabled { webhook, since } => Wording {
            subject: format!("Your webhook endpoint {webhook} is disabled"),
            paragraphs: vec![
                format!(
                    "Your webhook endpoint {webhook} answered a delivery with status 410 at {since}: it is gone for good. \
                     So it is disabled, and nothing more is recorded or sent for it."
                ),
                format!(
                    "If that was a mistake, enable it: PATCH /v1/webhooks/{webhook} with {{\"status\": \"ACTIVE\"}}. Events of \
                     the meantime are not delivered; what failed before is, with POST /v1/webhooks/{webhook}/recover."
                ),
            ],
        },
    }
}

fn html(subject: &str, paragraphs: &[String]) -> String {
    let subject = escaped(subject);
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{subject}</title></head>\n<body>\n"
    );
    for paragraph in paragraphs {
        let _ = writeln!(html, "<p>{}</p>", escaped(paragraph));
    }
    html + "</body>\n</html>\n"
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use domain::{Instant, OrganisationId, SellerId, VatNumber, WebhookId};

    use super::*;

    fn letter(organisation: &str) -> (Letter, MailOrder) {
        let ids = ["a0000000-0000-4000-8000-000000000001", "b0000000-0000-4000-8000-000000000011"];
        let organisation_id: OrganisationId = ids[0].parse().unwrap();
        let seller: SellerId = ids[1].parse().unwrap();
        let number = VatNumber::parse("DE136695976").unwrap();
        let order = MailOrder::requester_refused(organisation_id, seller, number, Instant::from_millis(0));
        (Letter::of(&order, organisation), order)
    }

    #[test]
    fn a_refused_requester_is_told_which_number_of_which_seller_and_what_to_do() {
        let (letter, order) = letter("Muster");
        assert_eq!(letter.subject, "VIES does not accept the VAT number DE136695976");
        assert!(letter.text.starts_with("To the administrator of Muster:\n\nBuyers of your seller "));
        for fact in ["b0000000-0000-4000-8000-000000000011", "DE136695976", "tell us the right one"] {
            assert!(letter.text.contains(fact), "{fact}: {}", letter.text);
        }
        assert!(letter.text.ends_with(&format!("Its number is {}.\n", order.id)));
    }

    #[test]
    fn who_runs_an_endpoint_that_fails_is_told_which_since_when_and_what_to_do() {
        let organisation: OrganisationId = "a0000000-0000-4000-8000-000000000001".parse().unwrap();
        let webhook: WebhookId = "wh_0f8e2c5a51b75d0a9e634b1fa7c2d895".parse().unwrap();
        let row = (20, "2026-11-22T09:30:00Z".parse().unwrap());
        for (order, facts) in [
            (MailOrder::webhook_failing(organisation, webhook.clone(), row), ["will be paused", "/deliveries"]),
            (
                MailOrder::webhook_paused(organisation, webhook.clone(), row),
                ["is paused now", "\"status\": \"ACTIVE\""],
            ),
        ] {
            let letter = Letter::of(&order, "Muster");
            assert!(letter.subject.contains(&webhook.to_string()), "{}", letter.subject);
            for fact in facts.into_iter().chain(["last 20 attempts", "2026-11-22T09:30:00.000Z", "200 to 299"]) {
                assert!(letter.text.contains(fact), "{fact}: {}", letter.text);
            }
        }
    }

    #[test]
    fn the_alternative_says_the_same_and_a_name_cannot_break_out_of_it() {
        let (letter, _) = letter("A & B <script>alert(\"1\")</script>\r\nBcc: 'x'");
        assert!(letter.text.starts_with("To the administrator of A & B <script>alert(\"1\")</script>  Bcc: 'x':\n"));
        let first = "<p>To the administrator of A &amp; B &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;  \
                     Bcc: &#39;x&#39;:</p>";
        assert!(letter.html.contains(first), "{}", letter.html);
        let shown = letter.html.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
        let shown = shown.replace("&quot;", "\"").replace("&#39;", "'");
        for paragraph in letter.text.trim_end().split("\n\n") {
            assert!(shown.contains(&format!("<p>{paragraph}</p>\n")), "{paragraph}");
        }
        assert_eq!(letter.html.matches("<p>").count(), letter.text.trim_end().split("\n\n").count());
    }
}
