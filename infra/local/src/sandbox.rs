//! Five organisations to play with, each special in one way.
//!
//! | slug | organisation | special | sellers |
//! |---|---|---|---|
//! | `full` | `a0000000-0000-4000-8000-000000000001` | may do everything | DE, NL, FR |
//! | `nt24-led` | `…0002` | no `allowMarketplaceLedKyc` | IT |
//! | `unsigned` | `…0003` | has not signed the DPA: 403 | ES |
//! | `standard` | `…0004` | STANDARD tier: 300 reads, 60 writes a minute | PL |
//! | `partner` | `…0005` | acts for the first one's German seller too | DE (shared), BE |
//!
//! Sellers are `b0000000-0000-4000-8000-0000000000<organisation><number>`: the first
//! of `full` is `…000000000011`. Client ids are `api-client-<slug>`. All but
//! `standard` have limits that no test meets.

use std::collections::BTreeMap;

use domain::{
    Branding, Capabilities, ClientId, Instant, Organisation, OrganisationId, RateLimitTier, RateLimits, Seller,
    SellerId, VatNumber,
};
use operator::{Operator, Target};
use uuid::Uuid;

use crate::deployment::Deployment;
use crate::failure::{Doing as _, Failure};
use crate::stack;

/// Organisation and seller ids start here; fixed, so that requests can be written down.
const ORGANISATIONS: u128 = 0xa000_0000_0000_4000_8000_0000_0000_0000;
const SELLERS: u128 = 0xb000_0000_0000_4000_8000_0000_0000_0000;

/// 2026-01-15T00:00:00Z
const SIGNED_AT: Instant = Instant::from_millis(1_768_435_200_000);

const NO_LIMITS: RateLimits = RateLimits { read: 6_000_000, write: 6_000_000, webhook: 6_000_000 };

/// One organisation with all that belongs to it.
pub(crate) struct Member {
    slug: &'static str,
    organisation: Organisation,
    sellers: Vec<Seller>,
}

impl Member {
    pub(crate) fn client_id(&self) -> String {
        format!("api-client-{}", self.slug)
    }

    /// As `stack.json` shows it.
    pub(crate) fn describe(&self, client_secret: String) -> stack::Organization {
        let organisation = &self.organisation;
        stack::Organization {
            slug: self.slug.to_owned(),
            uuid: organisation.uuid.to_string(),
            name: organisation.name.clone(),
            capabilities: serde_json::to_value(organisation.capabilities).expect("four flags are JSON"),
            dpa_version: organisation.dpa_version.clone(),
            sellers: self.sellers.iter().map(describe).collect(),
            client_id: self.client_id(),
            client_secret,
        }
    }
}

fn describe(seller: &Seller) -> stack::Seller {
    stack::Seller {
        uuid: seller.uuid.to_string(),
        name: seller.name.clone(),
        country: seller.country.clone(),
        vat_number: seller.vat_number.as_ref().map(ToString::to_string),
    }
}

/// The sandbox, for the agreement version that the deployment requires.
pub(crate) fn members(required_dpa_version: &str) -> Vec<Member> {
    let everything = Capabilities {
        allow_marketplace_led_kyc: true,
        allow_multi_vin_orders: true,
        allow_contact_personal_data: true,
        allow_kyc_document_download: true,
    };
    let member = |number: u8, slug, name: &str, sellers: Vec<Seller>| Member {
        slug,
        organisation: Organisation {
            uuid: OrganisationId(Uuid::from_u128(ORGANISATIONS + u128::from(number))),
            name: name.to_owned(),
            rate_limit_tier: RateLimitTier::Enterprise,
            rate_limits: Some(NO_LIMITS),
            capabilities: everything,
            dpa_version: Some(required_dpa_version.to_owned()),
            dpa_accepted_at: Some(SIGNED_AT),
            dpa_grace_until: None,
            branding: Branding::default(),
            admin_email: Some(format!("admin@{slug}.example")),
            monitor_vies: false,
        },
        sellers,
    };
    let berlin = || seller(0x11, "Autohaus Berlin GmbH", "DE", "DE136695976");
    let mut members = vec![
        member(
            1,
            "full",
            "Full Capability Motors",
            vec![
                berlin(),
                seller(0x12, "Utrecht Auto B.V.", "NL", "NL004495445B01"),
                seller(0x13, "Lyon Automobiles SAS", "FR", "FR40303265045"),
            ],
        ),
        member(2, "nt24-led", "NT24-Led Only Cars", vec![seller(0x21, "Milano Auto S.r.l.", "IT", "IT00743110157")]),
        member(
            3,
            "unsigned",
            "Unsigned Agreement Autos",
            vec![seller(0x31, "Madrid Coches S.L.", "ES", "ESB58378431")],
        ),
        member(4, "standard", "Standard Tier Vehicles", vec![seller(0x41, "Warszawa Auto", "PL", "PL8567346215")]),
        member(
            5,
            "partner",
            "Partner of the First",
            vec![berlin(), seller(0x52, "Antwerpen Wagens BV", "BE", "BE0403019261")],
        ),
    ];
    members[1].organisation.capabilities.allow_marketplace_led_kyc = false;
    members[2].organisation.dpa_version = None;
    members[2].organisation.dpa_accepted_at = None;
    members[3].organisation.rate_limit_tier = RateLimitTier::Standard;
    members[3].organisation.rate_limits = None;
    members
}

fn seller(number: u8, name: &str, country: &str, vat_number: &str) -> Seller {
    Seller {
        uuid: SellerId(Uuid::from_u128(SELLERS + u128::from(number))),
        name: name.to_owned(),
        country: country.to_owned(),
        vat_number: Some(VatNumber::parse(vat_number).expect("the sandbox's numbers are well-formed")),
    }
}

/// Writes the sandbox into a deployment's table; again is as good as once.
pub(crate) async fn seed(deployment: &Deployment, parameters: &BTreeMap<String, String>) -> Result<(), Failure> {
    let operator = Operator::connect(&Target {
        table_name: deployment.table_name().to_owned(),
        region: deployment.emulator.region().to_owned(),
        endpoint_url: Some(deployment.emulator.endpoint().to_owned()),
    });
    let operator = operator.doing("connecting to the table")?;
    for member in members(required_dpa_version(parameters)) {
        let organisation = &member.organisation;
        operator.put_organisation(organisation).await.doing("seeding an organisation")?;
        operator.put_client(&ClientId(member.client_id()), organisation.uuid).await.doing("seeding a client")?;
        for seller in &member.sellers {
            operator.put_seller(organisation.uuid, seller).await.doing("seeding a seller")?;
        }
    }
    Ok(())
}

pub(crate) fn required_dpa_version(parameters: &BTreeMap<String, String>) -> &str {
    parameters.get("RequiredDpaVersion").map_or("2026-01", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_may_do_everything_and_shares_its_german_seller_with_the_last() {
        let members = members("2026-01");
        let described: Vec<_> = members.iter().map(|member| member.describe(String::new())).collect();
        assert!(described[0].capabilities.as_object().unwrap().values().all(|flag| flag == true));
        assert_eq!(described[0].uuid, "a0000000-0000-4000-8000-000000000001");
        assert_eq!(described[0].sellers[0].uuid, "b0000000-0000-4000-8000-000000000011");
        assert_eq!(described[4].sellers[0].uuid, described[0].sellers[0].uuid);
        assert_eq!(described[2].dpa_version, None);
    }
}
