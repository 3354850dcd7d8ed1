//! Checks of VAT numbers: requested over HTTP, made by the worker behind the queue, shown in all places.

use blackbox::{Api, Draft, Reply, World, buyer_body, event_file, found, send, until};
use domain::{BuyerId, EventId, Seller};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::vies::{CODES, magic_number};
use uuid::Uuid;

use crate::outbox::run_due;

/// Creates a buyer with that number; the path of its KYC.
pub(crate) async fn kyc_of(api: &Api, vat_number: &str, mode: &str) -> String {
    let mut body = buyer_body(vat_number);
    body["kycMode"] = json!(mode);
    let created = api.upsert(&body).await;
    assert_eq!(created.status, 201, "{created:?}");
    format!("{}/kyc", created.header("location").unwrap())
}

/// Requests a check under a fresh key.
pub(crate) async fn request(api: &Api, kyc: &str) -> Reply {
    send(api.write(Method::POST, &format!("{kyc}/vies-check"))).await
}

/// The check, once it is as wanted.
pub(crate) async fn until_check(api: &Api, kyc: &str, check: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    let path = format!("{kyc}/vies-checks/{}", check.as_str().expect("an id"));
    found(&format!("the check as wanted: {path}"), async || {
        let reply = api.get(&path).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        wanted(&reply.json).then_some(reply.json)
    })
    .await
}

pub(crate) fn is_over(check: &Value) -> bool {
    check["status"] != "IN_PROGRESS"
}

/// Requests a check and waits for its end.
pub(crate) async fn checked(api: &Api, kyc: &str) -> Value {
    let requested = request(api, kyc).await;
    assert_eq!((requested.status, &requested.json["status"]), (202, &json!("QUEUED")), "{requested:?}");
    until_check(api, kyc, &requested.json["checkId"], is_over).await
}

pub(crate) fn buyer_of(kyc: &str) -> BuyerId {
    kyc.split('/').nth(5).and_then(|id| id.parse().ok()).expect("a path of a buyer")
}

/// The item of the buyer whose sort key begins so.
pub(crate) async fn item(world: &World, kyc: &str, prefix: &str) -> Value {
    let items = world.behind.items(&format!("BUYER#{}", buyer_of(kyc))).await;
    let found = items.into_iter().find(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with(prefix)));
    found.unwrap_or_else(|| panic!("no item {prefix}"))
}

fn millis(seconds_from_now: i64) -> String {
    storage::now().plus_seconds(seconds_from_now).millis().to_string()
}

/// Whatever waits in that item is due at once; a check may also be asked about at once.
pub(crate) async fn make_due(world: &World, kyc: &str, prefix: &str) {
    let mut waiting = item(world, kyc, prefix).await;
    assert!(waiting.get("dueAt").is_some(), "nothing waits: {waiting}");
    waiting["dueAt"]["N"] = json!(millis(-10));
    if waiting.get("nextAttemptAt").is_some() {
        waiting["nextAttemptAt"]["S"] = json!(storage::now().plus_seconds(-10).to_string());
    }
    world.behind.overwrite(&waiting).await;
}

/// The events about the buyer that came out of the bus, waiting for at least so many.
pub(crate) async fn events(world: &World, kyc: &str, at_least: usize) -> Vec<Value> {
    let (buyer, mut events) = (buyer_of(kyc), Vec::new());
    until(&format!("{at_least} events about {buyer}"), async || {
        let drained = world.behind.drain_events().await;
        events.extend(drained.into_iter().filter(|message| message["detail"]["data"]["buyerUuid"] == json!(buyer)));
        events.len() >= at_least
    })
    .await;
    events
}

/// The seller of the API's client has that VAT number.
pub(crate) async fn give_number(world: &World, api: &Api, draft: &Draft, vat_number: &str) {
    let seller = Seller {
        uuid: api.seller.parse().unwrap(),
        name: "Test seller".to_owned(),
        country: "AT".to_owned(),
        vat_number: Some(domain::VatNumber::parse(vat_number).unwrap()),
    };
    world.operator().put_seller(draft.organisation.uuid, &seller).await.unwrap();
}

