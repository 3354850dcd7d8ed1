//! What operators do, and what they are told when they err.

use blackbox::{Draft, World};
use domain::ClientId;
use operator::OperatorError;

#[tokio::test]
async fn a_client_belongs_to_one_organisation_and_a_mistyped_one_is_told() {
    let world = World::shared();
    let (first, second) = (Draft::new(), Draft::new());
    let client = first.client();
    let (organisation, other) = (first.organisation.uuid, second.organisation.uuid);
    world.organisation(first).await;
    world.organisation(second).await;
    let operator = world.operator();
    assert_eq!(operator.show_client(&client).await.unwrap(), organisation);
    operator.put_client(&client, organisation).await.expect("again is as good as once");
    assert!(matches!(operator.put_client(&client, other).await, Err(OperatorError::Taken(_))));
    assert_eq!(operator.show_client(&client).await.unwrap(), organisation, "nobody takes a running client over");

    let typo = ClientId(format!("{client}e"));
    assert!(matches!(operator.revoke_client(&typo).await, Err(OperatorError::Unknown(_))));
    operator.revoke_client(&client).await.unwrap();
    assert!(matches!(operator.show_client(&client).await, Err(OperatorError::Unknown(_))));
}

#[tokio::test]
async fn an_organisation_is_shown_as_it_was_put_with_its_sellers() {
    let world = World::shared();
    let draft = Draft::new().with(|organisation| {
        organisation.monitor_vies = true;
        organisation.admin_email = Some("admin@example.org".to_owned());
        organisation.branding.accent_color = Some("#1A7FDE".to_owned());
    });
    let (expected, sellers) = (draft.organisation.clone(), draft.sellers.clone());
    world.organisation(draft).await;
    let operator = world.operator();
    let shown = operator.show(expected.uuid).await.unwrap();
    assert_eq!(shown.organisation, expected);
    assert_eq!(shown.sellers.iter().map(|seller| seller.uuid).collect::<Vec<_>>(), sellers);
    operator.withdraw_seller(expected.uuid, sellers[0]).await.unwrap();
    assert!(operator.show(expected.uuid).await.unwrap().sellers.is_empty());
    let nobody = Draft::new().organisation.uuid;
    assert!(matches!(operator.show(nobody).await, Err(OperatorError::Unknown(_))));
}
