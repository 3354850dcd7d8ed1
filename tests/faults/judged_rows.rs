//! What follows from a row of failures follows from that row, and not from the next one.

use blackbox::{Crew, World};
use domain::webhook::{PauseReason, Status};
use domain::{Actor, Cause, MailOrder, RequestId, Source};
use serde_json::Value;
use storage::Written;

use crate::delivery_ground::{Owner, text};

#[tokio::test]
async fn an_endpoint_is_neither_warned_nor_stopped_for_a_row_of_failures_that_ended_meanwhile() {
    let crew = Crew::of(World::shared());
    let world = crew.world();
    let owner = Owner::of(world, "judged").await;
    let hook = owner.hook(&crew, &["kyc.*"]).await;
    let deliveries = world.table().work_on_deliveries();
    let read = async || deliveries.endpoint(owner.organisation, &hook.id).await.unwrap().expect("an endpoint");
    let at = storage::now();
    let actor = Actor::System { function: "deliver-webhook".to_owned() };
    let cause = Cause { actor, source: Source::System, request_id: RequestId::fresh(), at };
    let mail = || MailOrder::webhook_failing(owner.organisation, hook.id.clone(), (20, at));
    let pause = (Status::Paused, Some(PauseReason::ConsecutiveFailures));

    hook.failing(world, 20).await;
    let judged = read().await;
    // A delivery goes well, and the next fails: the same attributes, another row.
    hook.failing(world, 1).await;
    let then = hook.item(world).await;
    assert_ne!(judged.health.failing_since, read().await.health.failing_since);
    let stopped = deliveries.stop(&judged, pause, (Some(mail()), &[]), &cause).await;
    assert_eq!(stopped.expect("the table answers"), Written::Overtaken);
    assert_eq!(deliveries.warn(&judged, mail(), at).await.expect("the table answers"), Written::Overtaken);
    assert_eq!(hook.item(world).await, then);
    assert_eq!(owner.errands(world).await, Vec::<Value>::new());

    assert_eq!(deliveries.warn(&read().await, mail(), at).await.expect("the table answers"), Written::Done);
    let stopped = deliveries.stop(&read().await, pause, (None, &[]), &cause).await;
    assert_eq!(stopped.expect("the table answers"), Written::Done);
    let item = hook.item(world).await;
    assert_eq!((text(&item, "status"), text(&item, "warnedAt")), ("PAUSED", at.to_string().as_str()), "{item}");
}