/// What the simulator was asked about that number.
pub(crate) async fn asked_about(world: &World, vat_number: &str) -> Vec<Value> {
    let url = format!("{}/_simulator/checks", world.stack.vies_url);
    let all: Vec<Value> = reqwest::get(url).await.unwrap().json().await.unwrap();
    let is_it = |asked: &Value| {
        format!("{}{}", asked["countryCode"].as_str().unwrap(), asked["vatNumber"].as_str().unwrap()) == vat_number
    };
    all.into_iter().filter(is_it).collect()
}

#[tokio::test]
async fn a_requested_check_is_made_in_the_sellers_name_and_shown_in_both_modes() {
    let world = World::shared();
    let draft = Draft::new();
    let organisation = draft.organisation.clone();
    let api = world.organisation(Draft { organisation, sellers: draft.sellers.clone() }).await;
    give_number(&world, &api, &draft, "ATU13585627").await;
    for (mode, number) in [("MARKETPLACE_LED", "FR40303265045"), ("NT24_LED", "IT00743110157")] {
        let kyc = kyc_of(&api, number, mode).await;
        let requested = request(&api, &kyc).await;
        assert_eq!((requested.status, &requested.json["status"]), (202, &json!("QUEUED")), "{requested:?}");
        let location = format!("{kyc}/vies-checks/{}", requested.json["checkId"].as_str().unwrap());
        assert_eq!(requested.header("location"), Some(location.as_str()));

        let check = until_check(&api, &kyc, &requested.json["checkId"], is_over).await;
        assert_eq!((&check["status"], &check["result"]), (&json!("COMPLETED"), &json!("VALID")), "{check}");
        assert_eq!((&check["vatNumber"], &check["origin"]), (&json!(number), &json!("REQUESTED")));
        let name = format!("Company {number}");
        assert_eq!((&check["attempts"], &check["name"]), (&json!(1), &json!(name)), "{check}");
        assert!(check["address"].as_str().is_some_and(|address| address.contains('\n')), "{check}");
        assert!(check["consultationNumber"].as_str().is_some_and(|number| number.starts_with("WAPIAAAA")), "{check}");
        let matches = check["traderMatches"].as_object().unwrap();
        assert_eq!(matches.keys().collect::<Vec<_>>(), ["city", "name", "postCode", "street"], "{check}");
        assert!(check["checkedAt"].is_string() && check["requestDate"].is_string(), "{check}");

        let [asked] = &asked_about(&world, number).await[..] else { panic!("asked once") };
        assert_eq!(
            (&asked["requesterMemberStateCode"], &asked["requesterNumber"], &asked["traderName"]),
            (&json!("AT"), &json!("U13585627"), &json!("Muster Fahrzeughandel GmbH"))
        );

        let status = api.get(&kyc).await.json;
        assert_eq!((&status["viesResult"], &status["viesLastCheckedAt"]), (&json!("VALID"), &check["checkedAt"]));
        assert_eq!((&status["requirements"]["pending"], &status["seq"]), (&json!([]), &json!(2)));
        let listed = api.get(&format!("{kyc}/vies-checks")).await.json;
        assert_eq!(listed, json!({"data": [check], "pagination": {"size": 20}}));

        let history = api.get(&format!("{}/history", kyc.trim_end_matches("/kyc"))).await;
        let kinds: Vec<_> = history.json["data"].as_array().unwrap().iter().map(|it| it["kind"].clone()).collect();
        assert_eq!(kinds, ["CREATED", "VIES_CHECK_REQUESTED", "VIES_CHECKED"]);
        assert_eq!(history.json["data"][1]["effect"], "check-vies");
        assert_eq!(history.json["data"][2]["actor"], json!({"type": "SYSTEM", "function": "check-vies"}));
        assert!(history.text.contains("WAPIAAAA") && history.text.contains("viesResult"), "{}", history.text);
        assert!(!history.text.contains(&name), "the registered name may be a person's");
        assert_eq!(world.operator().verify_history(buyer_of(&kyc)).await.unwrap(), Ok(3));
        let revision = item(&world, &kyc, "REV#000000000002").await;
        assert!(!revision["content"]["S"].as_str().unwrap().contains(&name));
        assert!(revision["personal"].to_string().contains(&name), "beside the hashed bytes: {revision}");
        assert_eq!(api.get(kyc.trim_end_matches("/kyc")).await.header("etag"), Some("\"0\""), "no business data");
    }
}

