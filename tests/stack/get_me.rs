//! `GET /v1/me`

use blackbox::{Draft, World};
use domain::SellerId;
use serde_json::json;
use uuid::Uuid;

#[tokio::test]
async fn me_is_the_callers_organisation_as_published() {
    let world = World::shared();
    let mut sellers = [SellerId(Uuid::new_v4()), SellerId(Uuid::new_v4())];
    sellers.sort();
    let draft = Draft::new().acting_for(&sellers).with(|organisation| {
        organisation.dpa_accepted_at = "2026-02-03T04:05:06Z".parse().ok();
        organisation.admin_email = Some("admin@example.org".to_owned());
        organisation.capabilities.allow_multi_vin_orders = false;
    });
    let organisation = draft.organisation.uuid;
    let reply = world.organisation(draft).await.get("/v1/me").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json,
        json!({
            "organizationUuid": organisation,
            "name": "Test organisation",
            "authorizedPartners": sellers.map(|uuid| json!({"uuid": uuid, "name": "Test seller", "country": "DE"})),
            "capabilities": {
                "rateLimitTier": "ENTERPRISE",
                "allowMarketplaceLedKyc": true,
                "allowMultiVinOrders": false,
                "allowContactPersonalData": true,
                "allowKycDocumentDownload": true
            },
            "dpaVersion": "2026-01",
            "dpaAcceptedAt": "2026-02-03T04:05:06.000Z"
        })
    );
}
