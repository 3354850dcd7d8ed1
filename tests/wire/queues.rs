//! What a queue did not confirm counts as unsent, and holds up none of the others.

use std::time::Duration;

use domain::{BuyerId, CheckId, CheckVies, Command, VatNumber};
use messaging::{Addresses, DeliveryAddresses, Order, Queues, Unsent};
use serde_json::{Value, json};
use simulators::Scripted;
use simulators::scripted::{Answer, Step};
use uuid::Uuid;

use crate::support::{aws, lost, scripted};

/// As often as the SDK sends a request; we do not repeat it, for `run-due` will.
const ALL_ATTEMPTS: usize = 3;

fn command(number: &str) -> Command {
    let (buyer, check_id) = (BuyerId(Uuid::from_u128(1)), CheckId(Uuid::from_u128(2)));
    Command::CheckVies(CheckVies { buyer, check_id, vat_number: VatNumber::parse(number).unwrap() })
}

fn receipt() -> Answer {
    Answer::json(200, &json!({ "MessageId": Uuid::new_v4() }))
}

fn taken() -> Step {
    receipt().into()
}

fn addresses(server: &Scripted) -> Addresses {
    Addresses {
        check_vies: format!("{}/1/check-vies.fifo", server.url()),
        send_mail: format!("{}/1/send-mail", server.url()),
        deliveries: DeliveryAddresses {
            fast: format!("{}/1/deliveries-fast", server.url()),
            slow: format!("{}/1/deliveries-slow", server.url()),
        },
        release_deliveries: format!("{}/1/release-deliveries", server.url()),
    }
}

/// What is unsent of these commands when the server answers so, and what it was asked.
async fn sent(script: impl IntoIterator<Item = Step>, commands: &[Command]) -> (Unsent, Vec<Value>) {
    let server = scripted(script).await;
    let queues = Queues::new(&aws(&server), addresses(&server), 2.try_into().unwrap());
    let orders: Vec<_> = commands.iter().map(|command| Order { command, turn: "turn-1" }).collect();
    let unsent = queues.send(&orders).await;
    let played = server.played();
    assert!(played.iter().all(|request| request.target == "AmazonSQS.SendMessage"), "{played:?}");
    (unsent, played.iter().map(simulators::scripted::Request::json).collect())
}

#[tokio::test]
async fn a_check_goes_to_the_group_of_its_member_state_under_the_name_of_its_turn() {
    let (unsent, mut asked) = sent([taken(), taken()], &[command("DE136695976"), command("FR40303265045")]).await;
    assert_eq!(unsent, Unsent::default());
    // They go out at the same time.
    asked.sort_by_key(|message| message["MessageGroupId"].to_string());
    for (message, state) in asked.iter().zip(["DE-", "FR-"]) {
        assert!(message["QueueUrl"].as_str().unwrap().ends_with("/check-vies.fifo"), "{message}");
        assert!(message["MessageGroupId"].as_str().unwrap().starts_with(state), "{message}");
        assert_eq!(message["MessageDeduplicationId"], "turn-1");
        let body: Value = serde_json::from_str(message["MessageBody"].as_str().unwrap()).unwrap();
        assert_eq!(body["checkId"], json!(CheckId(Uuid::from_u128(2))));
    }
}

#[tokio::test]
async fn what_is_refused_is_unsent_and_the_others_are_sent() {
    let refusal = Answer::json(400, &json!({ "__type": "AWS.SimpleQueueService.NonExistentQueue", "message": "no" }));
    let commands = [command("DE136695976"), command("FR40303265045"), command("IT00743110157")];
    let (Unsent(unsent), asked) = sent([taken(), refusal.into(), taken()], &commands).await;
    // They go out at the same time: which of them met the refusal is not ours to say.
    assert_eq!((unsent.len(), asked.len()), (1, 3), "{unsent:?}");
}

#[tokio::test]
async fn a_send_whose_answer_is_lost_is_repeated_under_the_same_name_and_then_left_to_the_index() {
    let (Unsent(unsent), asked) = sent(lost(ALL_ATTEMPTS), &[command("DE136695976")]).await;
    assert_eq!((unsent, asked.len()), (vec![0], ALL_ATTEMPTS));
    assert!(asked.iter().all(|message| message["MessageDeduplicationId"] == "turn-1"), "{asked:?}");
}

#[tokio::test]
async fn a_queue_that_hangs_for_one_command_holds_up_none_of_the_others() {
    // Longer than all have together.
    let hangs = std::iter::once(Step::Hang(Duration::from_mins(1)));
    let commands: Vec<_> = std::iter::repeat_with(|| command("DE136695976")).take(25).collect();
    let server = scripted(hangs.chain([Step::Always(receipt())])).await;
    let queues = Queues::new(&aws(&server).patient(), addresses(&server), 2.try_into().unwrap());
    let orders: Vec<_> = commands.iter().map(|command| Order { command, turn: "turn-1" }).collect();
    let Unsent(unsent) = queues.send(&orders).await;
    assert_eq!((unsent.len(), server.played().len()), (1, 25));
}