#[tokio::test]
async fn a_check_that_ends_invalid_is_an_event_as_published() {
    let world = World::beside("vies-event", &[]).await;
    world.behind.tap_events().await;
    let api = world.organisation(Draft::new()).await;
    let number = magic_number("DE", "200");
    let kyc = kyc_of(&api, &number, "MARKETPLACE_LED").await;
    let first = checked(&api, &kyc).await;
    assert_eq!((&first["result"], first.get("name")), (&json!("INVALID"), None), "{first}");
    let second = checked(&api, &kyc).await;
    let found = events(&world, &kyc, 2).await;
    assert_eq!(found.len(), 2, "every check that a client requested: {found:?}");
    for (event, (check, previous, seq)) in found.iter().zip([(&first, "UNKNOWN", 2), (&second, "INVALID", 4)]) {
        assert_eq!(
            (&event["source"], &event["detail-type"]),
            (&json!("novatrade24.onboarding"), &json!("kyc.vies_check_failed"))
        );
        let id = EventId::of(buyer_of(&kyc), seq, "kyc.vies_check_failed");
        let revision = api.get(&format!("{}/history?size=100", kyc.trim_end_matches("/kyc"))).await.json;
        let created_at = revision["data"][usize::try_from(seq).unwrap()]["at"].clone();
        assert_eq!(
            event["detail"],
            json!({
                "id": id, "type": "kyc.vies_check_failed", "schemaVersion": 1, "source": "SYSTEM",
                "createdAt": created_at, "partnerUuid": api.seller,
                "data": {
                    "buyerUuid": buyer_of(&kyc), "vatNumber": number, "previousResult": previous,
                    "currentResult": "INVALID", "checkedAt": check["checkedAt"],
                    "reason": "VIES answers that the number is not registered for cross-border trade.",
                    "seq": seq, "buyerVersion": 0
                }
            })
        );
    }
    let status = api.get(&kyc).await.json;
    assert_eq!((&status["viesResult"], &status["overallStatus"]), (&json!("INVALID"), &json!("INVALID")));
    assert_eq!(status["requirements"]["errors"][0]["code"], "VAT_NUMBER_INVALID");
}

#[tokio::test]
async fn as_long_as_a_check_is_open_it_is_the_only_one_however_many_ask() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let kyc = kyc_of(&api, &magic_number("EE", "301"), "MARKETPLACE_LED").await;
    let replies: Vec<Reply> =
        futures_util::future::join_all((0..20).map(|_| request(&api, &kyc))).await.into_iter().collect();
    let check = replies[0].json["checkId"].clone();
    assert!(replies.iter().all(|reply| reply.status == 202 && reply.json["checkId"] == check), "{replies:?}");
    let queued = replies.iter().filter(|reply| reply.json["status"] == "QUEUED").count();
    let in_progress = replies.iter().filter(|reply| reply.json["status"] == "IN_PROGRESS").count();
    assert_eq!((queued, in_progress), (1, 19));
    let listed = api.get(&format!("{kyc}/vies-checks")).await.json;
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");

    let tried = until_check(&api, &kyc, &check, |check| check["attempts"] == 1).await;
    assert_eq!(
        (&tried["status"], &tried["lastFailure"]["reason"], &tried["lastFailure"]["cause"]),
        (&json!("IN_PROGRESS"), &json!("STATE_UNAVAILABLE"), &json!("MS_UNAVAILABLE"))
    );
    let status = api.get(&kyc).await.json;
    assert_eq!((&status["viesResult"], &status["overallStatus"]), (&json!("PENDING"), &json!("INCOMPLETE")));
    assert_eq!(status["requirements"]["pending"][0]["code"], "VIES_CHECK_PENDING");
}

