//! In whose name VIES is asked, and who hears that it does not accept that.

use blackbox::{Draft, World, until};
use serde_json::json;
use simulators::vies::magic_number;
use uuid::Uuid;

use crate::vies_checks::{asked_about, checked, give_number, kyc_of};

#[tokio::test]
async fn a_seller_whose_number_vies_refuses_gets_its_verdict_and_its_admin_a_mail() {
    let world = World::shared();
    let admin = format!("admin-{}@marketplace.example", Uuid::new_v4().simple());
    let draft = Draft::new().with(|organisation| organisation.admin_email = Some(admin.clone()));
    let copy = Draft { organisation: draft.organisation.clone(), sellers: draft.sellers.clone() };
    let api = world.organisation(copy).await;
    give_number(&world, &api, &draft, &magic_number("AT", "202")).await;
    let number = magic_number("DK", "100");
    let kyc = kyc_of(&api, &number, "MARKETPLACE_LED").await;
    let check = checked(&api, &kyc).await;
    assert_eq!((&check["result"], &check["attempts"]), (&json!("VALID"), &json!(2)), "{check}");
    assert_eq!(check.get("consultationNumber"), None, "in nobody's name");
    assert_eq!(check["lastFailure"]["reason"], "REQUESTER_REFUSED");
    let history = api.get(&format!("{}/history", kyc.trim_end_matches("/kyc"))).await.json;
    assert_eq!(history["data"][2]["kind"], "VIES_REQUESTER_REFUSED");
    assert_eq!(history["data"][2]["changes"][0]["after"]["requester"], magic_number("AT", "202"));
    assert_eq!(history["data"][2]["effect"], "send-mail");
    assert_eq!(asked_about(&world, &number).await.len(), 2);
    let inbox = || async { world.inbox(&admin).await };
    until("a mail", async || !inbox().await.is_empty()).await;
    let mails = inbox().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(json!(mails).to_string().contains(&magic_number("AT", "202")), "{mails:?}");
}

#[tokio::test]
async fn a_number_that_another_organisation_registered_is_that_ones_to_put_right() {
    let world = World::shared();
    let admins = ["asks", "registered"].map(|who| format!("{who}-{}@marketplace.example", Uuid::new_v4().simple()));
    let seller = domain::SellerId(Uuid::new_v4());
    let [asks, registered] = admins.each_ref().map(|admin| {
        Draft::new().with(|organisation| organisation.admin_email = Some(admin.clone())).acting_for(&[seller])
    });
    let copy = Draft { organisation: registered.organisation.clone(), sellers: registered.sellers.clone() };
    let (api, other) = (world.organisation(asks).await, world.organisation(registered).await);
    give_number(&world, &other, &copy, &magic_number("PL", "202")).await;
    let kyc = kyc_of(&api, &magic_number("BG", "100"), "MARKETPLACE_LED").await;
    assert_eq!(checked(&api, &kyc).await["result"], "VALID");
    until("a mail", async || !world.inbox(&admins[1]).await.is_empty()).await;
    assert_eq!(world.inbox(&admins[0]).await.len(), 0);
}
