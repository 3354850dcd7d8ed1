//! Daily checks of monitored buyers.

use blackbox::{Draft, World};
use operator::OperatorError;
use serde_json::{Value, json};
use simulators::vies::magic_number;

use crate::outbox::run_due;
use crate::vies_checks::{buyer_of, checked, events, is_over, item, kyc_of, make_due, request, until_check};

#[tokio::test]
async fn monitored_buyers_are_checked_every_day_and_only_a_turn_to_invalid_is_told() {
    let world = World::beside("vies-daily", &[]).await;
    world.behind.tap_events().await;
    let draft = Draft::new().with(|organisation| organisation.monitor_vies = true);
    let organisation = draft.organisation.clone();
    let api = world.organisation(draft).await;
    let kyc = kyc_of(&api, &magic_number("FI", "200"), "MARKETPLACE_LED").await;
    assert_eq!(checked(&api, &kyc).await["origin"], "REQUESTED");
    assert_eq!(events(&world, &kyc, 1).await.len(), 1);
    let due_at = |standing: &Value| standing["dueAt"]["N"].as_str().unwrap().parse::<i64>().unwrap();
    let tomorrow = due_at(&item(&world, &kyc, "NOW#VIES").await) - storage::now().millis();
    assert!((0..=24 * 3_600_000).contains(&tomorrow), "{tomorrow} ms");

    // A second INVALID in a row is nothing new.
    make_due(&world, &kyc, "NOW#VIES").await;
    assert_eq!(run_due(&world).await, json!({"sent": 0, "unsent": 0, "checks": 1}));
    let newest = || async { api.get(&format!("{kyc}/vies-checks?size=1")).await.json["data"][0].clone() };
    let daily = newest().await;
    assert_eq!(daily["origin"], "MONITORED", "{daily}");
    until_check(&api, &kyc, &daily["checkId"], is_over).await;
    let history = api.get(&format!("{}/history", kyc.trim_end_matches("/kyc"))).await.json;
    assert_eq!(history["data"][3]["actor"], json!({"type": "SYSTEM", "function": "run-due"}));
    assert_eq!((&history["data"][4]["kind"], history["data"][4].get("effect")), (&json!("VIES_CHECKED"), None));

    // It was valid, and turned.
    let mut standing = item(&world, &kyc, "NOW#VIES").await;
    standing["verdict"]["M"]["result"]["S"] = json!("VALID");
    world.behind.overwrite(&standing).await;
    make_due(&world, &kyc, "NOW#VIES").await;
    assert_eq!(run_due(&world).await["checks"], 1);
    until_check(&api, &kyc, &newest().await["checkId"], is_over).await;
    let told = events(&world, &kyc, 1).await;
    assert_eq!((told.len(), &told[0]["detail"]["data"]["previousResult"]), (1, &json!("VALID")), "{told:?}");

    // Nobody wants it any more ...
    let unmonitored = domain::Organisation { monitor_vies: false, ..organisation.clone() };
    world.operator().put_organisation(&unmonitored).await.unwrap();
    make_due(&world, &kyc, "NOW#VIES").await;
    assert_eq!(run_due(&world).await["checks"], 0);
    assert!(item(&world, &kyc, "NOW#VIES").await.get("dueAt").is_none());
    let id = organisation.uuid;
    assert!(matches!(world.operator().plan_daily_checks(id).await, Err(OperatorError::Unmonitored(_))));

    // ... and now again: what was checked before is planned, once.
    world.operator().put_organisation(&organisation).await.unwrap();
    kyc_of(&api, &magic_number("FI", "100"), "MARKETPLACE_LED").await;
    assert_eq!(world.operator().plan_daily_checks(id).await.unwrap(), 1, "of two, one was never checked");
    assert_eq!(world.operator().plan_daily_checks(id).await.unwrap(), 0);
    make_due(&world, &kyc, "NOW#VIES").await;
    assert_eq!(run_due(&world).await["checks"], 1);
}

#[tokio::test]
async fn a_check_of_the_day_leaves_an_open_one_alone() {
    let world = World::beside("vies-daily-open", &[]).await;
    let api = world.organisation(Draft::new().with(|organisation| organisation.monitor_vies = true)).await;
    let kyc = kyc_of(&api, &magic_number("LT", "100"), "MARKETPLACE_LED").await;
    checked(&api, &kyc).await;
    world.behind.without_statement("relay-outbox", "SendCommands").await;
    let open = request(&api, &kyc).await.json["checkId"].clone();
    make_due(&world, &kyc, "NOW#VIES").await;
    assert_eq!(run_due(&world).await, json!({"sent": 0, "unsent": 0, "checks": 0}));
    let listed = api.get(&format!("{kyc}/vies-checks")).await.json;
    assert_eq!((listed["data"].as_array().map(Vec::len), &listed["data"][0]["checkId"]), (Some(2), &open));
    let standing = item(&world, &kyc, "NOW#VIES").await;
    assert!(standing["dueAt"]["N"].as_str().unwrap().parse::<i64>().unwrap() > storage::now().millis(), "tomorrow");
}

#[tokio::test]
async fn a_client_that_asks_while_the_check_of_the_day_is_open_hears_how_it_ends() {
    let world = World::beside("vies-joined", &[]).await;
    world.behind.tap_events().await;
    let api = world.organisation(Draft::new().with(|organisation| organisation.monitor_vies = true)).await;
    let kyc = kyc_of(&api, &magic_number("LV", "200"), "MARKETPLACE_LED").await;
    checked(&api, &kyc).await;
    let taken = world.behind.without_statement("relay-outbox", "SendCommands").await;
    make_due(&world, &kyc, "NOW#VIES").await;
    assert_eq!(run_due(&world).await["checks"], 1);
    let joined = request(&api, &kyc).await.json;
    assert_eq!(joined["status"], "IN_PROGRESS");
    assert_eq!(request(&api, &kyc).await.json, joined, "once more is nothing new");
    world.behind.put_back(taken).await;
    make_due(&world, &kyc, "REV#000000000003").await;
    run_due(&world).await;
    until_check(&api, &kyc, &joined["checkId"], is_over).await;
    let told = events(&world, &kyc, 2).await;
    let previous: Vec<_> = told.iter().map(|event| event["detail"]["data"]["previousResult"].clone()).collect();
    assert_eq!(previous, ["UNKNOWN", "INVALID"], "though the number was invalid before: {told:?}");
    let history = api.get(&format!("{}/history", kyc.trim_end_matches("/kyc"))).await.json;
    let kinds: Vec<_> = history["data"].as_array().unwrap().iter().map(|it| it["kind"].clone()).collect();
    let (asked, made) = ("VIES_CHECK_REQUESTED", "VIES_CHECKED");
    assert_eq!(kinds, ["CREATED", asked, made, asked, asked, made], "by a client, by run-due, and by a client again");
    assert_eq!(world.operator().verify_history(buyer_of(&kyc)).await.unwrap(), Ok(6));
}