/// The documented table of the sandbox, whole: what each answer of VIES leads to at the first attempt.
#[tokio::test]
async fn whatever_vies_answers_only_its_own_no_is_a_no() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let outcomes = CODES.map(|code| {
        let (kyc, api) = (kyc_of, api.clone());
        async move {
            let kyc = kyc(&api, &magic_number("ES", code), "MARKETPLACE_LED").await;
            let requested = request(&api, &kyc).await;
            let check = until_check(&api, &kyc, &requested.json["checkId"], |check| check["attempts"] != 0).await;
            let result = api.get(&kyc).await.json["viesResult"].clone();
            (code, check, result)
        }
    });
    for (code, check, result) in futures_util::future::join_all(outcomes).await {
        let (status, reason, shown) = match code {
            "100" => ("COMPLETED", None, "VALID"),
            "200" => ("COMPLETED", None, "INVALID"),
            "201" => ("GIVEN_UP", Some("INPUT_REFUSED"), "UNKNOWN"),
            "202" => ("GIVEN_UP", Some("REQUESTER_REFUSED"), "UNKNOWN"),
            "400" => ("GIVEN_UP", Some("NUMBER_BLOCKED"), "UNKNOWN"),
            "401" => ("GIVEN_UP", Some("ADDRESS_BLOCKED"), "UNKNOWN"),
            "301" | "708" | "709" => ("IN_PROGRESS", Some("STATE_UNAVAILABLE"), "PENDING"),
            "500" | "501" | "600" | "601" | "704" | "705" => ("IN_PROGRESS", Some("THROTTLED"), "PENDING"),
            _ => ("IN_PROGRESS", Some("SERVICE_UNAVAILABLE"), "PENDING"),
        };
        let found = (check["status"].as_str(), check["lastFailure"]["reason"].as_str(), result.as_str());
        assert_eq!(found, (Some(status), reason, Some(shown)), "{code}: {check}");
        let at = |text: &Value| {
            text.as_str().and_then(|text| text.parse::<domain::Instant>().ok()).map(domain::Instant::seconds)
        };
        let (asked, last) = (at(&check["requestedAt"]).unwrap(), at(&check["lastFailure"]["at"]));
        let wait = at(&check["nextAttemptAt"]).zip(last).map(|(next, last)| next - last);
        // On a busy machine it waited in the queue, and an older check waits longer.
        let age = last.unwrap_or(asked) - asked;
        match reason.filter(|_| status == "IN_PROGRESS") {
            Some("THROTTLED") => {
                assert!(wait.is_some_and(|wait| (4..=8.max(age / 2)).contains(&wait)), "{code}: {wait:?} at {age}");
            }
            Some(_) => {
                assert!(wait.is_some_and(|wait| (119..=181.max(age)).contains(&wait)), "{code}: {wait:?} at {age}");
            }
            None => assert_eq!(wait, None, "{code}"),
        }
    }
}

#[tokio::test]
async fn a_state_that_is_busy_is_asked_again_through_the_index_until_it_answers() {
    let world = World::beside("vies-again", &[]).await;
    let api = world.organisation(Draft::new()).await;
    let kyc = kyc_of(&api, &magic_number("SK", "705"), "MARKETPLACE_LED").await;
    let check = request(&api, &kyc).await.json["checkId"].clone();
    for attempts in 1..=2 {
        let tried = until_check(&api, &kyc, &check, |check| check["attempts"] == attempts).await;
        assert_eq!(tried["status"], "IN_PROGRESS", "{tried}");
        assert_eq!(run_due(&world).await["sent"], 0, "not before its time");
        make_due(&world, &kyc, "VIES#").await;
        assert_eq!(run_due(&world).await, json!({"sent": 1, "unsent": 0, "checks": 0}));
    }
    let over = until_check(&api, &kyc, &check, is_over).await;
    assert_eq!((&over["result"], &over["attempts"]), (&json!("VALID"), &json!(3)));
    assert_eq!(over["lastFailure"]["cause"], "MS_MAX_CONCURRENT_REQ", "the failures before it stay known");
    assert!(item(&world, &kyc, "VIES#").await.get("dueAt").is_none(), "nobody asks again");
    let history = api.get(&format!("{}/history", kyc.trim_end_matches("/kyc"))).await.json;
    assert_eq!(history["data"].as_array().map(Vec::len), Some(3), "attempts without an answer change no buyer");
}

#[tokio::test]
async fn after_72_hours_a_check_is_given_up_with_its_last_reason_and_another_can_be_requested() {
    let world = World::beside("vies-72h", &[]).await;
    world.behind.tap_events().await;
    let api = world.organisation(Draft::new()).await;
    let kyc = kyc_of(&api, &magic_number("LV", "300"), "MARKETPLACE_LED").await;
    let check = request(&api, &kyc).await.json["checkId"].clone();
    until_check(&api, &kyc, &check, |check| check["attempts"] == 1).await;
    let mut old = item(&world, &kyc, "VIES#").await;
    old["requestedAt"]["S"] = json!(storage::now().plus_seconds(-72 * 3600).to_string());
    world.behind.overwrite(&old).await;
    make_due(&world, &kyc, "VIES#").await;
    assert_eq!(run_due(&world).await["sent"], 1);
    let over = until_check(&api, &kyc, &check, is_over).await;
    assert_eq!((&over["status"], &over["attempts"]), (&json!("GIVEN_UP"), &json!(2)), "{over}");
    assert!(over["givenUpAt"].is_string() && over.get("result").is_none(), "{over}");
    let status = api.get(&kyc).await.json;
    assert_eq!((&status["viesResult"], &status["overallStatus"]), (&json!("UNKNOWN"), &json!("INCOMPLETE")));
    assert_eq!(
        status["requirements"]["errors"],
        json!([{"code": "VIES_CHECK_GIVEN_UP",
            "message": "VIES gave no verdict within 72 hours, lastly: SERVICE_UNAVAILABLE. Request another check."}])
    );
    assert_eq!(events(&world, &kyc, 0).await, Vec::<Value>::new(), "not to know is no failed check");
    let next = request(&api, &kyc).await.json;
    assert_eq!(next["status"], "QUEUED");
    assert_eq!(api.get(&kyc).await.json["requirements"]["errors"], json!([]), "another one was begun");
}

#[tokio::test]
async fn a_command_that_the_relay_could_not_send_or_that_was_lost_is_sent_again() {
    let world = World::beside("vies-lost", &[]).await;
    let api = world.organisation(Draft::new()).await;
    world.behind.without_statement("relay-outbox", "SendCommands").await;
    let kyc = kyc_of(&api, &magic_number("PT", "100"), "MARKETPLACE_LED").await;
    let check = request(&api, &kyc).await.json["checkId"].clone();
    assert_eq!(run_due(&world).await["sent"], 0, "the relay has two minutes");
    make_due(&world, &kyc, "REV#000000000001").await;
    let taken = world.behind.without_statement("check-vies", "ChangeBuyer").await;
    assert_eq!(run_due(&world).await["sent"], 1);
    // The worker takes the message and cannot do what it says: the check is still due.
    until("the message is taken", async || world.behind.messages_of("CheckViesQueue").await == 0).await;
    world.behind.put_back(taken).await;
    let waiting = item(&world, &kyc, "VIES#").await;
    let due_in = waiting["dueAt"]["N"].as_str().unwrap().parse::<i64>().unwrap() - storage::now().millis();
    assert!((13 * 60_000..=15 * 60_000).contains(&due_in), "left to its queue for a while: {due_in} ms");
    world
        .behind
        .aws("sqs", "AmazonSQS.PurgeQueue", &json!({"QueueUrl": world.behind.deployment.queues["CheckViesQueue"]}))
        .await;
    make_due(&world, &kyc, "VIES#").await;
    assert_eq!(run_due(&world).await["sent"], 1);
    assert_eq!(until_check(&api, &kyc, &check, is_over).await["result"], "VALID");
}

#[tokio::test]
async fn a_blocked_buyer_is_checked_like_any_other() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let kyc = kyc_of(&api, &magic_number("MT", "100"), "MARKETPLACE_LED").await;
    let block = format!("{}/block", kyc.trim_end_matches("/kyc"));
    assert_eq!(send(api.write(Method::POST, &block)).await.status, 200);
    assert_eq!(checked(&api, &kyc).await["result"], "VALID");
}

fn record(number: usize, group: &str, body: &Value) -> Value {
    let mut record = event_file("check-vies", &[("BUYER", ""), ("CHECK", "")])["Records"][0].clone();
    record["messageId"] = json!(format!("message-{number}"));
    record["attributes"]["MessageGroupId"] = json!(group);
    record["body"] = body.as_str().map_or_else(|| json!(body.to_string()), |text| json!(text));
    record
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_named_alone_with_those_behind_it_in_its_lane() {
    let world = World::beside("vies-poison", &[]).await;
    let api = world.organisation(Draft::new()).await;
    world.behind.without_statement("relay-outbox", "SendCommands").await;
    let mut checks = Vec::new();
    for state in ["HU", "LU", "SI"] {
        let kyc = kyc_of(&api, &magic_number(state, "100"), "MARKETPLACE_LED").await;
        let check = request(&api, &kyc).await.json["checkId"].clone();
        checks.push((kyc, check));
    }
    let body =
        |(kyc, check): &(String, Value)| json!({"buyer": buyer_of(kyc), "checkId": check, "vatNumber": "HU12399100"});
    let batch = json!({"Records": [
        record(0, "HU-0", &body(&checks[0])),
        record(1, "LU-0", &json!("{")),
        record(2, "SI-1", &body(&checks[2])),
        record(3, "LU-0", &body(&checks[1])),
    ]});
    let answer = world.behind.invoke("check-vies", &batch).await;
    let named = json!({"batchItemFailures": [{"itemIdentifier": "message-1"}, {"itemIdentifier": "message-3"}]});
    assert_eq!(answer.payload, named, "{}", answer.log_tail);
    for (index, over) in [(0, true), (1, false), (2, true)] {
        let (kyc, check) = &checks[index];
        let path = format!("{kyc}/vies-checks/{}", check.as_str().unwrap());
        assert_eq!(is_over(&api.get(&path).await.json), over, "{path}");
    }
    let again = world.behind.invoke("check-vies", &json!({"Records": [record(0, "HU-0", &body(&checks[0]))]})).await;
    assert_eq!(again.payload, json!({"batchItemFailures": []}), "a message that comes twice is done");
    let (kyc, check) = &checks[0];
    let after = api.get(&format!("{kyc}/vies-checks/{}", check.as_str().unwrap())).await.json;
    assert_eq!(after["attempts"], 1, "and changes nothing");
}

#[tokio::test]
async fn what_cannot_be_read_ends_in_the_dead_letter_queue_and_other_lanes_go_on() {
    let world = World::beside("vies-dlq", &[]).await;
    let api = world.organisation(Draft::new()).await;
    // It comes again at once and not after minutes.
    world.behind.change_queue("CheckViesQueue", ("VisibilityTimeout", "1")).await;
    world.behind.put_into_group("CheckViesQueue", "SI-0", "poison").await;
    let kyc = kyc_of(&api, &magic_number("HU", "100"), "MARKETPLACE_LED").await;
    assert_eq!(checked(&api, &kyc).await["result"], "VALID");
    until("it ends in the dead-letter queue", async || world.behind.messages_of("CheckViesDlq").await > 0).await;
    assert_eq!(world.behind.drain_queue("CheckViesDlq").await, [json!("poison")]);
}

#[tokio::test]
async fn a_table_that_refuses_keeps_no_lane_waiting_and_is_told_for_the_alarm() {
    let world = World::beside("vies-stuck", &[]).await;
    let api = world.organisation(Draft::new()).await;
    world.behind.without_statement("relay-outbox", "SendCommands").await;
    let kyc = kyc_of(&api, &magic_number("CY", "100"), "MARKETPLACE_LED").await;
    let check = request(&api, &kyc).await.json["checkId"].clone();
    let body = json!({"buyer": buyer_of(&kyc), "checkId": check, "vatNumber": "CY1"});
    let batch = json!({"Records": [record(0, "CY-0", &body)]});
    let taken = world.behind.without_statement("check-vies", "ChangeBuyer").await;
    let answer = world.behind.invoke("check-vies", &batch).await;
    assert_eq!(answer.payload, json!({"batchItemFailures": []}), "{}", answer.log_tail);
    assert_eq!(answer.lines().filter(|line| line["alarm"] == "stuck").count(), 1, "{}", answer.log_tail);
    world.behind.put_back(taken).await;
    make_due(&world, &kyc, "VIES#").await;
    assert_eq!(run_due(&world).await["sent"], 1);
    assert_eq!(until_check(&api, &kyc, &check, is_over).await["result"], "VALID");
}

#[tokio::test]
async fn what_an_operator_has_to_see_to_is_logged_for_the_alarm_and_nothing_personal_is() {
    let world = World::beside("vies-alarm", &[]).await;
    let api = world.organisation(Draft::new()).await;
    world.behind.without_statement("relay-outbox", "SendCommands").await;
    let alarming = ["400", "401", "202", "713"].map(|code| (code, true));
    for (code, alarms) in alarming.into_iter().chain(["201", "300", "301", "100"].map(|code| (code, false))) {
        let kyc = kyc_of(&api, &magic_number("RO", code), "MARKETPLACE_LED").await;
        let check = request(&api, &kyc).await.json["checkId"].clone();
        let body = json!({"buyer": buyer_of(&kyc), "checkId": check, "vatNumber": "RO1"});
        let answer = world.behind.invoke("check-vies", &json!({"Records": [record(0, "RO-0", &body)]})).await;
        assert_eq!(answer.payload, json!({"batchItemFailures": []}), "{}", answer.log_tail);
        let counted = answer.lines().filter(|line| line["alarm"] == "vies-refused").count();
        assert_eq!(counted > 0, alarms, "{code}: {}", answer.log_tail);
        for personal in ["Company", "Main Street", "Muster", "Hafen"] {
            assert!(!answer.log_tail.contains(personal), "{code}: the log shows {personal}");
        }
    }
}

#[tokio::test]
async fn a_check_that_is_given_up_without_any_answer_is_logged_for_the_alarm() {
    let world = World::beside("vies-away", &[]).await;
    let api = world.organisation(Draft::new()).await;
    world.behind.without_statement("relay-outbox", "SendCommands").await;
    for (code, alarms) in [("300", 1), ("301", 0)] {
        let kyc = kyc_of(&api, &magic_number("LT", code), "MARKETPLACE_LED").await;
        let check = request(&api, &kyc).await.json["checkId"].clone();
        let mut old = item(&world, &kyc, "VIES#").await;
        old["requestedAt"]["S"] = json!(storage::now().plus_seconds(-72 * 3600).to_string());
        world.behind.overwrite(&old).await;
        let body = json!({"buyer": buyer_of(&kyc), "checkId": check, "vatNumber": "LT1"});
        let answer = world.behind.invoke("check-vies", &json!({"Records": [record(0, "LT-0", &body)]})).await;
        let given_up: Vec<_> = answer.lines().filter(|line| line["message"] == "The check is given up").collect();
        assert_eq!(given_up.len(), 1, "{}", answer.log_tail);
        assert_eq!(
            given_up.iter().filter(|line| line["alarm"] == "vies-refused").count(),
            alarms,
            "{code}: {given_up:?}"
        );
    }
}

#[tokio::test]
async fn checks_are_listed_newest_first_page_by_page_and_an_unknown_one_is_404() {
    let world = World::shared();
    let api = world.organisation(Draft::new()).await;
    let kyc = kyc_of(&api, &magic_number("CZ", "100"), "MARKETPLACE_LED").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, checked(&api, &kyc).await["checkId"].clone());
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{kyc}/vies-checks?size=2{cursor}")).await.json;
        found.extend(page["data"].as_array().unwrap().iter().map(|check| check["checkId"].clone()));
        let Some(next) = page["pagination"]["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, made);
    for unknown in [Uuid::new_v4().to_string(), "x".to_owned()] {
        let reply = api.get(&format!("{kyc}/vies-checks/{unknown}")).await;
        assert_eq!((reply.status, reply.problem()), (404, "not-found"));
    }
    let bad = api.get(&format!("{kyc}/vies-checks?cursor=x&size=0")).await;
    assert_eq!((bad.status, bad.problem()), (422, "validation-error"));
    let fields: Vec<_> = bad.json["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["cursor", "size"]);
}
